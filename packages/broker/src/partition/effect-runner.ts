/**
 * Runs the effects of one partition: appends, reads, answers.
 *
 * Everything here is synchronous but the read of a fetch, which carries its request id and answers only while that request is
 * still known and its epoch is still the present one; otherwise the machine is asked again.
 */

import type { PartitionLog } from "@sluice/log";
import { assertNever, isSluiceError, type LeaderEpoch, SluiceError } from "@sluice/model";
import type { PartitionEffect, PartitionEvent } from "@sluice/replication";
import type { Logger } from "../logging.js";
import type { AppendTimer } from "./append-timer.js";
import { emptyFetchResult, type FetchWaiter, type FetchWaiters } from "./fetch-waiters.js";
import type { ProduceWaiters } from "./produce-waiters.js";

type EffectOf<Type extends PartitionEffect["type"]> = Extract<PartitionEffect, { readonly type: Type }>;

export interface EffectRunnerDependencies {
  readonly log: PartitionLog;
  readonly produceWaiters: ProduceWaiters;
  readonly fetchWaiters: FetchWaiters;
  readonly appendTimer: AppendTimer;
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
        this.#fetchWaiters.reject(effect.requestId, effect.error);
        break;
      case "highWatermarkAdvanced":
        this.#dependencies.onHighWatermark();
        break;
      default:
        assertNever(effect);
    }
  }

  #appendToLog(effect: EffectOf<"appendToLog">): void {
    const { requestId } = effect;
    const refusal = this.#log.appendRefusal;
    if (refusal !== undefined) {
      this.#dependencies.post({ type: "appendRefused", requestId, error: refusal });
      return;
    }
    const { baseOffset, endOffset } = this.#log.append(this.#produceWaiters.takeBatch(requestId), effect.leaderEpoch);
    this.#produceWaiters.placed(requestId, endOffset);
    this.#dependencies.appendTimer.placed(endOffset);
    this.#dependencies.post({ type: "appendPlaced", requestId, baseOffset, endOffset });
  }

  #acknowledgeProduce(effect: EffectOf<"acknowledgeProduce">): void {
    const { requestId, baseOffset, leaderEpoch, replicas, logStartOffset } = effect;
    const endOffset = this.#produceWaiters.endOffset(requestId) ?? Number.POSITIVE_INFINITY;
    const replicasFlushed = this.#log.flushedOffset >= endOffset ? 1 : 0;
    this.#produceWaiters.resolve(requestId, { baseOffset, leaderEpoch, replicas, replicasFlushed, logStartOffset });
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
    if (!waiter.isReserved && !waiter.sink.tryReserve(waiter.sizeBytesMax)) {
      this.#fetchWaiters.remove(requestId);
      return;
    }
    waiter.isReserved = true;
    this.#log.read(effect.fromOffset, { upToOffset: effect.upToOffset, sizeBytesMax: waiter.sizeBytesMax }).then(
      (records) => this.#logRead(effect, waiter, records),
      (error: unknown) => this.#readFailed(requestId, error),
    );
  }

  #logRead(effect: EffectOf<"readLog">, waiter: FetchWaiter, records: Buffer): void {
    const { requestId, upToOffset: highWatermark, leaderEpoch, logStartOffset } = effect;
    if (this.#fetchWaiters.get(requestId) !== waiter) return;
    if (this.#dependencies.leaderEpoch() !== leaderEpoch) this.#askAgain(requestId, waiter);
    else this.#fetchWaiters.resolve(requestId, { highWatermark, leaderEpoch, logStartOffset, records });
  }

  /** The epoch in which the read was decided is over: what was read may not be committed in the present one. */
  #askAgain(requestId: number, waiter: FetchWaiter): void {
    this.#dependencies.post({
      type: "fetchRequested",
      requestId,
      fetchOffset: waiter.fromOffset,
      clientEpoch: waiter.clientEpoch,
      mayWait: waiter.deadlineMs !== undefined,
    });
  }

  #readFailed(requestId: number, error: unknown): void {
    this.#dependencies.logger.error({ err: error }, "reading the log failed");
    this.#fetchWaiters.reject(requestId, this.#readError(error));
  }

  #readError(error: unknown): SluiceError {
    if (isSluiceError(error)) return error;
    const reason = error instanceof Error ? error.message : String(error);
    return new SluiceError("PARTITION_OFFLINE", { ...this.#dependencies.name, reason }, { cause: error });
  }
}
