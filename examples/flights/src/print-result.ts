/** The result of the demo as text: delays by hour and route, what was compared, and the rates. */

import type { DemoResult } from "./flights-demo.js";
import type { GroupReading } from "./read-in-group.js";

const busiestRoutes = 10;

export function printResult(result: DemoResult): string {
  const hours = result.replayed.byHour.byGroup();
  const routes = result.replayed.byRoute.busiest(busiestRoutes);
  const compared = result.comparisons.map(({ pass, topic, found, isEqual }) => {
    return [pass, topic, grouped(found.records), found.checksum.slice(0, 16), isEqual ? "equal" : "DIFFERENT"];
  });
  const hourRows = hours.map(({ group, flights, mean }) => [
    String(group).padStart(2, "0"),
    grouped(flights),
    mean.toFixed(1),
  ]);
  const routeRows = routes.map(({ group, flights, mean }) => [group, grouped(flights), mean.toFixed(1)]);
  const isWell = result.comparisons.every(({ isEqual }) => isEqual);
  return [
    table(["HOUR", "FLIGHTS", "MEAN DELAY, MIN"], hourRows),
    table(["ROUTE", "FLIGHTS", "MEAN DELAY, MIN"], routeRows),
    table(["PASS", "TOPIC", "RECORDS", "SHA-256", "AS PRODUCED"], compared),
    table(["WORK", "RECORDS", "SECONDS", "RECORDS/S", "SHARES"], rates(result)),
    isWell ? "Everything that was produced came back, each time, byte for byte." : "SOMETHING DIFFERS: see above.",
  ].join("\n");
}

function rates({ first, fromMiddle, replayed, producedRecords, produceSeconds }: DemoResult): string[][] {
  const row = (work: string, records: number, seconds: number, shares: string): string[] => {
    return [work, grouped(records), seconds.toFixed(2), grouped(Math.round(records / seconds)), shares];
  };
  const reading = (work: string, { shares, seconds }: GroupReading): string[] => {
    const records = shares.reduce((sum, share) => sum + share, 0);
    return row(work, records, seconds, shares.map(grouped).join(" + "));
  };
  return [
    row("produce", producedRecords, produceSeconds, ""),
    reading("first read", first),
    reading("from the middle", fromMiddle),
    reading("replay", replayed),
  ];
}

/** Columns aligned by blanks: the first left, the others as wide as they are. */
function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [titles, ...rows];
  const widths = titles.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, index) => cell.padEnd(widths[index] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

function grouped(count: number): string {
  return count.toLocaleString("en-US");
}
