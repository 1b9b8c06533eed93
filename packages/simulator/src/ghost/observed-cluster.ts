/**
 * The cluster as the simulator sees it, over the heads of the brokers: the store at its newest revision, the log of every replica, what
 * brokers say to one another and to clients, and what is committed. Invariants judge by this and by nothing else.
 */

import { applyStoreEvents, type ClusterImage, emptyImage, imageFromListing, keyPrefix } from "@sluice/cluster";
import type { StoreChange } from "@sluice/coordination";
import type { MemoryFileSystem } from "@sluice/log/testing";
import { type BrokerId, brokerId, type TopicName } from "@sluice/model";
import type { FetchRequest, FetchResponse, ProduceRequest, ProduceResponse, ReplicateResponse } from "@sluice/protocol";
import type { FileOperationTap } from "../disk/file-operation-tap.js";
import type { ObservedStream } from "../network/message-observer.js";
import { eventsUnder, type SimulatedEtcd } from "../store/simulated-etcd.js";
import { CommittedRecords } from "./committed-records.js";
import { topicsOf } from "./image-topics.js";
import { InSyncFloors } from "./in-sync-floors.js";
import { RecoveryPoints } from "./recovery-points.js";
import { type PartitionKey, partitionKeyOf, ReplicaLogs } from "./replica-logs.js";
import { StoreTrust } from "./store-trust.js";

/** What a leader says of a partition, to a follower or to a client. */
export interface Advertisement {
  readonly broker: number;
  readonly partition: PartitionKey;
  readonly leaderEpoch: number;
  readonly highWatermark: number;
  readonly logStartOffset: number;
}

/** An answer to a produce that was not refused, at the moment at which the leader gives it. */
export interface ProduceAnswer {
  readonly broker: number;
  readonly partition: PartitionKey;
  readonly request: ProduceRequest;
  readonly response: ProduceResponse;
}

export interface FetchAnswer {
  readonly broker: number;
  readonly partition: PartitionKey;
  readonly request: FetchRequest;
  readonly response: FetchResponse;
}

/** What an invariant may want to be told of. Everything is told synchronously. */
export interface ClusterObserver {
  onImage?(image: ClusterImage, previous: ClusterImage): void;
  onWritten?(broker: number, partition: PartitionKey, fromOffset: number): void;
  onTruncated?(broker: number, partition: PartitionKey, fromOffset: number, toOffset: number): void;
  /** A machine has recorded that everything below is durable there, or is found to have after a power loss. */
  onRecoveryPoint?(broker: number, partition: PartitionKey, recoveryPoint: number): void;
  onAdvertised?(advertisement: Advertisement): void;
  /** After the committed records have taken it over. */
  onCommitted?(partition: PartitionKey, highWatermark: number, advertisement: Advertisement): void;
  onProduceAnswered?(answer: ProduceAnswer): void;
  onFetchAnswered?(answer: FetchAnswer): void;
}

interface Correlations {
  readonly produces: Map<number, ProduceRequest>;
  readonly fetches: Map<number, FetchRequest>;
}

const paths = {
  produce: "/sluice.v1.Log/Produce",
  fetch: "/sluice.v1.Log/Fetch",
  replicate: "/sluice.v1.Replication/Replicate",
};

export class ObservedCluster {
  readonly logs: ReplicaLogs;
  readonly recoveryPoints: RecoveryPoints;
  readonly inSyncFloors = new InSyncFloors();
  readonly committed = new CommittedRecords();
  readonly #observers: ClusterObserver[] = [];
  readonly #correlations = new WeakMap<ObservedStream, Correlations>();
  /** Replicas that may have lost records, with the last registration of their broker at that time. */
  readonly #lossy = new Map<string, number>();
  readonly #lossCounts = new Map<string, number>();
  /** Registrations of processes that have ended, by incarnation. */
  readonly #endedIncarnations = new Set<string>();
  readonly #incarnations = new Map<BrokerId, Set<string>>();
  readonly #storeTrust = new StoreTrust();
  #image: ClusterImage = emptyImage;

  constructor() {
    this.logs = new ReplicaLogs({
      onWritten: (...written) => this.#tell((observer) => observer.onWritten?.(...written)),
      onTruncated: (...truncated) => this.#tell((observer) => observer.onTruncated?.(...truncated)),
    });
    this.recoveryPoints = new RecoveryPoints({
      onRecorded: (...point) => this.#tell((observer) => observer.onRecoveryPoint?.(...point)),
    });
  }

  /** Sees what a machine does to its files. */
  tapOf(broker: number): FileOperationTap {
    const logs = this.logs.tapOf(broker);
    const points = this.recoveryPoints.tapOf(broker);
    return {
      ...logs,
      written: (...written) => {
        logs.written(...written);
        points.written(...written);
      },
      renamed: (...renamed) => {
        logs.renamed(...renamed);
        points.renamed(...renamed);
      },
    };
  }

  /** Reads everything of a machine anew: what a power loss, a lost or an old disk has left. */
  async reread(broker: number, disk: MemoryFileSystem, directory: string): Promise<void> {
    await this.logs.reread(broker, disk, directory);
    await this.recoveryPoints.reread(broker, disk, directory);
  }

  /** The store at its newest revision. */
  get image(): ClusterImage {
    return this.#image;
  }

  /** A machine has lost records of that replica, or may have: a fault did it. It counts until the replica is no candidate, nor can become one: the broker has another life. */
  markLossy(broker: number, partition: PartitionKey): void {
    const name = `${broker} ${partition}`;
    this.#lossy.set(name, this.#lastEpochOf(broker));
    this.#lossCounts.set(name, this.lossCount(broker, partition) + 1);
  }

  /** How often faults have cost that replica records, or may have. */
  lossCount(broker: number, partition: PartitionKey): number {
    return this.#lossCounts.get(`${broker} ${partition}`) ?? 0;
  }

  isLossy(broker: number, partition: PartitionKey): boolean {
    return this.#lossy.has(`${broker} ${partition}`);
  }

  /**
   * The store is the one that the cluster has worked with. False from a restore of an older state on until the cluster has adopted it:
   * replica sets and leaders mean nothing then, and no broker has a role.
   */
  get isStoreTrusted(): boolean {
    return this.#storeTrust.isTrusted;
  }

  /** A process of that broker has ended: its registration is one of a dead process, for as long as it stands. */
  processEnded(broker: BrokerId): void {
    for (const incarnation of this.#incarnations.get(broker) ?? []) this.#endedIncarnations.add(incarnation);
  }

  /** The registration of that broker is one of a process that is still there, and it may be elected. */
  isTakingPart(broker: BrokerId): boolean {
    const registration = this.#image.brokers.get(broker);
    return registration?.isActive === true && !this.#endedIncarnations.has(registration.incarnation);
  }

  observe(observer: ClusterObserver): void {
    this.#observers.push(observer);
  }

  /** Broker number of a process or host `broker-<n>`; undefined: it is another. */
  static brokerOf(name: string): number | undefined {
    const match = /^broker-(\d+)/.exec(name);
    return match === null ? undefined : Number(match[1]);
  }

  onStoreChange(change: StoreChange): void {
    const events = eventsUnder(keyPrefix, change);
    const previous = this.#image;
    this.#image = applyStoreEvents(previous, change.revision, events);
    this.inSyncFloors.onImage(this.#image, previous);
    this.#storeTrust.onImage(this.#image);
    this.#noteIncarnations(previous);
    this.#tell((observer) => observer.onImage?.(this.#image, previous));
    this.#forgetExcluded();
  }

  /** The store was restored from a backup: it is what it is now. */
  storeRestored(etcd: SimulatedEtcd): void {
    const { revision, entries } = etcd.state.list(keyPrefix);
    const previous = this.#image;
    this.#image = imageFromListing(revision, entries);
    this.inSyncFloors.onImage(this.#image, previous);
    this.#storeTrust.onRestored(this.#image, previous);
    this.#noteIncarnations(previous);
    // Registrations are counted anew: the next one is the first after the loss.
    for (const name of this.#lossy.keys()) this.#lossy.set(name, this.#lastEpochOf(Number.parseInt(name, 10)));
  }

  onRequest(stream: ObservedStream, message: unknown): void {
    if (stream.path === paths.produce) {
      const request = message as ProduceRequest;
      this.#correlationsOf(stream).produces.set(request.correlationId, request);
    } else if (stream.path === paths.fetch) {
      const request = message as FetchRequest;
      this.#correlationsOf(stream).fetches.set(request.correlationId, request);
    }
  }

  onResponse(stream: ObservedStream, message: unknown): void {
    const broker = ObservedCluster.brokerOf(stream.serverName);
    if (broker === undefined) return;
    if (stream.path === paths.produce) this.#onProduceResponse(broker, stream, message as ProduceResponse);
    else if (stream.path === paths.fetch) this.#onFetchResponse(broker, stream, message as FetchResponse);
    else if (stream.path === paths.replicate) this.#onReplicateResponse(broker, message as ReplicateResponse);
  }

  /** Key of a partition by the name of its topic; undefined: there is no such topic now. */
  partitionKey(topic: string, partition: number): PartitionKey | undefined {
    const id = this.#image.topics.get(topic as TopicName)?.id;
    return id === undefined ? undefined : partitionKeyOf(id, partition);
  }

  #onProduceResponse(broker: number, stream: ObservedStream, response: ProduceResponse): void {
    const request = this.#correlationsOf(stream).produces.get(response.correlationId);
    this.#correlationsOf(stream).produces.delete(response.correlationId);
    const partition = request === undefined ? undefined : this.partitionKey(request.topic, request.partition);
    if (request === undefined || partition === undefined || response.error !== undefined) return;
    this.#tell((observer) => observer.onProduceAnswered?.({ broker, partition, request, response }));
  }

  #onFetchResponse(broker: number, stream: ObservedStream, response: FetchResponse): void {
    const request = this.#correlationsOf(stream).fetches.get(response.correlationId);
    this.#correlationsOf(stream).fetches.delete(response.correlationId);
    const partition = request === undefined ? undefined : this.partitionKey(request.topic, request.partition);
    if (request === undefined || partition === undefined || response.error !== undefined) return;
    const { leaderEpoch, highWatermark, logStartOffset } = response;
    this.#advertised({ broker, partition, leaderEpoch, highWatermark, logStartOffset });
    this.#tell((observer) => observer.onFetchAnswered?.({ broker, partition, request, response }));
  }

  #onReplicateResponse(broker: number, response: ReplicateResponse): void {
    const { topicId, error, diverging, leaderEpoch, highWatermark, logStartOffset } = response;
    if (topicId === "" || error != null || diverging != null) return;
    const partition = partitionKeyOf(topicId, response.partition);
    this.#advertised({ broker, partition, leaderEpoch, highWatermark, logStartOffset });
  }

  #advertised(advertisement: Advertisement): void {
    const { broker, partition, highWatermark } = advertisement;
    this.#tell((observer) => observer.onAdvertised?.(advertisement));
    if (highWatermark <= this.committed.highWatermark(partition)) return;
    const log = this.logs.of(broker, partition);
    if (log === undefined) return;
    this.committed.advance(partition, log, highWatermark);
    this.#tell((observer) => observer.onCommitted?.(partition, highWatermark, advertisement));
  }

  #noteIncarnations(previous: ClusterImage): void {
    if (this.#image.brokers === previous.brokers) return;
    for (const { id, incarnation } of this.#image.brokers.values()) {
      const known = this.#incarnations.get(id) ?? new Set();
      this.#incarnations.set(id, known.add(incarnation));
    }
  }

  #forgetExcluded(): void {
    if (this.#lossy.size === 0) return;
    for (const topic of topicsOf(this.#image)) {
      for (const { partition, replicas, inSyncReplicas, eligibleLeaderReplicas } of topic.partitions) {
        for (const replica of replicas) {
          if (inSyncReplicas.includes(replica) || eligibleLeaderReplicas.includes(replica)) continue;
          const name = `${replica} ${partitionKeyOf(topic.id, partition)}`;
          // What its last life had acknowledged may be on the way to bring it in sync.
          if (this.#lastEpochOf(replica) > (this.#lossy.get(name) ?? 0)) this.#lossy.delete(name);
        }
      }
    }
  }

  /** 0: it was never registered. */
  #lastEpochOf(broker: number): number {
    return this.#image.lastRegistrations.get(brokerId(broker))?.brokerEpoch ?? 0;
  }

  #correlationsOf(stream: ObservedStream): Correlations {
    const known = this.#correlations.get(stream) ?? { produces: new Map(), fetches: new Map() };
    this.#correlations.set(stream, known);
    return known;
  }

  #tell(call: (observer: ClusterObserver) => void): void {
    for (const observer of this.#observers) call(observer);
  }
}
