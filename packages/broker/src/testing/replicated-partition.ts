/**
 * One partition on three brokers, for tests: three registries with disks in memory, a network whose messages the test delivers, and
 * the one record of the partition that the cluster store would hold, changed by the rules of replica sets.
 */

import {
  type BrokerRegistration,
  type ClusterImage,
  candidatesWith,
  candidatesWithout,
  emptyImage,
  inSyncReplicasMinOf,
  type PartitionImage,
  type TopicImage,
} from "@sluice/cluster";
import { LogDirectory } from "@sluice/log";
import { MemoryFileSystem } from "@sluice/log/testing";
import { brokerId, leaderEpoch } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { BrokerCounters } from "../broker-counters.js";
import { silentLogger } from "../logging.js";
import { PartitionRegistry } from "../partition/partition-registry.js";
import type { PartitionRuntime } from "../partition/partition-runtime.js";
import type {
  ReplicaSetsChange,
  ReplicaSetsChangeListener,
  ReplicaSetsChanges,
} from "../replication/replica-set-changes.js";
import { imageOf } from "./image-of.js";
import { ReplicaNetwork } from "./replica-network.js";

export const replicaIds = [1, 2, 3] as const;

/** One life of a broker. */
export interface ReplicaBroker {
  readonly id: number;
  readonly brokerEpoch: number;
  readonly fileSystem: MemoryFileSystem;
  readonly logDirectory: LogDirectory;
  readonly registry: PartitionRegistry;
}

export class ReplicatedPartitionFixture implements ReplicaSetsChanges {
  readonly clock = new VirtualClock();
  readonly network = new ReplicaNetwork();
  readonly #random: SeededRandom;
  readonly #topic: TopicImage;
  readonly #disks = new Map<number, MemoryFileSystem>();
  readonly #bootIds = new Map<number, number>();
  readonly #lastEpochs = new Map<number, number>();
  readonly #brokers = new Map<number, ReplicaBroker>();
  #revision = 100;
  #record: PartitionImage;

  private constructor(config: Record<string, string>, seed: number) {
    this.#random = new SeededRandom(seed);
    const [topic] = imageOf(1, [{ name: "a", leader: null, replicas: replicaIds, config }]).topics.values();
    this.#topic = topic as TopicImage;
    this.#record = this.#topic.partitions[0] as PartitionImage;
  }

  /** Starts all three brokers; nobody leads yet. */
  static async open(config: Record<string, string> = {}, seed = 1): Promise<ReplicatedPartitionFixture> {
    const fixture = new ReplicatedPartitionFixture({ "min.insync.replicas": "2", ...config }, seed);
    for (const id of replicaIds) await fixture.start(id);
    return fixture;
  }

  /** As the store holds it. */
  get record(): PartitionImage {
    return this.#record;
  }

  get running(): readonly number[] {
    return [...this.#brokers.keys()];
  }

  /** The leader, where it leads. */
  get led(): PartitionRuntime | undefined {
    const { leader } = this.#record;
    return leader === undefined ? undefined : this.runtime(leader);
  }

  broker(id: number): ReplicaBroker | undefined {
    return this.#brokers.get(id);
  }

  /** The partition on that broker, where it runs. */
  runtime(id: number): PartitionRuntime | undefined {
    try {
      return this.broker(id)?.registry.ledOrThrow("a", 0);
    } catch {
      return undefined;
    }
  }

  /** Starts a broker on its disk, excludes it where its disk may have lost records, and lets it take part. */
  async start(id: number): Promise<void> {
    const fileSystem = this.#disks.get(id) ?? new MemoryFileSystem(new SeededRandom(id));
    const lastBrokerEpoch = this.#lastEpochs.get(id);
    const logDirectory = await LogDirectory.open(
      {
        path: "/data",
        brokerId: id,
        clusterId: "7a1c1f0e-0000-4000-8000-000000000000",
        bootId: `boot ${this.#bootIds.get(id) ?? 0}`,
        ...(lastBrokerEpoch === undefined ? {} : { lastBrokerEpoch }),
      },
      { fileSystem, clock: new VirtualClock(), random: this.#random },
    );
    this.#revision += 1;
    const brokerEpoch = this.#revision;
    this.#lastEpochs.set(id, brokerEpoch);
    await logDirectory.beginLife({ brokerEpoch, incarnation: `life ${brokerEpoch}` });
    const streams = this.network.newStreams(id);
    const registry = new PartitionRegistry(
      { brokerId: brokerId(id), replicaLagMsMax: 10_000 },
      {
        logDirectory,
        clock: this.clock,
        logger: silentLogger,
        appendLatency: new BrokerCounters().append,
        replication: {
          leaderStreams: streams,
          replicaSetsChanges: this,
          readPartition: () => this.tell(id),
          isWithinDeadline: () => true,
          isHeardFrom: () => true,
        },
      },
    );
    const broker = { id, brokerEpoch, fileSystem, logDirectory, registry };
    this.#disks.set(id, fileSystem);
    this.#brokers.set(id, broker);
    this.network.join({ id, brokerEpoch, partitions: registry }, streams);
    this.tell(id);
    await this.#excludeLossy(broker);
    this.tellAll();
  }

  /** Ends the process: `kill` leaves what was written, `crash` only what was synced. */
  async end(id: number, how: "kill" | "crash"): Promise<void> {
    const broker = this.#brokers.get(id);
    if (broker === undefined) return;
    this.#brokers.delete(id);
    this.network.leave(id);
    this.#disks.set(id, broker.fileSystem[how]());
    if (how === "crash") this.#bootIds.set(id, (this.#bootIds.get(id) ?? 0) + 1);
    await broker.registry.close();
    this.tellAll();
  }

  /** A broker that does not run gets an empty disk. */
  loseDisk(id: number): void {
    this.#disks.delete(id);
  }

  /** Elects another leader: of those that run, in-sync ones first, then eligible ones. Nothing happens where none can be. */
  elect(preferred: number): void {
    const { inSyncReplicas, eligibleLeaderReplicas, leader } = this.#record;
    const isRunning = (id: number): boolean => this.#brokers.has(id);
    const rank = [...new Set([preferred, ...replicaIds])].map(brokerId);
    const elected =
      rank.find((id) => isRunning(id) && inSyncReplicas.includes(id)) ??
      rank.find((id) => isRunning(id) && eligibleLeaderReplicas.includes(id));
    if (elected === undefined) return;
    const others = inSyncReplicas.filter((id) => id !== elected && id !== leader && isRunning(id));
    const isStaying =
      leader !== undefined && leader !== elected && isRunning(leader) && inSyncReplicas.includes(leader);
    const members = [elected, ...others, ...(isStaying ? [leader] : [])];
    this.#put({
      ...this.#record,
      ...candidatesWith(this.#record, members, this.#inSyncReplicasMin),
      leader: elected,
      leaderBrokerEpoch: (this.#brokers.get(elected) as ReplicaBroker).brokerEpoch,
      leaderEpoch: leaderEpoch(this.#record.leaderEpoch + 1),
    });
  }

  propose(change: ReplicaSetsChange, listener: ReplicaSetsChangeListener): void {
    const isCurrent = change.version === this.#record.version && change.leaderEpoch === this.#record.leaderEpoch;
    const areRegistered = change.added.every((one) => this.#brokers.get(one.replica)?.brokerEpoch === one.brokerEpoch);
    if (!isCurrent || !areRegistered) {
      void Promise.resolve().then(() => listener.onRefused(change.leaderEpoch, change.version));
      return;
    }
    const { inSyncReplicas, eligibleLeaderReplicas, lastEligibleLeaderReplicas } = change;
    this.#put({
      ...this.#record,
      inSyncReplicas: inSyncReplicas.map(brokerId),
      eligibleLeaderReplicas: eligibleLeaderReplicas.map(brokerId),
      lastEligibleLeaderReplicas: lastEligibleLeaderReplicas.map(brokerId),
    });
    const taken = this.#record;
    void Promise.resolve().then(() => listener.onTaken(change.leaderEpoch, taken));
  }

  /** Shows a broker what the store holds. */
  tell(id: number): void {
    const broker = this.#brokers.get(id);
    broker?.registry.apply(this.#image(), broker.brokerEpoch);
  }

  tellAll(): void {
    for (const id of this.#brokers.keys()) this.tell(id);
  }

  /** Lets what is under way on the brokers get on, without delivering anything between them. */
  async turn(): Promise<void> {
    for (let turn = 0; turn < 30; turn += 1) await Promise.resolve();
  }

  /** Delivers everything, and what it leads to, until that holds. Time passes while nothing else happens. */
  async until(condition: () => boolean): Promise<void> {
    for (let round = 0; round < 2000; round += 1) {
      await this.turn();
      const [link] = this.network.busyLinks;
      if (link !== undefined) this.network.deliver(link);
      else if (condition()) return;
      else this.clock.advance(500);
    }
    throw new Error(`it does not come to that: ${this.#summary()}`);
  }

  async close(): Promise<void> {
    for (const { registry, logDirectory } of this.#brokers.values()) {
      await registry.close();
      await logDirectory.close();
    }
  }

  get #inSyncReplicasMin(): number {
    return inSyncReplicasMinOf(this.#topic, this.#record);
  }

  async #excludeLossy({ id, registry }: ReplicaBroker): Promise<void> {
    const lossy = await registry.lossyReplicas();
    if (lossy.length > 0) {
      const candidates = candidatesWithout(this.#record, brokerId(id), this.#inSyncReplicasMin);
      const isLeader = this.#record.leader === id;
      const epoch = isLeader ? this.#record.leaderEpoch + 1 : this.#record.leaderEpoch;
      const leader = isLeader ? undefined : this.#record.leader;
      this.#put({ ...this.#record, ...candidates, leader, leaderEpoch: leaderEpoch(epoch) });
    }
    await registry.clearLossy(lossy);
  }

  /** For messages. */
  #summary(): string {
    const { leader, leaderEpoch: epoch, inSyncReplicas: isr, eligibleLeaderReplicas: elr } = this.#record;
    const brokers = [...this.#brokers.values()].map(({ id, registry }) => {
      const [description] = registry.describeReplicas();
      return { id, ledEpoch: this.runtime(id)?.leaderEpoch, ...description, totals: registry.totals() };
    });
    return JSON.stringify({ leader, epoch, isr, elr, busy: this.network.busyLinks, brokers });
  }

  #put(record: PartitionImage): void {
    this.#revision += 1;
    this.#record = { ...record, version: this.#revision };
  }

  #image(): ClusterImage {
    const topic: TopicImage = { ...this.#topic, partitions: [this.#record] };
    const brokers = [...this.#brokers.values()].map((broker) => [brokerId(broker.id), registrationOf(broker)] as const);
    this.#revision += 1;
    return {
      ...emptyImage,
      revision: this.#revision,
      brokers: new Map(brokers),
      topics: new Map([[topic.name, topic]]),
      topicsById: new Map([[topic.id, topic]]),
    };
  }
}

function registrationOf({ id, brokerEpoch }: ReplicaBroker): BrokerRegistration {
  const life = { incarnation: `life ${brokerEpoch}`, brokerEpoch, isActive: true, stateVersion: brokerEpoch };
  return { id: brokerId(id), ...life, host: "127.0.0.1", port: 9, listeners: {}, rack: "" };
}
