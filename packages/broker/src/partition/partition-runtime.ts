/**
 * Runs one partition on this broker: owns its log and its state machine.
 *
 * Whatever happens to the partition is an event of one synchronous loop (`PartitionEventLoop`), and what it leads to comes back as
 * events. Nothing else mutates the partition, and there is no `await` between a decision and what it decided on. Reads of the log are the only thing that is waited for; what the machine
 * said is asked again after them when the epoch has changed meanwhile.
 *
 * A broken invariant stops the partition: everything pending is refused, and it answers nothing until the broker restarts.
 */

import type { PartitionLog } from "@sluice/log";
import {
  type Clock,
  isOffset,
  isSluiceError,
  type LeaderEpoch,
  type Offset,
  offset,
  SluiceError,
  type TopicConfig,
  type TopicId,
  type TopicName,
  topicPartitionText,
  toSluiceError,
} from "@sluice/model";
import { type PartitionIdentity, PartitionStateMachine, type RequiredAcks } from "@sluice/replication";
import type { LatencyHistogram } from "../broker-counters.js";
import type { Logger } from "../logging.js";
import { AppendTimer } from "./append-timer.js";
import { awaitFetch } from "./await-fetch.js";
import { type AcceptedBatch, BatchIntake } from "./batch-intake.js";
import { CommittedReader } from "./committed-reader.js";
import { PartitionEffectRunner } from "./effect-runner.js";
import { FetchWaiters } from "./fetch-waiters.js";
import { LeadershipNotice, type LeadershipObserver } from "./leadership-notice.js";
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
import { PartitionEventLoop } from "./partition-event-loop.js";
import { type ProduceRequestParts, ProduceWaiters } from "./produce-waiters.js";

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
  readonly leadership: LeadershipObserver<PartitionRuntime>;
}

export class PartitionRuntime implements LedPartition {
  readonly topic: TopicName;
  readonly topicId: TopicId;
  readonly partition: number;
  readonly #identity: PartitionIdentity;
  #config: TopicConfig;
  readonly #log: PartitionLog;
  readonly #logger: Logger;
  readonly #leadership: LeadershipNotice<PartitionRuntime>;
  readonly #machine: PartitionStateMachine;
  readonly #produceWaiters = new ProduceWaiters();
  readonly #fetchWaiters: FetchWaiters;
  readonly #effects: PartitionEffectRunner;
  readonly #reader: CommittedReader;
  readonly #appendTimer: AppendTimer;
  readonly #intake: BatchIntake;
  readonly #loop: PartitionEventLoop;
  #nextRequestId = 1;
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
    this.#logger = dependencies.logger;
    this.#leadership = new LeadershipNotice<PartitionRuntime>(this, dependencies.leadership);
    this.#machine = new PartitionStateMachine(identity);
    this.#fetchWaiters = new FetchWaiters(dependencies.clock);
    this.#intake = new BatchIntake(this.#where, config, dependencies.clock);
    const name = { topic: this.topic, partition: this.partition, broker: identity.broker };
    this.#appendTimer = new AppendTimer(dependencies.clock, dependencies.appendLatency);
    this.#effects = new PartitionEffectRunner({
      log: this.#log,
      produceWaiters: this.#produceWaiters,
      fetchWaiters: this.#fetchWaiters,
      appendTimer: this.#appendTimer,
      logger: this.#logger,
      name,
      post: (event) => this.#loop.post(event),
      leaderEpoch: () => this.#machine.leaderEpoch,
      onHighWatermark: () => {
        this.#log.setHighWatermark(this.highWatermark);
        this.#maybeTellLeading();
      },
    });
    this.#loop = new PartitionEventLoop({
      step: (event) => this.#machine.step(event),
      run: (effect) => this.#effects.run(effect),
      onBroken: (error) => {
        this.#logger.error({ err: error }, "partition stopped: an invariant is broken");
        this.stop(this.#offline(toSluiceError(error).message));
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
    this.#log.onLogStartMoved = (logStartOffset) => this.#loop.post({ type: "logStartMoved", logStartOffset });
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

  /** Records that wait for their write. */
  get unwrittenRecords(): number {
    return this.#log.logEndOffset - this.#log.writtenOffset;
  }

  /** Records that a power loss would take, written or not. */
  get unflushedRecords(): number {
    return this.#log.logEndOffset - this.#log.flushedOffset;
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
    this.#loop.post({
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
    this.#loop.post({ type: "resign", leaderEpoch, leader });
    this.#leadership.tellResigned();
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

  /**
   * New settings of the topic: what is checked of batches is new at once, what the log does as soon as it has recorded it.
   * @throws SluiceError DISK_FULL: the log keeps the old ones; DISK_FAILED
   */
  async updateConfig(config: TopicConfig, replicationFactor: number): Promise<void> {
    this.#config = config;
    this.#intake.updateConfig(config);
    const inSyncReplicasMin = Math.min(config["min.insync.replicas"], replicationFactor);
    this.#loop.post({ type: "inSyncReplicasMinChanged", inSyncReplicasMin });
    await this.#log.updateConfig(config);
    // Under a weaker flush policy what waits for the disk may be safe enough.
    this.#logAdvanced(this.#log.writtenOffset, this.#log.flushedOffset);
  }

  /**
   * Checks everything about a batch that came from a client, and makes of it what the topic asks for. Its bytes belong to the
   * partition from now on. @throws SluiceError as `BatchIntake.accept`
   */
  acceptBatch(batch: Buffer): AcceptedBatch {
    return this.#intake.accept(batch);
  }

  /** `produce` without a promise. The batch is accepted, or the broker's own, and belongs to the partition from now on. */
  startProduce(
    request: ProduceRequestParts & { readonly acks: RequiredAcks; readonly clientEpoch: number | undefined },
    sink: ProduceSink,
  ): void {
    if (this.#failure !== undefined) {
      sink.onRefused(this.#failure);
      return;
    }
    const requestId = this.#nextRequestId++;
    this.#produceWaiters.add(requestId, request, sink);
    this.#loop.post({
      type: "appendRequested",
      requestId,
      acks: request.acks,
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
    this.#loop.post({
      type: "fetchRequested",
      requestId,
      fetchOffset: request.fromOffset,
      clientEpoch: request.clientEpoch,
      mayWait: request.waitMsMax > 0,
      minBytes: this.#fetchWaiters.get(requestId)?.minBytes ?? 1,
    });
    return requestId;
  }

  /** Forgets a fetch: its sink is not called any more. Nothing happens when it was answered. */
  cancelFetch(requestId: number): void {
    if (this.#fetchWaiters.remove(requestId)) this.#loop.post({ type: "fetchExpired", requestId });
  }

  produce(
    batch: Buffer,
    options: { readonly acks: RequiredAcks; readonly clientEpoch?: number | undefined },
  ): Promise<ProduceResult> {
    return this.#produce({ batch, acks: options.acks, clientEpoch: options.clientEpoch });
  }

  /** Appends a batch that came from a client, who may come with it again. @throws SluiceError as `acceptBatch` and `produce` */
  async acceptAndProduce(batch: Buffer, acks: RequiredAcks): Promise<ProduceResult> {
    const isChangedInPlace = this.#config["message.timestamp.type"] === "LogAppendTime";
    const accepted = this.acceptBatch(isChangedInPlace ? Buffer.from(batch) : batch);
    return this.#produce({ ...accepted, acks, clientEpoch: undefined });
  }

  fetch(options: FetchOptions): Promise<FetchResult> {
    return awaitFetch(this, options);
  }

  listOffset(query: OffsetQuery): Promise<OffsetAnswer> {
    return this.#reader.listOffset(query);
  }

  /**
   * Deletes the records below an offset, at most the high watermark; -1: the high watermark. Returns the first offset that can
   * still be read, which is above it where more had been deleted before.
   * @throws SluiceError NOT_LEADER, LEADER_NOT_AVAILABLE, OFFSET_OUT_OF_RANGE, DISK_FULL, DISK_FAILED
   */
  async deleteRecordsBefore(beforeOffset: number): Promise<Offset> {
    this.#leaderEpochOrThrow();
    const before = beforeOffset === -1 ? this.highWatermark : beforeOffset;
    if (!isOffset(before) || before > this.highWatermark) {
      const { topic, partition, highWatermark } = this;
      const { logStartOffset } = this.#log;
      throw new SluiceError("OFFSET_OUT_OF_RANGE", { topic, partition, offset: before, logStartOffset, highWatermark });
    }
    try {
      await this.#log.deleteRecordsBefore(offset(before));
    } catch (error) {
      // A log that was closed because the topic was deleted, or the broker stops, says only that it is closed.
      throw this.#failure ?? error;
    }
    return this.#log.logStartOffset;
  }

  readCommitted(fromOffset?: Offset): AsyncIterable<Buffer> {
    return this.#reader.readCommitted(fromOffset);
  }

  /** Refuses what is pending and what comes, for good. The log stays open: its owner closes it. */
  stop(error: SluiceError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#loop.stop();
    this.#produceWaiters.rejectAll({
      refused: error,
      indeterminate: new SluiceError("INDETERMINATE", {
        operation: `Appending to ${this.#where}`,
        reason: error.message,
      }),
    });
    this.#fetchWaiters.rejectAll(error);
    this.#leadership.tellResigned();
  }

  #produce(
    request: ProduceRequestParts & { readonly acks: RequiredAcks; readonly clientEpoch: number | undefined },
  ): Promise<ProduceResult> {
    return new Promise((resolve, reject) => {
      this.startProduce(request, { onProduced: resolve, onRefused: reject });
    });
  }

  #logAdvanced(logEndOffset: Offset, flushedOffset: Offset): void {
    const leaderEpoch = this.#machine.leaderEpoch;
    if (leaderEpoch === undefined) return;
    const ackedOffset = this.#ackedOffset(logEndOffset, flushedOffset);
    this.#appendTimer.advanced(ackedOffset);
    this.#loop.post({ type: "logAdvanced", leaderEpoch, logEndOffset, ackedOffset });
  }

  #appendsTakenBack(fromOffset: Offset, error: SluiceError): void {
    const leaderEpoch = this.#machine.leaderEpoch;
    this.#appendTimer.takenBack(fromOffset);
    this.#logger.warn({ err: error, fromOffset }, "disk full: appends are refused until there is room");
    if (leaderEpoch !== undefined) this.#loop.post({ type: "appendsTakenBack", leaderEpoch, fromOffset, error });
  }

  #logFailed(error: SluiceError): void {
    this.#logger.error({ err: error }, "partition is offline: its log cannot be written");
    this.#loop.post({ type: "logFailed", reason: error.message });
  }

  /** What this replica itself acknowledges. */
  #ackedOffset(logEndOffset: Offset, flushedOffset: Offset): Offset {
    // The log's own config: a weaker policy counts when it is recorded.
    return this.#log.config.flush === "always" ? flushedOffset : logEndOffset;
  }

  #maybeTellLeading(): void {
    const leaderEpoch = this.#machine.leaderEpoch;
    // The listener reads the log: not before everything that earlier epochs committed is below the high watermark.
    if (this.#leadership.isTold || leaderEpoch === undefined) return;
    if (this.#machine.offsetsRefusal(undefined) === undefined) this.#leadership.tellLeading(leaderEpoch);
  }

  #leaderEpochOrThrow(): LeaderEpoch {
    if (this.#failure !== undefined) throw this.#failure;
    const refusal = this.#machine.offsetsRefusal(undefined);
    if (refusal !== undefined) throw refusal;
    return this.#machine.leaderEpoch as LeaderEpoch;
  }

  get #where(): string {
    return topicPartitionText(this.topic, this.partition);
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
