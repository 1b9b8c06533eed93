/**
 * Guarantee: a record that was acknowledged with acks=all in a flush=always topic survives `kill -9` of the whole cluster, with its
 * bytes, in order, once. One that got no answer is there at most once.
 *
 *     start -> produce -> kill -9 in the middle -> start -> read all -> produce more -> kill -9 ...      20 times on one data directory
 */

import { Sluice } from "@sluice/client";
import { expect, it } from "vitest";
import { freePortRange } from "../support/free-ports.js";
import { startClusterProcess, until } from "../support/program.js";
import { propertyRuns } from "../support/property-runs.js";
import { temporaryDirectory } from "../support/temporary-directory.js";

const cycles = propertyRuns({ usual: 20, long: 100 });
const topic = "acknowledged";

interface Sent {
  readonly value: string;
  readonly partition: number;
  /** Undefined: no answer came. */
  offset: number | undefined;
}

/** Keeps four sends under way to a partition until the cluster goes away. Never sends a record again. */
async function produceUntilCut(client: Sluice, partition: number, label: string, sent: Sent[]): Promise<void> {
  const producer = client.producer({ acks: "all" });
  const underWay = new Set<Promise<void>>();
  let isCut = false;
  for (let number = 0; !isCut; number++) {
    const record: Sent = {
      value: `${label}-${partition}-${number}-${"x".repeat(number % 700)}`,
      partition,
      offset: undefined,
    };
    sent.push(record);
    const send = producer.send({ topic, messages: [{ value: record.value, partition }] }).then(
      ([metadata]) => {
        record.offset = metadata?.offset;
      },
      () => {
        isCut = true; // The cut that the test made: this record has no answer.
      },
    );
    underWay.add(send);
    void send.then(() => underWay.delete(send));
    if (underWay.size >= 4) await Promise.race(underWay);
  }
  await Promise.all(underWay);
}

async function readAll(client: Sluice, partition: number): Promise<{ offset: number; value: string }[]> {
  const consumer = client.consumer();
  const found: { offset: number; value: string }[] = [];
  for await (const message of consumer.read({ topic, partition, from: "earliest" })) {
    found.push({ offset: message.offset, value: String(message.value) });
  }
  await consumer.close();
  return found;
}

it("loses no acknowledged record and doubles none, over many kills", { timeout: 600_000 }, async () => {
  const dataDirectory = await temporaryDirectory();
  const port = await freePortRange(3);
  const sent: Sent[] = [];
  for (let cycle = 0; cycle <= cycles; cycle++) {
    const cluster = await startClusterProcess({ dataDirectory, port });
    const client = new Sluice({ brokers: cluster.brokers, retry: { retries: 0 } });
    const patient = new Sluice({ brokers: cluster.brokers });
    if (cycle === 0)
      await patient
        .admin()
        .createTopics({ topics: [{ topic, numPartitions: 3, configEntries: [{ name: "flush", value: "always" }] }] });

    for (const partition of [0, 1, 2]) {
      const log = await readAll(patient, partition);
      expect(log.map(({ offset }) => offset)).toEqual(log.map((_, index) => index));
      const mine = sent.filter((record) => record.partition === partition);
      for (const { value, offset } of mine) if (offset !== undefined) expect(log[offset]?.value).toBe(value);
      const values = log.map(({ value }) => value);
      expect(new Set(values).size, "a record is there twice").toBe(values.length);
      const order = new Map(mine.map(({ value }, index) => [value, index]));
      const positions = values.map((value) => order.get(value) ?? -1);
      expect(positions, "a record was never sent").not.toContain(-1);
      expect(positions, "records changed places").toEqual([...positions].sort((a, b) => a - b));
    }
    if (cycle < cycles) {
      const before = sent.filter(({ offset }) => offset !== undefined).length;
      const producing = [0, 1, 2].flatMap((partition) => [produceUntilCut(client, partition, `cycle${cycle}`, sent)]);
      const goal = before + 20 + Math.floor(Math.random() * 200);
      await until(() => sent.filter(({ offset }) => offset !== undefined).length >= goal);
      await cluster.kill();
      await Promise.all(producing);
    } else {
      expect(await cluster.stop()).toBe(0);
    }
    await Promise.all([client.close(), patient.close()]);
  }
  expect(sent.filter(({ offset }) => offset !== undefined).length).toBeGreaterThanOrEqual(cycles * 20);
});
