/**
 * Partitions without logs, for tests of the streams that replicate them: `LedReplica` at the leader's side, which has batches in memory,
 * and `FollowedReplica` at the follower's, which takes what it is sent. Neither checks anything that a real one decides.
 */

import { type BrokerId, type LeaderEpoch, leaderEpoch, type Offset, offset, SluiceError, topicId } from "@sluice/model";
import type { EpochEnd } from "@sluice/replication";
import type {
  FollowedPartition,
  LeaderStreams,
  PeerObserver,
  ReplicaName,
  ReplicaPosition,
  ReplicaSender,
  ReplicatedPartition,
  ReplicatedPartitions,
  ReplicatedRecords,
} from "../replication/replica-access.js";

const epochOfTests = leaderEpoch(3);

/** A name for each number. */
export function replicaName(number: number, partition = 0): ReplicaName {
  return { topicId: topicId(`00000000-0000-4000-8000-${String(number).padStart(12, "0")}`), partition };
}

interface Batch {
  readonly endOffset: number;
  readonly bytes: Buffer;
}

/** A partition that this broker leads. Each batch has one offset. */
export class LedReplica implements ReplicatedPartition {
  readonly topicId: ReplicaName["topicId"];
  readonly partition: number;
  traffic: "inSync" | "reassignment" | "catchUp" = "inSync";
  marks = { highWatermark: offset(0), logStartOffset: offset(0) };
  /** What followers said, in order. */
  readonly positions: ReplicaPosition[] = [];
  /** Senders that were closed, with the epoch that came with it. */
  readonly closed: (LeaderEpoch | undefined)[] = [];
  sender: ReplicaSender | undefined;
  /** Why followers are not served; undefined: they are. */
  refusal: SluiceError | undefined;
  /** Reads answer when this resolves; undefined: at once. */
  readGate: Promise<void> | undefined;
  readCount = 0;
  readonly #batches: Batch[] = [];

  constructor(name: ReplicaName) {
    this.topicId = name.topicId;
    this.partition = name.partition;
  }

  get logEndOffset(): Offset {
    return offset(this.#batches.length);
  }

  /** All batches. */
  get bytes(): Buffer {
    return Buffer.concat(this.#batches.map(({ bytes }) => bytes));
  }

  /** Appends batches of that size, and wakes the follower. */
  append(count: number, sizeBytes: number): void {
    for (let i = 0; i < count; i += 1) {
      const bytes = Buffer.alloc(sizeBytes, this.#batches.length);
      this.#batches.push({ endOffset: this.#batches.length + 1, bytes });
    }
    this.sender?.recordsPlaced();
  }

  trafficOf(): "inSync" | "reassignment" | "catchUp" {
    return this.traffic;
  }

  onReplicaFetched(sender: ReplicaSender, position: ReplicaPosition): void {
    this.sender = sender;
    this.positions.push(position);
    if (this.refusal !== undefined) sender.refuse(epochOfTests, this.refusal);
    else if (position.isRestart) sender.sendRecords(epochOfTests, position.fetchOffset);
  }

  onSenderClosed(sender: ReplicaSender, followerEpoch?: LeaderEpoch): void {
    if (this.sender === sender) this.sender = undefined;
    this.closed.push(followerEpoch);
  }

  readForReplica(fromOffset: Offset, sizeBytesMax: number) {
    this.readCount += 1;
    const found = this.#read(fromOffset, sizeBytesMax);
    return this.readGate === undefined ? found : this.readGate.then(() => found);
  }

  #read(fromOffset: Offset, sizeBytesMax: number) {
    const found: Buffer[] = [];
    let [nextOffset, bytes] = [fromOffset as number, 0];
    for (const batch of this.#batches.slice(fromOffset)) {
      if (found.length > 0 && bytes + batch.bytes.length > sizeBytesMax) break;
      found.push(batch.bytes);
      bytes += batch.bytes.length;
      nextOffset = batch.endOffset;
    }
    return {
      records: found.length === 1 ? (found[0] as Buffer) : Buffer.concat(found),
      nextOffset: offset(nextOffset),
    };
  }
}

/** The partitions that this broker leads. */
export class LedReplicas implements ReplicatedPartitions {
  readonly #partitions: LedReplica[] = [];
  /** Partitions that are not open yet. */
  readonly #opening: ReplicaName[] = [];
  readonly #openedListeners: ((name: ReplicaName) => void)[] = [];

  add(name: ReplicaName): LedReplica {
    const partition = new LedReplica(name);
    this.#partitions.push(partition);
    return partition;
  }

  remove(partition: LedReplica): void {
    this.#partitions.splice(this.#partitions.indexOf(partition), 1);
  }

  /** Followers may ask for it, and are not served before it is opened, or fails to. */
  beginOpening(name: ReplicaName): void {
    this.#opening.push(name);
  }

  /** Undefined: it could not be opened. */
  endOpening(name: ReplicaName, isOpened: boolean): LedReplica | undefined {
    this.#opening.splice(this.#opening.indexOf(name), 1);
    const partition = isOpened ? this.add(name) : undefined;
    for (const listener of this.#openedListeners) listener(name);
    return partition;
  }

  watchOpened(listener: (name: ReplicaName) => void): void {
    this.#openedListeners.push(listener);
  }

  replicatedOrThrow({ topicId: id, partition }: ReplicaName): LedReplica {
    const isNamed = (one: ReplicaName): boolean => one.topicId === id && one.partition === partition;
    if (this.#opening.some(isNamed)) throw new SluiceError("LEADER_NOT_AVAILABLE", { topic: id, partition });
    const found = this.#partitions.find(isNamed);
    if (found === undefined) throw new SluiceError("UNKNOWN_TOPIC", { topic: id });
    return found;
  }
}

/** A partition that this broker follows: it asks from its log end on as soon as its leader can be asked, and answers each message. */
export class FollowedReplica implements FollowedPartition {
  readonly topicId: ReplicaName["topicId"];
  readonly partition: number;
  leaderEpoch = epochOfTests;
  logEndOffset = offset(0);
  highWatermark = offset(0);
  receivedBytes = 0;
  readonly connections: BrokerId[] = [];
  readonly received: ReplicatedRecords[] = [];
  readonly diverged: EpochEnd[] = [];
  readonly refused: SluiceError[] = [];
  readonly #streams: LeaderStreams;
  #waiting: { readonly endOffset: number; resolve(): void } | undefined;

  constructor(name: ReplicaName, streams: LeaderStreams) {
    this.topicId = name.topicId;
    this.partition = name.partition;
    this.#streams = streams;
  }

  onLeaderConnected(leader: BrokerId): void {
    this.connections.push(leader);
    this.fetch(true);
  }

  fetch(isRestart: boolean): void {
    this.#streams.fetch(this, {
      leaderEpoch: this.leaderEpoch,
      fetchOffset: this.logEndOffset,
      lastFetchedEpoch: undefined,
      flushedOffset: this.logEndOffset,
      isRestart,
    });
  }

  onRecords(_leader: BrokerId, records: ReplicatedRecords): void {
    // Of what was under way when it asked anew.
    if (records.fetchOffset !== this.logEndOffset) return;
    this.received.push(records);
    this.highWatermark = records.highWatermark;
    if (records.nextOffset === records.fetchOffset) return;
    this.logEndOffset = records.nextOffset;
    this.receivedBytes += records.records.length;
    this.fetch(false);
    if (this.#waiting !== undefined && this.logEndOffset >= this.#waiting.endOffset) this.#waiting.resolve();
  }

  /** Resolves when it has everything below that offset. */
  reached(endOffset: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = { endOffset, resolve };
      if (this.logEndOffset >= endOffset) resolve();
    });
  }

  onDiverged(_leader: BrokerId, _leaderEpoch: LeaderEpoch, epochEnd: EpochEnd): void {
    this.diverged.push(epochEnd);
  }

  onRefused(_leader: BrokerId, _leaderEpoch: LeaderEpoch, error: SluiceError): void {
    this.refused.push(error);
  }
}

/** Keeps what it is told, as texts. */
export class RecordingObserver implements PeerObserver {
  readonly told: string[] = [];

  heardFrom(peer: BrokerId, brokerEpoch: number | undefined): void {
    this.told.push(`heard ${peer} ${brokerEpoch}`);
  }

  streamEnded(peer: BrokerId): void {
    this.told.push(`ended ${peer}`);
  }

  stopping(peer: BrokerId, brokerEpoch: number): void {
    this.told.push(`stopping ${peer} ${brokerEpoch}`);
  }
}
