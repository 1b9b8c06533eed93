/** A partition registry of broker 1 over a file system in memory, for tests. */

import { partitionsOf } from "@sluice/cluster";
import { LogDirectory } from "@sluice/log";
import type { MemoryFileSystem } from "@sluice/log/testing";
import { brokerId, type SluiceError, type TopicId } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { RecordBatchBuilder } from "@sluice/record";
import { BrokerCounters } from "../broker-counters.js";
import { OpenStreams } from "../handlers/open-streams.js";
import { silentLogger } from "../logging.js";
import type { FetchResult, FetchSink, ProduceResult, ProduceSink } from "../partition/partition-access.js";
import { PartitionRegistry } from "../partition/partition-registry.js";
import type { ReplicationPorts } from "../partition/replication-ports.js";
import { brokerEpochOfTests, idOf, imageOf, type TopicSketch } from "./image-of.js";
import { loneBroker } from "./lone-broker.js";

export class RegistryFixture {
  readonly clock: VirtualClock;
  readonly counters = new BrokerCounters();
  readonly streams = new OpenStreams();
  readonly registry: PartitionRegistry;
  readonly fileSystem: MemoryFileSystem;
  readonly logDirectory: LogDirectory;
  /** Brokers beside this one that the images show. */
  others: readonly number[] = [];
  /** Timers that the log directory keeps. */
  readonly #diskClock: VirtualClock;
  /** Topics of the images so far. */
  readonly #seen = new Set<TopicId>();
  #revision = 0;

  private constructor(
    fileSystem: MemoryFileSystem,
    logDirectory: LogDirectory,
    clock: VirtualClock,
    diskClock: VirtualClock,
    replication: ReplicationPorts,
  ) {
    this.fileSystem = fileSystem;
    this.logDirectory = logDirectory;
    this.clock = clock;
    this.#diskClock = diskClock;
    this.registry = new PartitionRegistry(
      { brokerId: brokerId(1), replicaLagMsMax: 10_000 },
      { logDirectory, clock, logger: silentLogger, appendLatency: this.counters.append, replication },
    );
  }

  /** Opens the data directory of the file system: what an earlier fixture wrote there is there. */
  static async open(
    fileSystem: MemoryFileSystem,
    replication: ReplicationPorts = loneBroker,
  ): Promise<RegistryFixture> {
    // The data directory has a clock of its own: tests count the timers of partitions.
    const diskClock = new VirtualClock();
    const logDirectory = await LogDirectory.open(
      { path: "/data", brokerId: 1, clusterId: "7a1c1f0e-0000-4000-8000-000000000000" },
      { fileSystem, clock: diskClock, random: new SeededRandom(1) },
    );
    return new RegistryFixture(fileSystem, logDirectory, new VirtualClock(), diskClock, replication);
  }

  /** Timers of fetches: 0 shows that nothing was left behind. */
  get timerCount(): number {
    return this.clock.timerCount;
  }

  /** Applies an image with these topics, without waiting for what it leads to: all others that there were have been deleted. */
  apply(...topics: TopicSketch[]): void {
    const ids = topics.map(idOf);
    const deleted = [...this.#seen].filter((id) => !ids.includes(id));
    this.#applyImage(topics, deleted);
  }

  /** Applies an image with these topics, and waits until it is carried out: all others that there were have been deleted. */
  async settle(...topics: TopicSketch[]): Promise<void> {
    this.apply(...topics);
    await this.registry.settled();
  }

  /** As `settle`, with an image of a store that has forgotten all topics but these. */
  async settleForgotten(...topics: TopicSketch[]): Promise<void> {
    this.#applyImage(topics, []);
    await this.registry.settled();
  }

  /** Notes, as a broker does, what it is about to act upon. */
  #applyImage(topics: readonly TopicSketch[], deleted: readonly TopicId[]): void {
    this.#revision += 1;
    const image = imageOf(this.#revision, topics, { deleted, others: this.others });
    for (const id of image.topicsById.keys()) this.#seen.add(id);
    const { known } = this.logDirectory;
    for (const partition of partitionsOf(image, { self: brokerId(1) })) {
      const { leaderEpoch, leaderBrokerEpoch } = partition;
      if ((known.get(partition)?.leaderEpoch ?? -1) < leaderEpoch)
        known.note(partition, { leaderEpoch, leaderBrokerEpoch });
    }
    this.registry.apply(image, brokerEpochOfTests);
  }

  /** Lets the broker find out that the disk is not full any more. */
  async untilRoom(): Promise<void> {
    for (let turn = 0; turn < 1000 && this.logDirectory.diskFull !== undefined; turn += 1) {
      this.#diskClock.advance(100);
      await Promise.resolve();
    }
  }

  /** Clean stop. */
  async close(): Promise<void> {
    await this.registry.close();
    await this.logDirectory.close();
  }
}

/** A batch of records with these values. */
export function batchOf(clock: VirtualClock, ...values: string[]): Buffer {
  const builder = new RecordBatchBuilder({});
  for (const value of values) builder.append({ timestampMs: clock.nowMs(), key: null, value: Buffer.from(value) });
  return builder.build();
}

/** A batch of one idempotent producer; `baseSequence` is of the first value. */
export function producerBatch(
  clock: VirtualClock,
  producer: { readonly producerId?: number; readonly producerEpoch?: number; readonly baseSequence: number },
  ...values: string[]
): Buffer {
  const builder = new RecordBatchBuilder({});
  for (const value of values) builder.append({ timestampMs: clock.nowMs(), key: null, value: Buffer.from(value) });
  return builder.build({ producerId: 7, producerEpoch: 0, ...producer });
}

/** A sink that keeps its answer. */
export class KeepingSink implements ProduceSink, FetchSink {
  readonly #settled: Promise<void>;
  #settle: () => void = () => undefined;
  hasRoom = true;
  /** Times that a read was held. */
  holds = 0;
  /** Times that room was given back without an answer. */
  releases = 0;
  produced: ProduceResult | undefined;
  fetched: FetchResult | undefined;
  refused: SluiceError | undefined;

  constructor() {
    this.#settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Resolves when there is an answer. */
  settled(): Promise<void> {
    return this.#settled;
  }

  reserve(sizeBytesMax: number): number {
    if (!this.hasRoom) this.holds += 1;
    return this.hasRoom ? sizeBytesMax : 0;
  }

  release(): void {
    this.releases += 1;
  }

  onProduced(result: ProduceResult): void {
    this.produced = result;
    this.#settle();
  }

  onRefused(error: SluiceError): void {
    this.refused = error;
    this.#settle();
  }

  onFetched(result: FetchResult): void {
    this.fetched = result;
    this.#settle();
  }

  onFetchRefused(error: SluiceError): void {
    this.refused = error;
    this.#settle();
  }
}
