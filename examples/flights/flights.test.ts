/** The demo on a slice of the flights: what it compares, and that its comparison can fail. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { type FlightData, flightTimeMs, readFlights } from "./src/flight-data.js";
import { runFlightsDemo } from "./src/flights-demo.js";
import { printResult } from "./src/print-result.js";
import { RecordLedger } from "./src/record-ledger.js";

async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "sluice-flights-test-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Mean delay of the rows of one group, computed the obvious way. */
function meanDelay(data: FlightData["departures"], isInGroup: (row: Record<string, unknown>) => boolean): number {
  const delays = data.map(({ value }) => JSON.parse(value) as Record<string, unknown>).filter(isInGroup);
  return delays.reduce((sum, { delay }) => sum + (delay as number), 0) / delays.length;
}

it("replays what it produced, from the middle and from the beginning, over a restart of the cluster", async () => {
  const data = await readFlights({ nowMs: Date.now(), part: 40 });
  expect([data.departures.length, data.routed.length]).toEqual([5000, 500]);
  const progress: number[] = [];
  const result = await runFlightsDemo({
    data,
    dataDirectory: await temporaryDirectory(),
    onStep: () => undefined,
    onProgress: (acknowledged, total) => progress.push(acknowledged / total),
  });

  expect(progress.at(-1)).toBe(1);
  expect(result.comparisons.map(({ pass, found, isEqual }) => [pass, found.records, isEqual])).toEqual([
    ["first read", 5000, true],
    ["first read", 500, true],
    ["from the middle", data.routed.filter(({ timestamp }) => timestamp >= result.middleMs).length, true],
    ["replay", 5000, true],
    ["replay", 500, true],
  ]);
  expect(result.first.shares.reduce((sum, share) => sum + share, 0)).toBe(5500);

  const hour = result.replayed.byHour.byGroup().find(({ group }) => group === 17);
  expect(hour?.mean).toBeCloseTo(
    meanDelay(data.departures, ({ time }) => Math.floor(time as number) === 17),
    9,
  );
  const [route] = result.replayed.byRoute.busiest(1);
  const isOnRoute = (row: Record<string, unknown>): boolean => `${row.origin}-${row.destination}` === route?.group;
  expect(route?.mean).toBeCloseTo(meanDelay(data.routed, isOnRoute), 9);
  expect(result.replayed.byHour.byGroup()).toEqual(result.first.byHour.byGroup());
  expect(printResult(result)).toContain("Everything that was produced came back");
});

it("tells two ledgers apart that differ in one place, one byte or one time", () => {
  const record = { partition: 0, offset: 3, timestamp: 5, key: null, value: "v" };
  const checksum = (changed: Partial<typeof record> | { key: string }): string => {
    const ledger = new RecordLedger();
    ledger.add({ ...record, offset: 2 });
    ledger.add({ ...record, ...changed });
    return ledger.summary().checksum;
  };
  const changes = [{}, { partition: 1 }, { offset: 4 }, { timestamp: 6 }, { key: "" }, { value: "w" }, { value: "" }];
  expect(new Set(changes.map(checksum)).size).toBe(changes.length);
  expect(checksum({})).toBe(checksum({}));
});

it("does not mind the order in which partitions come, and counts what comes twice", () => {
  const records = [0, 1].flatMap((partition) =>
    [0, 1, 2].map((offset) => ({ partition, offset, timestamp: 0, key: "k", value: `${partition}-${offset}` })),
  );
  const forth = new RecordLedger();
  const back = new RecordLedger();
  for (const record of records) forth.add(record);
  for (const record of [...records].reverse()) back.add({ ...record, value: Buffer.from(record.value) });
  expect(back.summary()).toEqual(forth.summary());
  expect(forth.summary(new Map([[0, 2]])).records).toBe(4);
  for (const record of records) back.add(record);
  expect(back.summary()).toEqual({ ...forth.summary(), repeated: 6 });
  expect(() => back.add({ partition: 0, offset: 0, timestamp: 0, key: "k", value: "other" })).toThrow("two different");
});

it("takes the dates of flights as UTC", () => {
  expect(flightTimeMs("2001/03/31 22:27")).toBe(Date.UTC(2001, 2, 31, 22, 27));
  expect(() => flightTimeMs("31.3.2001")).toThrow("not a date of a flight");
});
