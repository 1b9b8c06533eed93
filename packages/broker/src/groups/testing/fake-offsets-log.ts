/**
 * Partitions of `__consumer_offsets` in memory, led by the broker under test: batches are kept as they would be in the log, and
 * appends and reads can be held back and made to fail.
 */

import { groupOffsetsTopic, leaderEpoch, type Offset, offset, SluiceError, topicId } from "@sluice/model";
import { batchLastOffset, stampBatch } from "@sluice/record";
import type {
  LeadershipListener,
  LedPartition,
  LedPartitions,
  ProduceResult,
} from "../../partition/partition-access.js";

export class FakeOffsetsLog implements LedPartition {
  readonly topic = groupOffsetsTopic;
  readonly topicId = topicId("00000000-0000-4000-8000-0000000000ff");
  readonly partition: number;
  readonly batches: Buffer[] = [];
  leaderEpoch = leaderEpoch(0);
  /** The next appends fail with these, one each. */
  readonly failures: SluiceError[] = [];
  /** Appends wait for `release`. */
  isHeld = false;
  /** Reading fails with this. */
  readFailure: SluiceError | undefined;
  /** Reading waits for this. */
  readGate: Promise<void> = Promise.resolve();
  /** The disk is full: appends fail with this. */
  appendRefusal: SluiceError | undefined;
  /** Another broker may lead: nothing is answered. */
  readRefusal: SluiceError | undefined;
  readonly #held: (() => void)[] = [];
  #endOffset = 0;

  constructor(partition: number) {
    this.partition = partition;
  }

  get highWatermark(): Offset {
    return offset(this.#endOffset);
  }

  produce(batch: Buffer, options: { readonly clientEpoch?: number | undefined }): Promise<ProduceResult> {
    const failure = this.failures.shift() ?? this.appendRefusal ?? this.#fence(options.clientEpoch);
    if (failure !== undefined) return Promise.reject(failure);
    const baseOffset = offset(this.#endOffset);
    stampBatch(batch, 0, { baseOffset, leaderEpoch: this.leaderEpoch });
    this.#endOffset = batchLastOffset(batch, 0) + 1;
    this.batches.push(batch);
    const result = {
      baseOffset,
      leaderEpoch: this.leaderEpoch,
      replicas: 1,
      replicasFlushed: 1,
      logStartOffset: offset(0),
      isDuplicate: false,
      logAppendTimeMs: 0,
    };
    if (!this.isHeld) return Promise.resolve(result);
    return new Promise((resolve) => this.#held.push(() => resolve(result)));
  }

  /** Answers the appends that are held, and holds no more. */
  release(): void {
    this.isHeld = false;
    for (const resolve of this.#held.splice(0)) resolve();
  }

  async *readCommitted(): AsyncIterable<Buffer> {
    await this.readGate;
    if (this.readFailure !== undefined) throw this.readFailure;
    for (const batch of this.batches) yield batch;
  }

  fetch(): never {
    throw new Error("groups do not fetch");
  }

  listOffset(): never {
    throw new Error("groups do not list offsets of their own log");
  }

  #fence(clientEpoch: number | undefined): SluiceError | undefined {
    if (clientEpoch === undefined || clientEpoch === this.leaderEpoch) return undefined;
    const { topic, partition } = this;
    return new SluiceError("FENCED_LEADER_EPOCH", {
      topic,
      partition,
      epoch: clientEpoch,
      currentEpoch: this.leaderEpoch,
    });
  }
}

/** Leadership as the test says. */
export class FakeLedPartitions implements LedPartitions {
  readonly #led = new Set<FakeOffsetsLog>();
  readonly #listeners = new Set<LeadershipListener>();

  lead(log: FakeOffsetsLog, epoch: number): void {
    log.leaderEpoch = leaderEpoch(epoch);
    this.#led.add(log);
    for (const listener of this.#listeners) listener.onLeading(log, log.leaderEpoch);
  }

  resign(log: FakeOffsetsLog): void {
    this.#led.delete(log);
    for (const listener of this.#listeners) listener.onResigned(log);
  }

  watchLeadership(listener: LeadershipListener): () => void {
    this.#listeners.add(listener);
    for (const log of this.#led) listener.onLeading(log, log.leaderEpoch);
    return () => this.#listeners.delete(listener);
  }

  ledOrThrow(topic: string, partition: number): never {
    throw new SluiceError("UNKNOWN_PARTITION", { topic, partition });
  }
}
