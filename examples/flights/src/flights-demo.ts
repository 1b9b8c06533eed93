/**
 * The whole of Sluice on real data, in one run: produce, read in a group, stop and start the cluster, reset the group to a time and replay,
 * reset it to the beginning and replay. What was produced, read and replayed is compared by count and checksum.
 *
 * The cluster is its own, or one that runs already and is not stopped.
 */

import { silentLogger, startLocalCluster } from "@sluice/broker";
import { Sluice } from "@sluice/client";
import type { FlightData } from "./flight-data.js";
import { produceFlights } from "./produce-flights.js";
import { type GroupReading, readInGroup } from "./read-in-group.js";
import type { LedgerSummary, RecordLedger } from "./record-ledger.js";

/** Where the demo finds a cluster. */
export type DemoPlace =
  | {
      /** Of a cluster of its own. Empty; it is the caller's to remove. */
      readonly dataDirectory: string;
      readonly brokers?: number;
    }
  | {
      /** `host:port` of brokers of a cluster that runs. */
      readonly bootstrap: readonly string[];
      /** Behind the names of topics and group, which are left there. */
      readonly suffix: string;
    };

export type DemoOptions = DemoPlace & {
  readonly data: FlightData;
  readonly partitions?: number;
  /** Told what is going on, a line at a time. */
  readonly onStep: (text: string) => void;
  /** Told how far producing is. */
  readonly onProgress: (acknowledged: number, total: number) => void;
};

interface DemoCluster extends AsyncDisposable {
  readonly bootstrap: readonly string[];
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

interface DemoNames {
  readonly topics: { readonly departures: string; readonly routed: string };
  readonly groupId: string;
}

export async function runFlightsDemo(options: DemoOptions): Promise<DemoResult> {
  const { data, onStep, partitions = 6 } = options;
  const { topics, groupId } = namesOf(options);
  const start = (): Promise<DemoCluster> => startCluster(options);
  const messages = [...data.departures, ...data.routed];
  const comparisons: Comparison[] = [];
  let produced: { departures: RecordLedger; routed: RecordLedger };
  let produceSeconds: number;
  let first: GroupReading;

  {
    await using cluster = await start();
    await using client = new Sluice({ brokers: [...cluster.bootstrap], clientId: "flights-demo" });
    onStep(`the cluster is ready; producing ${messages.length} flights`);
    const names = Object.values(topics).map((topic) => ({ topic, numPartitions: partitions }));
    await client.admin().createTopics({ topics: names });
    const startedMs = performance.now();
    produced = await produceAll(client, topics, options);
    produceSeconds = (performance.now() - startedMs) / 1000;
    onStep("three consumers of one group read them");
    first = await readInGroup(client, { groupId, topics });
    comparisons.push(...compare("first read", topics, produced, first));
  }

  if ("dataDirectory" in options) onStep("the cluster was stopped, and starts again");
  await using cluster = await start();
  await using client = new Sluice({ brokers: [...cluster.bootstrap], clientId: "flights-demo" });
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
  comparisons.push(...compare("replay", topics, produced, replayed));

  const producedBytes = messages.reduce(
    (sum, { key, value }) => sum + Buffer.byteLength(key ?? "") + Buffer.byteLength(value),
    0,
  );
  const rates = { produceSeconds, producedRecords: messages.length, producedBytes };
  return { comparisons, first, fromMiddle, replayed, middleMs, ...rates };
}

function namesOf(place: DemoPlace): DemoNames {
  const suffix = "suffix" in place ? place.suffix : "";
  const topics = { departures: `departures${suffix}`, routed: `routed-flights${suffix}` };
  return { topics, groupId: `delay-statistics${suffix}` };
}

async function startCluster(place: DemoPlace): Promise<DemoCluster> {
  if ("bootstrap" in place) return { bootstrap: place.bootstrap, [Symbol.asyncDispose]: async () => undefined };
  const { dataDirectory, brokers = 3 } = place;
  return await startLocalCluster({ brokers, dataDirectory, port: 0, logger: silentLogger });
}

async function produceAll(client: Sluice, topics: DemoNames["topics"], { data, onProgress }: DemoOptions) {
  const total = data.departures.length + data.routed.length;
  const departures = await produceFlights(client, topics.departures, data.departures, (done) =>
    onProgress(done, total),
  );
  const before = data.departures.length;
  const routed = await produceFlights(client, topics.routed, data.routed, (done) => onProgress(before + done, total));
  return { departures, routed };
}

type Ledgers = GroupReading["ledgers"];

function compare(pass: string, topics: DemoNames["topics"], produced: Ledgers, read: GroupReading): Comparison[] {
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
