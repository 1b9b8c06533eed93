/**
 * The whole of Sluice on real data, in one run: produce, read in a group, stop and start the cluster, reset the group to a time and replay,
 * reset it to the beginning and replay. What was produced, read and replayed is compared by count and checksum.
 */

import { type LocalCluster, silentLogger, startLocalCluster } from "@sluice/broker";
import { Sluice } from "@sluice/client";
import type { FlightData } from "./flight-data.js";
import { produceFlights } from "./produce-flights.js";
import { type GroupReading, readInGroup } from "./read-in-group.js";
import type { LedgerSummary, RecordLedger } from "./record-ledger.js";

export interface DemoOptions {
  readonly data: FlightData;
  /** Empty; it is the caller's to remove. */
  readonly dataDirectory: string;
  readonly brokers?: number;
  readonly partitions?: number;
  /** Told what is going on, a line at a time. */
  readonly onStep: (text: string) => void;
  /** Told how far producing is. */
  readonly onProgress: (acknowledged: number, total: number) => void;
}

/** What was expected and what was found, of one topic in one pass. */
export interface Comparison {
  readonly pass: string;
  readonly topic: string;
  readonly expected: LedgerSummary;
  readonly found: LedgerSummary;
  readonly isEqual: boolean;
}

export interface DemoResult {
  readonly comparisons: readonly Comparison[];
  readonly first: GroupReading;
  readonly fromMiddle: GroupReading;
  readonly replayed: GroupReading;
  /** The time that the group was reset to, milliseconds since 1970. */
  readonly middleMs: number;
  readonly produceSeconds: number;
  readonly producedRecords: number;
  readonly producedBytes: number;
}

const topics = { departures: "departures", routed: "routed-flights" } as const;
const groupId = "delay-statistics";

export async function runFlightsDemo(options: DemoOptions): Promise<DemoResult> {
  const { data, dataDirectory, onStep, brokers = 3, partitions = 6 } = options;
  const start = (): Promise<LocalCluster> =>
    startLocalCluster({ brokers, dataDirectory, port: 0, logger: silentLogger });
  const messages = [...data.departures, ...data.routed];
  const comparisons: Comparison[] = [];
  let produced: { departures: RecordLedger; routed: RecordLedger };
  let produceSeconds: number;
  let first: GroupReading;

  {
    await using cluster = await start();
    await using client = new Sluice({ brokers: cluster.bootstrap, clientId: "flights-demo" });
    onStep(`${brokers} brokers are ready; producing ${messages.length} flights`);
    const names = Object.values(topics).map((topic) => ({ topic, numPartitions: partitions }));
    await client.admin().createTopics({ topics: names });
    const startedMs = performance.now();
    produced = await produceAll(client, options);
    produceSeconds = (performance.now() - startedMs) / 1000;
    onStep("three consumers of one group read them");
    first = await readInGroup(client, { groupId, topics });
    comparisons.push(...compare("first read", produced, first));
  }

  onStep("the cluster was stopped, and starts again");
  await using cluster = await start();
  await using client = new Sluice({ brokers: cluster.bootstrap, clientId: "flights-demo" });
  const admin = client.admin();

  const middleMs = data.routed[Math.floor(data.routed.length / 2)]?.timestamp ?? 0;
  onStep(`the group is reset to ${new Date(middleMs).toISOString()} in ${topics.routed}, and replays from there`);
  const plan = await admin.resetOffsets({ groupId, topic: topics.routed, to: { timestamp: middleMs } });
  const from = new Map(plan.map(({ partition, target }) => [partition, target]));
  const fromMiddle = await readInGroup(client, { groupId, topics });
  comparisons.push(
    compareOne("from the middle", topics.routed, produced.routed.summary(from), fromMiddle.ledgers.routed),
  );
  const later = data.routed.filter(({ timestamp }) => timestamp >= middleMs).length;
  if (fromMiddle.ledgers.routed.summary().records !== later || fromMiddle.ledgers.departures.summary().records !== 0)
    throw new Error(`the reset to a time was wrong: ${later} flights are not before it`);

  onStep("the group is reset to earliest, and replays everything");
  for (const topic of Object.values(topics)) await admin.resetOffsets({ groupId, topic, to: "earliest" });
  const replayed = await readInGroup(client, { groupId, topics });
  comparisons.push(...compare("replay", produced, replayed));

  const producedBytes = messages.reduce(
    (sum, { key, value }) => sum + Buffer.byteLength(key ?? "") + Buffer.byteLength(value),
    0,
  );
  const rates = { produceSeconds, producedRecords: messages.length, producedBytes };
  return { comparisons, first, fromMiddle, replayed, middleMs, ...rates };
}

async function produceAll(client: Sluice, { data, onProgress }: DemoOptions) {
  const total = data.departures.length + data.routed.length;
  const departures = await produceFlights(client, topics.departures, data.departures, (done) =>
    onProgress(done, total),
  );
  const before = data.departures.length;
  const routed = await produceFlights(client, topics.routed, data.routed, (done) => onProgress(before + done, total));
  return { departures, routed };
}

type Ledgers = GroupReading["ledgers"];

function compare(pass: string, produced: Ledgers, read: GroupReading): Comparison[] {
  return [
    compareOne(pass, topics.departures, produced.departures.summary(), read.ledgers.departures),
    compareOne(pass, topics.routed, produced.routed.summary(), read.ledgers.routed),
  ];
}

function compareOne(pass: string, topic: string, expected: LedgerSummary, ledger: RecordLedger): Comparison {
  const found = ledger.summary();
  const isEqual =
    found.checksum === expected.checksum && found.records === expected.records && found.repeated === expected.repeated;
  return { pass, topic, expected, found, isEqual };
}
