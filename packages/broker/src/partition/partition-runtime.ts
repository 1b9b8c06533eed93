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
  type BrokerId,
  type Clock,
  isOffset,
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
import type { ReplicaDescription } from "../replication/replica-access.js";
import { AppendTimer } from "./append-timer.js";
import { awaitFetch } from "./await-fetch.js";
import { type AcceptedBatch, BatchIntake } from "./batch-intake.js";
import { CommittedReader } from "./committed-reader.js";
import { PartitionEffectRunner } from "./effect-runner.js";
import { fetchRequested } from "./fetch-requested.js";
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
import { PartitionReplication } from "./partition-replication.js";
import { type ProduceRequestParts, ProduceWaiters } from "./produce-waiters.js";
import type { RecentBytesBudget } from "./recent-batches.js";
import type { ReplicationPorts } from "./replication-ports.js";

export interface PartitionRuntimeOptions {
  readonly identity: PartitionIdentity;
  readonly topicId: TopicId;
  readonly config: TopicConfig;
  /** A follower that has not caught up for so long leaves the in-sync replicas. */
  readonly replicaLagMsMax: number;
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
  readonly ports: ReplicationPorts;
  /** Memory for batches that followers are about to be sent, of all partitions. */
  readonly recentBytes: RecentBytesBudget;
  /** The life of that broker that is known to be over; undefined: it may well run. */
  endedLifeOf(broker: number): number | undefined;
  /** `breakdown` is set. */
  onBreakdown(): void;
}

export class PartitionRuntime implements LedPartition {
  readonly topic: TopicName;
  readonly topicId: TopicId;
  readonly partition: number;
  readonly replication: PartitionReplication;
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
  #breakdown: SluiceError | undefined;
  readonly #onBreakdown: () => void;

  constructor(options: PartitionRuntimeOptions, dependencies: PartitionRuntimeDependencies) {
    const { identity, config } = options;
    this.topic = identity.topic;
    this.topicId = options.topicId;
    this.partition = identity.partition;
    this.#identity = identity;
    this.#config = config;
    this.#log = dependencies.log;
    this.#logger = dependencies.logger;
    this.#onBreakdown = () => dependencies.onBreakdown();
    this.#leadership = new LeadershipNotice<PartitionRuntime>(this, dependencies.leadership);
    this.#machine = new PartitionStateMachine(identity);
    this.#fetchWaiters = new FetchWaiters(dependencies.clock);
    this.#intake = new BatchIntake(this.#where, config, dependencies.clock);
    const name = { topic: this.topic, partition: this.partition, broker: identity.broker };
    this.#appendTimer = new AppendTimer(dependencies.clock, dependencies.appendLatency);
    this.replication = new PartitionReplication(options, {
      ...dependencies,
      endedLifeOf: (broker) => dependencies.endedLifeOf(broker),
      machine: this.#machine,
      post: (event) => this.#loop.post(event),
      highWatermark: () => this.highWatermark,
      ackedOffset: () => this.#ackedOffset(this.#log.writtenOffset, this.#log.flushedOffset),
      onResigned: () => this.#leadership.tellResigned(),
      onBroken: (error) => this.#broken(error),
    });
    this.#effects = new PartitionEffectRunner({
      log: this.#log,
      produceWaiters: this.#produceWaiters,
      fetchWaiters: this.#fetchWaiters,
      appendTimer: this.#appendTimer,
      replication: this.replication,
      logger: this.#logger,
      name,
      post: (event) => this.#loop.post(event),
      leaderEpoch: () => this.#machine.leaderEpoch,
      onHighWatermark: () => this.#highWatermarkMoved(),
    });
    this.#loop = new PartitionEventLoop({
      step: (event) => this.#machine.step(event),
      run: (effect) => this.#effects.run(effect),
      onDrained: () => this.replication.roles.noticeEnd(),
      onBroken: (error) => this.#broken(error),
    });
    this.#reader = new CommittedReader({
      log: this.#log,
      name,
      leaderEpochOrThrow: () => this.#readableEpochOrThrow(),
      highWatermark: () => this.highWatermark,
    });
    this.#log.onAdvanced = (logEndOffset, flushedOffset) => this.#logAdvanced(logEndOffset, flushedOffset);
    this.#log.onFailed = (error) => this.#logFailed(error);
    this.#log.onAppendsFailed = (endOffset, error) => this.#appendsTakenBack(endOffset, error);
    this.#log.onLogStartMoved = (logStartOffset) => this.#logStartMoved(logStartOffset);
  }

  get leaderEpoch(): LeaderEpoch | undefined {
    return this.#failure === undefined ? this.#machine.leaderEpoch : undefined;
  }

  get highWatermark(): Offset {
    return this.#machine.highWatermark ?? this.#log.highWatermark;
  }

  get appendRefusal(): SluiceError | undefined {
    return this.#log.appendRefusal ?? this.#machine.appendRefusal;
  }

  get readRefusal(): SluiceError | undefined {
    return this.replication.roles.readRefusal;
  }

  /** Why the partition answers nothing any more, or does not follow. */
  get failure(): SluiceError | undefined {
    return this.#failure ?? this.replication.roles.quarantine;
  }

  /** Why this replica can neither lead nor follow before the next start: its log cannot be written, or it is defect. */
  get breakdown(): SluiceError | undefined {
    return this.#breakdown;
  }

  /** What this replica has, whatever its role. */
  get description(): ReplicaDescription {
    const { topicId, partition, highWatermark } = this;
    const { latestEpoch: lastEpoch, logEndOffset, logStartOffset, sizeBytes } = this.#log;
    return { topicId, partition, lastEpoch, logEndOffset, logStartOffset, highWatermark, sizeBytes };
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
   * New settings of the topic: what is checked of batches is new at once, what the log does as soon as it has recorded it.
   * @throws SluiceError DISK_FULL: the log keeps the old ones; DISK_FAILED
   */
  async updateConfig(config: TopicConfig): Promise<void> {
    this.#config = config;
    this.#intake.updateConfig(config);
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
    // Nobody could take back what followers do not confirm.
    const refusal = this.#failure ?? (request.acks === "all" ? undefined : this.replication.roles.changeRefusal);
    if (refusal !== undefined) {
      sink.onRefused(refusal);
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

  /**
   * Takes no appends from now on, and calls back when that in-sync replica has everything that was taken, at most once. Nothing
   * happens where this broker does not lead (any more).
   */
  startHandover(candidate: BrokerId, onReady: (leaderEpoch: LeaderEpoch) => void): void {
    this.replication.roles.startHandover(candidate, onReady);
  }

  /** Goes on leading, where it still leads. */
  endHandover(): void {
    this.replication.roles.endHandover();
  }

  /** `fetch` without a promise. Returns an id for `cancelFetch`. */
  startFetch(request: Omit<FetchOptions, "signal">, sink: FetchSink): number {
    const requestId = this.#nextRequestId++;
    const refusal = this.#failure ?? this.readRefusal;
    if (refusal !== undefined) {
      sink.onFetchRefused(refusal);
      return requestId;
    }
    const waiter = this.#fetchWaiters.add(requestId, request, sink);
    this.#loop.post(fetchRequested(this.#log, requestId, waiter));
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
   * @throws SluiceError NOT_LEADER, LEADER_NOT_AVAILABLE, BROKER_FENCED, OFFSET_OUT_OF_RANGE, DISK_FULL, DISK_FAILED
   */
  async deleteRecordsBefore(beforeOffset: number): Promise<Offset> {
    this.#leaderEpochOrThrow();
    const refusal = this.replication.roles.changeRefusal;
    if (refusal !== undefined) throw refusal;
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
    this.replication.stop();
  }

  #produce(
    request: ProduceRequestParts & { readonly acks: RequiredAcks; readonly clientEpoch: number | undefined },
  ): Promise<ProduceResult> {
    return new Promise((resolve, reject) => {
      this.startProduce(request, { onProduced: resolve, onRefused: reject });
    });
  }

  #logAdvanced(writtenOffset: Offset, flushedOffset: Offset): void {
    const { roleEpoch } = this.#machine;
    this.replication.written(writtenOffset);
    if (roleEpoch === undefined) return;
    const ackedOffset = this.#ackedOffset(writtenOffset, flushedOffset);
    this.#appendTimer.advanced(ackedOffset);
    this.#loop.post({ type: "logAdvanced", leaderEpoch: roleEpoch, logEndOffset: writtenOffset, ackedOffset });
  }

  #appendsTakenBack(fromOffset: Offset, error: SluiceError): void {
    this.#appendTimer.takenBack(fromOffset);
    this.#logger.warn({ err: error, fromOffset }, "disk full: appends are refused until there is room");
    this.replication.takenBack(fromOffset, error);
  }

  #logFailed(error: SluiceError): void {
    this.#logger.error({ err: error }, "partition is offline: its log cannot be written");
    this.replication.logFailed();
    this.#loop.post({ type: "logFailed", reason: error.message });
    this.#brokeDown(error);
  }

  #logStartMoved(logStartOffset: Offset): void {
    this.#loop.post({ type: "logStartMoved", logStartOffset });
    this.replication.marksMoved();
  }

  #highWatermarkMoved(): void {
    this.#log.setHighWatermark(this.highWatermark);
    this.replication.marksMoved();
    this.#maybeTellLeading();
  }

  #broken(error: unknown): void {
    this.#logger.error({ err: error }, "partition stopped: an invariant is broken");
    const offline = this.#offline(toSluiceError(error).message);
    this.stop(offline);
    this.#brokeDown(offline);
  }

  #brokeDown(error: SluiceError): void {
    this.#breakdown ??= error;
    this.#onBreakdown();
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

  #readableEpochOrThrow(): LeaderEpoch {
    const leaderEpoch = this.#leaderEpochOrThrow();
    if (this.readRefusal !== undefined) throw this.readRefusal;
    return leaderEpoch;
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
