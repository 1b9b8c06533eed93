/**
 * Runs one partition on this broker: owns its log and its state machine.
 *
 * One synchronous loop: `#post` takes events one at a time, the machine decides, and the effects are run in order before the
 * next event is looked at. What they lead to comes back as events. Nothing else mutates the partition, and there is no
 * `await` between a decision and what it decided on. Reads of the log are the only thing that is waited for; what the machine
 * said is asked again after them when the epoch has changed meanwhile.
 *
 * A broken invariant stops the partition: everything pending is refused, and it answers nothing until the broker restarts.
 */

import type { PartitionLog } from "@sluice/log";
import {
  type Clock,
  isSluiceError,
  type LeaderEpoch,
  type Offset,
  SluiceError,
  type TopicConfig,
  type TopicId,
  type TopicName,
  topicPartitionText,
  toSluiceError,
} from "@sluice/model";
import { batchRecordCount, checkProducedBatch, type RecordBatchHeader, recordsIn } from "@sluice/record";
import {
  type PartitionEvent,
  type PartitionIdentity,
  PartitionStateMachine,
  type RequiredAcks,
} from "@sluice/replication";
import type { LatencyHistogram } from "../broker-counters.js";
import type { Logger } from "../logging.js";
import { AppendTimer } from "./append-timer.js";
import { CommittedReader } from "./committed-reader.js";
import { PartitionEffectRunner } from "./effect-runner.js";
import { FetchWaiters } from "./fetch-waiters.js";
import type {
  FetchOptions,
  FetchResult,
  FetchSink,
  LedPartition,
  OffsetAnswer,
  OffsetQuery,
  ProduceResult,
  ProduceSink,
} from "./partition-access.js";
import { ProduceWaiters } from "./produce-waiters.js";

export interface PartitionRuntimeOptions {
  readonly identity: PartitionIdentity;
  readonly topicId: TopicId;
  readonly config: TopicConfig;
}

export interface PartitionRuntimeDependencies {
  /** Open, and used by nobody else. */
  readonly log: PartitionLog;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where appends are timed. */
  readonly appendLatency: LatencyHistogram;
  /** Told of every beginning and end of leadership. */
  readonly leadership: {
    onLeading(partition: PartitionRuntime, leaderEpoch: LeaderEpoch): void;
    onResigned(partition: PartitionRuntime): void;
  };
}

export class PartitionRuntime implements LedPartition {
  readonly topic: TopicName;
  readonly topicId: TopicId;
  readonly partition: number;
  readonly #identity: PartitionIdentity;
  readonly #config: TopicConfig;
  readonly #log: PartitionLog;
  readonly #logger: Logger;
  readonly #leadership: PartitionRuntimeDependencies["leadership"];
  readonly #machine: PartitionStateMachine;
  readonly #produceWaiters = new ProduceWaiters();
  readonly #fetchWaiters: FetchWaiters;
  readonly #effects: PartitionEffectRunner;
  readonly #reader: CommittedReader;
  readonly #appendTimer: AppendTimer;
  readonly #batchLimits;
  readonly #clock: Clock;
  #queue: PartitionEvent[] = [];
  #isDraining = false;
  #nextRequestId = 1;
  /** The listener has been told that this broker leads, and not yet that it does not. */
  #isToldLeading = false;
  /** Why the partition answers nothing any more: a defect, a deleted topic or a stopping broker. */
  #failure: SluiceError | undefined;

  constructor(options: PartitionRuntimeOptions, dependencies: PartitionRuntimeDependencies) {
    const { identity, config } = options;
    this.topic = identity.topic;
    this.topicId = options.topicId;
    this.partition = identity.partition;
    this.#identity = identity;
    this.#config = config;
    this.#log = dependencies.log;
    this.#clock = dependencies.clock;
    this.#logger = dependencies.logger;
    this.#leadership = dependencies.leadership;
    this.#machine = new PartitionStateMachine(identity);
    this.#fetchWaiters = new FetchWaiters(dependencies.clock);
    this.#batchLimits = {
      sizeBytesMax: config["max.message.bytes"],
      where: topicPartitionText(identity.topic, identity.partition),
      nowMs: 0,
      timestampBeforeMaxMs: config["message.timestamp.before.max.ms"],
      timestampAfterMaxMs: config["message.timestamp.after.max.ms"],
    };
    const name = { topic: this.topic, partition: this.partition, broker: identity.broker };
    this.#appendTimer = new AppendTimer(dependencies.clock, dependencies.appendLatency);
    this.#effects = new PartitionEffectRunner({
      log: this.#log,
      produceWaiters: this.#produceWaiters,
      fetchWaiters: this.#fetchWaiters,
      appendTimer: this.#appendTimer,
      logger: this.#logger,
      name,
      post: (event) => this.#post(event),
      leaderEpoch: () => this.#machine.leaderEpoch,
      onHighWatermark: () => {
        this.#log.setHighWatermark(this.highWatermark);
        this.#maybeTellLeading();
      },
    });
    this.#reader = new CommittedReader({
      log: this.#log,
      name,
      leaderEpochOrThrow: () => this.#leaderEpochOrThrow(),
      highWatermark: () => this.highWatermark,
    });
    this.#log.onAdvanced = (logEndOffset, flushedOffset) => this.#logAdvanced(logEndOffset, flushedOffset);
    this.#log.onFailed = (error) => this.#logFailed(error);
    this.#log.onAppendsFailed = (endOffset, error) => this.#appendsTakenBack(endOffset, error);
    this.#log.onLogStartMoved = (logStartOffset) => this.#post({ type: "logStartMoved", logStartOffset });
  }

  get leaderEpoch(): LeaderEpoch | undefined {
    return this.#failure === undefined ? this.#machine.leaderEpoch : undefined;
  }

  get highWatermark(): Offset {
    return this.#machine.highWatermark ?? this.#log.logStartOffset;
  }

  get appendRefusal(): SluiceError | undefined {
    return this.#log.appendRefusal;
  }

  /** Why the partition answers nothing any more, where it was stopped. */
  get failure(): SluiceError | undefined {
    return this.#failure;
  }

  /** Fetches that wait for something to read. */
  get parkedFetchCount(): number {
    return this.#fetchWaiters.parkedCount;
  }

  /** Bytes in the log's segments. */
  get logSizeBytes(): number {
    return this.#log.sizeBytes;
  }

  /**
   * Takes the leadership of that epoch. What an earlier epoch placed must be written: `settleLog` first.
   */
  becomeLeader(term: { leaderEpoch: LeaderEpoch; inSyncReplicas: readonly number[]; replicationFactor: number }): void {
    const log = this.#log;
    this.#post({
      type: "becomeLeader",
      leaderEpoch: term.leaderEpoch,
      inSyncReplicas: term.inSyncReplicas,
      inSyncReplicasMin: Math.min(this.#config["min.insync.replicas"], term.replicationFactor),
      logStartOffset: log.logStartOffset,
      logEndOffset: log.logEndOffset,
      ackedOffset: this.#ackedOffset(log.logEndOffset, log.flushedOffset),
    });
  }

  /** Another broker leads in that epoch, or none: answers nothing for the partition any more, from now on. */
  resign(leaderEpoch: LeaderEpoch, leader: number | undefined): void {
    this.#post({ type: "resign", leaderEpoch, leader });
    this.#tellResigned();
  }

  /** Waits until nothing of the log is being written. @throws SluiceError DISK_FAILED */
  async settleLog(): Promise<void> {
    const log = this.#log;
    if (this.#ackedOffset(log.writtenOffset, log.flushedOffset) >= log.logEndOffset) return;
    try {
      await log.flush();
    } catch (error) {
      // What there was no room for was taken back: the log ends where it is written.
      if (!isSluiceError(error, "DISK_FULL")) throw error;
    }
  }

  /** Checks everything about a batch that came from a client. @throws SluiceError as `checkProducedBatch` */
  checkBatch(batch: Buffer): RecordBatchHeader {
    this.#batchLimits.nowMs = this.#clock.nowMs();
    const header = checkProducedBatch(batch, this.#batchLimits);
    if (this.#config["cleanup.policy"] !== "delete") checkHasKeys(batch, this.#batchLimits.where);
    return header;
  }

  /** `produce` without a promise. The batch is checked, and belongs to the partition from now on. */
  startProduce(
    request: {
      readonly batch: Buffer;
      readonly recordCount: number;
      readonly acks: RequiredAcks;
      readonly clientEpoch: number | undefined;
    },
    sink: ProduceSink,
  ): void {
    if (this.#failure !== undefined) {
      sink.onRefused(this.#failure);
      return;
    }
    const requestId = this.#nextRequestId++;
    this.#produceWaiters.add(requestId, request.batch, sink);
    this.#post({
      type: "appendRequested",
      requestId,
      acks: request.acks,
      recordCount: request.recordCount,
      clientEpoch: request.clientEpoch,
    });
  }

  /** `fetch` without a promise. Returns an id for `cancelFetch`. */
  startFetch(request: Omit<FetchOptions, "signal">, sink: FetchSink): number {
    const requestId = this.#nextRequestId++;
    if (this.#failure !== undefined) {
      sink.onFetchRefused(this.#failure);
      return requestId;
    }
    this.#fetchWaiters.add(requestId, request, sink);
    this.#post({
      type: "fetchRequested",
      requestId,
      fetchOffset: request.fromOffset,
      clientEpoch: request.clientEpoch,
      mayWait: request.waitMsMax > 0,
    });
    return requestId;
  }

  /** Forgets a fetch: its sink is not called any more. Nothing happens when it was answered. */
  cancelFetch(requestId: number): void {
    if (this.#fetchWaiters.remove(requestId)) this.#post({ type: "fetchExpired", requestId });
  }

  produce(
    batch: Buffer,
    options: { readonly acks: RequiredAcks; readonly clientEpoch?: number | undefined },
  ): Promise<ProduceResult> {
    return new Promise((resolve, reject) => {
      this.startProduce(
        { batch, recordCount: batchRecordCount(batch, 0), acks: options.acks, clientEpoch: options.clientEpoch },
        { onProduced: resolve, onRefused: reject },
      );
    });
  }

  fetch(options: FetchOptions): Promise<FetchResult> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(cancelled());
      const onAbort = (): void => {
        this.cancelFetch(requestId);
        reject(cancelled());
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      const settle = (): void => signal?.removeEventListener("abort", onAbort);
      const requestId = this.startFetch(options, {
        tryReserve: () => true,
        onFetched: (result) => {
          settle();
          resolve(result);
        },
        onFetchRefused: (error) => {
          settle();
          reject(error);
        },
      });
    });
  }

  listOffset(query: OffsetQuery): Promise<OffsetAnswer> {
    return this.#reader.listOffset(query);
  }

  readCommitted(fromOffset?: Offset): AsyncIterable<Buffer> {
    return this.#reader.readCommitted(fromOffset);
  }

  /** Refuses what is pending and what comes, for good. The log stays open: its owner closes it. */
  stop(error: SluiceError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#queue = [];
    this.#produceWaiters.rejectAll({
      refused: error,
      indeterminate: new SluiceError("INDETERMINATE", {
        operation: `Appending to ${this.#batchLimits.where}`,
        reason: error.message,
      }),
    });
    this.#fetchWaiters.rejectAll(error);
    this.#tellResigned();
  }

  #post(event: PartitionEvent): void {
    this.#queue.push(event);
    if (this.#isDraining || this.#failure !== undefined) return;
    this.#isDraining = true;
    try {
      // The queue grows while it is drained.
      for (let index = 0; index < this.#queue.length; index += 1) {
        const effects = this.#machine.step(this.#queue[index] as PartitionEvent);
        for (const effect of effects) this.#effects.run(effect);
      }
      this.#queue.length = 0;
    } catch (error) {
      this.#logger.error({ err: error }, "partition stopped: an invariant is broken");
      this.stop(this.#offline(toSluiceError(error).message));
    } finally {
      this.#isDraining = false;
    }
  }

  #logAdvanced(logEndOffset: Offset, flushedOffset: Offset): void {
    const leaderEpoch = this.#machine.leaderEpoch;
    if (leaderEpoch === undefined) return;
    const ackedOffset = this.#ackedOffset(logEndOffset, flushedOffset);
    this.#appendTimer.advanced(ackedOffset);
    this.#post({ type: "logAdvanced", leaderEpoch, logEndOffset, ackedOffset });
  }

  #appendsTakenBack(fromOffset: Offset, error: SluiceError): void {
    const leaderEpoch = this.#machine.leaderEpoch;
    this.#appendTimer.takenBack(fromOffset);
    this.#logger.warn({ err: error, fromOffset }, "disk full: appends are refused until there is room");
    if (leaderEpoch !== undefined) this.#post({ type: "appendsTakenBack", leaderEpoch, fromOffset, error });
  }

  #logFailed(error: SluiceError): void {
    this.#logger.error({ err: error }, "partition is offline: its log cannot be written");
    this.#post({ type: "logFailed", reason: error.message });
  }

  /** What this replica itself acknowledges. */
  #ackedOffset(logEndOffset: Offset, flushedOffset: Offset): Offset {
    return this.#config.flush === "always" ? flushedOffset : logEndOffset;
  }

  #maybeTellLeading(): void {
    const leaderEpoch = this.#machine.leaderEpoch;
    // The listener reads the log: not before everything that earlier epochs committed is below the high watermark.
    if (this.#isToldLeading || leaderEpoch === undefined) return;
    if (this.#machine.offsetsRefusal(undefined) !== undefined) return;
    this.#isToldLeading = true;
    this.#leadership.onLeading(this, leaderEpoch);
  }

  #tellResigned(): void {
    if (!this.#isToldLeading) return;
    this.#isToldLeading = false;
    this.#leadership.onResigned(this);
  }

  #leaderEpochOrThrow(): LeaderEpoch {
    if (this.#failure !== undefined) throw this.#failure;
    const refusal = this.#machine.offsetsRefusal(undefined);
    if (refusal !== undefined) throw refusal;
    return this.#machine.leaderEpoch as LeaderEpoch;
  }

  #offline(reason: string): SluiceError {
    return new SluiceError("PARTITION_OFFLINE", {
      topic: this.topic,
      partition: this.partition,
      broker: this.#identity.broker,
      reason,
    });
  }
}

/** Compaction keeps the last record of each key: a record without one could only be lost. */
function checkHasKeys(batch: Buffer, where: string): void {
  for (const { key, offset } of recordsIn(batch)) {
    if (key !== null) continue;
    const reason = `record ${offset} has no key, and a topic with cleanup.policy=compact keeps records by their keys`;
    throw new SluiceError("INVALID_RECORD_BATCH", { reason, where });
  }
}

function cancelled(): SluiceError {
  return new SluiceError("CANCELLED", { operation: "Fetch" });
}
