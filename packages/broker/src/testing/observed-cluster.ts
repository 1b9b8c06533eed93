/**
 * Brokers of one cluster in one process (`cluster-fixture`), and an observer that sees every image of their store: what tests of the
 * controller share. `flights` is the topic that they look at.
 */

import type { ClusterImage, PartitionImage } from "@sluice/cluster";
import { type ClusterStore, ImageWatcher, MemoryClusterStore } from "@sluice/coordination";
import type { TopicName } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { type ClusterBroker, type ClusterBrokerOptions, startClusterBroker } from "./cluster-fixture.js";

const never = new AbortController().signal;
const flights = "flights" as TopicName;

export class ObservedCluster {
  readonly clock = new VirtualClock();
  store: ClusterStore = new MemoryClusterStore({ clock: this.clock, random: new SeededRandom(1) });
  /** Sees every image of the store. */
  observer = new ImageWatcher({ onError: () => undefined }, { store: this.store, clock: this.clock });
  /** All of them, the oldest first. */
  images: ClusterImage[] = [];
  brokers: ClusterBroker[] = [];
  /** Id of the broker that acts on suspicions of the controller. */
  standIn: number | undefined;

  static async open(): Promise<ObservedCluster> {
    const cluster = new ObservedCluster();
    await cluster.observe(cluster.store);
    return cluster;
  }

  async close(): Promise<void> {
    await Promise.all(this.brokers.map((broker) => broker.close()));
    await this.store.close();
  }

  /** Uses another store: only before brokers are started, or after all are gone. */
  async observe(next: ClusterStore): Promise<void> {
    this.store = next;
    this.images = [];
    this.brokers = [];
    this.observer = new ImageWatcher({ onError: () => undefined }, { store: next, clock: this.clock });
    this.observer.subscribe((image) => this.images.push(image));
    await this.observer.start();
  }

  async start(...options: ClusterBrokerOptions[]): Promise<void> {
    for (const one of options)
      this.brokers.push(await startClusterBroker({ standsIn: () => this.standIn === one.id, ...one }, this));
  }

  brokerAt(index: number): ClusterBroker {
    const broker = this.brokers[index];
    if (broker === undefined) throw new Error(`no broker ${index}`);
    return broker;
  }

  kill(id: number): ClusterBroker {
    const victim = this.brokers.find((broker) => broker.id === id);
    if (victim === undefined) throw new Error(`no broker ${id}`);
    victim.kill();
    this.brokers = this.brokers.filter((broker) => broker !== victim);
    return victim;
  }

  /** Lets the leases of dead brokers run out, and those of living ones be kept alive. */
  async expireLeases(): Promise<void> {
    for (let i = 0; i < 4; i += 1) {
      this.clock.advance(3000);
      await this.settle();
    }
  }

  /** The broker begins a topic and dies after so many transactions. */
  async dieCreating(index: number, transactions: number): Promise<void> {
    this.brokerAt(index).store.transactionsUntilDeath = transactions;
    const died = this.deathOf(index);
    void this.brokerAt(index).topicAdmin.createTopic(topic({ partitions: 300 }), never);
    await died;
    this.brokers.splice(index, 1);
    await this.until((image) => image.unlistedPartitions.size === 1);
  }

  deathOf(index: number): Promise<void> {
    return new Promise<void>((resolve) => {
      this.brokerAt(index).store.onDeath = resolve;
    });
  }

  /** In steps, so that leases of living brokers are kept alive. */
  async passTime(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1000) {
      this.clock.advance(Math.min(left, 1000));
      await this.settle();
    }
  }

  until(condition: (image: ClusterImage) => boolean): Promise<ClusterImage> {
    return this.observer.waitFor(condition);
  }

  /** Everything that needs no time has happened. */
  async settle(): Promise<void> {
    for (let i = 0; i < 200; i += 1) await Promise.resolve();
  }

  partitionAt(partition: number): PartitionImage {
    const found = partitionsOf(this.observer.image)[partition];
    if (found === undefined) throw new Error(`no partition ${partition}`);
    return found;
  }

  partitionLedBy(id: number): PartitionImage {
    const found = partitionsOf(this.observer.image).find((partition) => partition.leader === id);
    if (found === undefined) throw new Error(`broker ${id} leads nothing`);
    return found;
  }

  /** Partition counts of the topic in all images, without repetitions. */
  partitionCountsSeen(): number[] {
    const counts = this.images.map((image) => partitionsOf(image).length);
    return counts.filter((count, i) => count !== counts[i - 1]);
  }
}

/** The partitions of the topic that tests look at. */
function partitionsOf(image: ClusterImage): readonly PartitionImage[] {
  return image.topics.get(flights)?.partitions ?? [];
}

/** Their leaders; undefined: none at present. */
export function leadersOf(image: ClusterImage): (number | undefined)[] {
  return partitionsOf(image).map((partition) => partition.leader);
}

/** A request for that topic. */
export function topic(options: { readonly partitions: number }): {
  name: string;
  partitions: number;
  replicationFactor: number;
  configs: [];
} {
  return { name: "flights", replicationFactor: 1, configs: [], ...options };
}

/** Whether an operation gives a partition another leader. */
export function isElection(operation: { readonly type: string; readonly value?: string }): boolean {
  return operation.type === "put" && /"leaderEpoch":[1-9]/.test(operation.value ?? "");
}
