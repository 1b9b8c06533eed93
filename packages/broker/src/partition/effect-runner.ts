/**
 * Runs the effects of one partition: appends, reads, answers. What is about replication goes to `PartitionReplication`.
 *
 * A batch of an idempotent producer is checked against what the log knows of it and placed in one synchronous step, so that no
 * two batches are checked against the same past. One that the log has already is not placed again, and is answered like the
 * first time once that one is safe.
 *
 * Everything here is synchronous but the read of a fetch, which carries its request id and answers only while that request is
 * still known and its epoch is still the present one; otherwise the machine is asked again.
 */

import type { PartitionLog } from "@sluice/log";
import { isSluiceError, type LeaderEpoch, offset, SluiceError } from "@sluice/model";
import { batchesIn, batchLastOffset } from "@sluice/record";
import type { PartitionEffect, PartitionEvent } from "@sluice/replication";
import type { Logger } from "../logging.js";
import type { AppendTimer } from "./append-timer.js";
import { fetchRequested } from "./fetch-requested.js";
import { emptyFetchResult, type FetchWaiter, type FetchWaiters } from "./fetch-waiters.js";
import type { PartitionReplication } from "./partition-replication.js";
import type { ProduceWaiters } from "./produce-waiters.js";

type EffectOf<Type extends PartitionEffect["type"]> = Extract<PartitionEffect, { readonly type: Type }>;

export interface EffectRunnerDependencies {
  readonly log: PartitionLog;
  readonly produceWaiters: ProduceWaiters;
  readonly fetchWaiters: FetchWaiters;
  readonly appendTimer: AppendTimer;
  readonly replication: PartitionReplication;
  readonly logger: Logger;
  /** For errors. */
  readonly name: { readonly topic: string; readonly partition: number; readonly broker: number };
  /** Takes what an effect led to. */
  post(event: PartitionEvent): void;
  /** Epoch in which this broker leads now. */
  leaderEpoch(): LeaderEpoch | undefined;
  onHighWatermark(): void;
}

export class PartitionEffectRunner {
  readonly #dependencies: EffectRunnerDependencies;
  readonly #log: PartitionLog;
  readonly #produceWaiters: ProduceWaiters;
  readonly #fetchWaiters: FetchWaiters;

  constructor(dependencies: EffectRunnerDependencies) {
    this.#dependencies = dependencies;
    this.#log = dependencies.log;
    this.#produceWaiters = dependencies.produceWaiters;
    this.#fetchWaiters = dependencies.fetchWaiters;
  }

  run(effect: PartitionEffect): void {
    switch (effect.type) {
      case "appendToLog":
        this.#appendToLog(effect);
        break;
      case "acknowledgeProduce":
        this.#acknowledgeProduce(effect);
        break;
      case "rejectProduce":
        this.#produceWaiters.reject(effect.requestId, effect.error);
        break;
      case "readLog":
        this.#readLog(effect);
        break;
      case "parkFetch":
        this.#parkFetch(effect.requestId);
        break;
      case "answerFetchEmpty":
        this.#fetchWaiters.resolve(effect.requestId, emptyFetchResult(effect));
        break;
      case "rejectFetch":
        this.#fetchWaiters.reject(effect.requestId, effect.error, effect.diverging);
        break;
      case "highWatermarkAdvanced":
        this.#dependencies.onHighWatermark();
        break;
      default:
        this.#dependencies.replication.run(effect);
    }
  }

  #appendToLog(effect: EffectOf<"appendToLog">): void {
    const { requestId } = effect;
    const { header, sizeBytes } = this.#produceWaiters.describe(requestId);
    const verdict = header === undefined || header.producerId < 0 ? undefined : this.#log.checkProducer(header);
    if (verdict?.type === "duplicate") {
      const endOffset = offset(verdict.lastOffset + 1);
      this.#produceWaiters.duplicated(requestId, endOffset, verdict.timestampMs);
      this.#dependencies.post({
        type: "appendDuplicated",
        requestId,
        baseOffset: offset(verdict.baseOffset),
        endOffset,
      });
      return;
    }
    // Want of room comes first: the batch before this one may have been refused for it, and a gap follows from that alone.
    const refusal =
      this.#log.appendRefusal ??
      this.#boundRefusal(sizeBytes) ??
      (verdict?.type === "refused" ? verdict.error : undefined);
    if (refusal !== undefined) {
      this.#dependencies.post({ type: "appendRefused", requestId, error: refusal });
      return;
    }
    const batch = this.#produceWaiters.takeBatch(requestId);
    const { baseOffset, endOffset } = this.#log.append(batch, effect.leaderEpoch);
    this.#produceWaiters.placed(requestId, endOffset);
    this.#dependencies.replication.followers.placed(batch, baseOffset, endOffset);
    this.#dependencies.appendTimer.placed(endOffset);
    this.#dependencies.post({ type: "appendPlaced", requestId, baseOffset, endOffset, sizeBytes });
  }

  /** Why a batch of that size is more than the topic's bound lets in, or undefined. */
  #boundRefusal(sizeBytes: number): SluiceError | undefined {
    const bytesMax = this.#log.config["bounded.bytes"];
    if (bytesMax < 0) return undefined;
    const bytes = this.#log.placedSizeBytes;
    if (bytes + sizeBytes <= bytesMax) return undefined;
    const { topic, partition } = this.#dependencies.name;
    return new SluiceError("TOPIC_FULL", { topic, partition, bytes, bytesMax });
  }

  #acknowledgeProduce(effect: EffectOf<"acknowledgeProduce">): void {
    const { requestId, baseOffset, leaderEpoch, replicas, logStartOffset, isDuplicate } = effect;
    const endOffset = this.#produceWaiters.endOffset(requestId) ?? Number.POSITIVE_INFINITY;
    const isFlushed = this.#log.flushedOffset >= endOffset;
    const replicasFlushed = (isFlushed ? 1 : 0) + this.#dependencies.replication.followers.flushedCount(endOffset);
    this.#produceWaiters.resolve(requestId, {
      baseOffset,
      leaderEpoch,
      replicas,
      replicasFlushed,
      logStartOffset,
      isDuplicate,
    });
  }

  #parkFetch(requestId: number): void {
    this.#fetchWaiters.park(requestId, () => this.#dependencies.post({ type: "fetchExpired", requestId }));
  }

  #readLog(effect: EffectOf<"readLog">): void {
    const { requestId } = effect;
    const waiter = this.#fetchWaiters.get(requestId);
    // Its caller went away.
    if (waiter === undefined) return;
    this.#fetchWaiters.unpark(waiter);
    if (waiter.reservedBytes === 0) waiter.reservedBytes = waiter.sink.reserve(waiter.sizeBytesMax);
    const sizeBytesMax = waiter.reservedBytes;
    if (sizeBytesMax === 0) {
      this.#fetchWaiters.remove(requestId);
      return;
    }
    this.#log.read(effect.fromOffset, { upToOffset: effect.upToOffset, sizeBytesMax }).then(
      (records) => this.#logRead(effect, waiter, records),
      (error: unknown) => this.#readFailed(requestId, error),
    );
  }

  #logRead(effect: EffectOf<"readLog">, waiter: FetchWaiter, records: Buffer): void {
    const { requestId, upToOffset: highWatermark, leaderEpoch, logStartOffset } = effect;
    if (this.#fetchWaiters.get(requestId) !== waiter) return;
    if (this.#dependencies.leaderEpoch() !== leaderEpoch) this.#askAgain(requestId, waiter);
    else if (records.length < effect.minBytes && endsAt(records, highWatermark))
      this.#fellShort(effect, waiter, records);
    else this.#fetchWaiters.resolve(requestId, { highWatermark, leaderEpoch, logStartOffset, records });
  }

  /** There is less than it wants, and no more to be read: it waits on, and holds nothing meanwhile. */
  #fellShort(effect: EffectOf<"readLog">, waiter: FetchWaiter, records: Buffer): void {
    const { requestId, fromOffset: fetchOffset, minBytes, leaderEpoch, committedBytes } = effect;
    waiter.reservedBytes = 0;
    waiter.sink.release();
    // Its caller may have taken that as a chance to give it up.
    if (this.#fetchWaiters.get(requestId) !== waiter) return;
    const missingBytes = minBytes - records.length;
    this.#dependencies.post({
      type: "fetchFellShort",
      requestId,
      fetchOffset,
      minBytes,
      missingBytes,
      leaderEpoch,
      committedBytes,
    });
  }

  /** The epoch in which the read was decided is over: what was read may not be committed in the present one. */
  #askAgain(requestId: number, waiter: FetchWaiter): void {
    this.#dependencies.post(fetchRequested(this.#log, requestId, waiter));
  }

  #readFailed(requestId: number, error: unknown): void {
    // Deleted while it was being read: nothing failed.
    if (!isSluiceError(error, "OFFSET_OUT_OF_RANGE")) {
      this.#dependencies.logger.error({ err: error }, "reading the log failed");
    }
    this.#fetchWaiters.reject(requestId, this.#readError(error));
  }

  #readError(error: unknown): SluiceError {
    if (isSluiceError(error)) return error;
    const reason = error instanceof Error ? error.message : String(error);
    return new SluiceError("PARTITION_OFFLINE", { ...this.#dependencies.name, reason }, { cause: error });
  }
}

/** Whether the whole batches in `records` reach `endOffset`: what is missing is not there yet. */
function endsAt(records: Buffer, endOffset: number): boolean {
  let end = records.length === 0 ? endOffset : 0;
  for (const batch of batchesIn(records)) end = batchLastOffset(batch) + 1;
  return end >= endOffset;
}
