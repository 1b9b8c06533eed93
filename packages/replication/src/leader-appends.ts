/**
 * Appends that producers ask of the leader of a partition, in one leader epoch.
 *
 * Acknowledges acks=none when placed, acks=leader when its own log has the batch written, acks=all when the high watermark has
 * passed it. A definite refusal is given only before the append; after it, whatever ends the epoch leaves the outcome open, and
 * the producer hears INDETERMINATE.
 *
 * A batch that the log has already is answered like the first time, when that one is as safe as the repetition asks (P17).
 */

import { invariant, type Offset, type SluiceError } from "@sluice/model";
import type { LeaderReplicas } from "./leader-replicas.js";
import type { LedLog } from "./led-log.js";
import type { PartitionEffect } from "./partition-effect.js";
import type { PartitionErrors } from "./partition-errors.js";
import type { PartitionEvent } from "./partition-event.js";
import { PendingAppends, type PlacedAppend } from "./pending-appends.js";

type EventOf<Type extends PartitionEvent["type"]> = Extract<PartitionEvent, { readonly type: Type }>;

export interface LeaderAppendsDependencies {
  readonly log: LedLog;
  readonly replicas: LeaderReplicas;
  readonly errors: PartitionErrors;
}

export class LeaderAppends {
  readonly #log: LedLog;
  readonly #replicas: LeaderReplicas;
  readonly #errors: PartitionErrors;
  readonly #pending = new PendingAppends();

  constructor(dependencies: LeaderAppendsDependencies) {
    this.#log = dependencies.log;
    this.#replicas = dependencies.replicas;
    this.#errors = dependencies.errors;
  }

  /** Whether no append is begun that is not answered. */
  get areAnswered(): boolean {
    return this.#pending.isEmpty;
  }

  /** @param refusal why no append is taken at all now, or undefined */
  requested(event: EventOf<"appendRequested">, refusal: SluiceError | undefined): PartitionEffect[] {
    const { requestId, acks } = event;
    const error = refusal ?? (acks === "all" ? this.#replicas.appendRefusal : undefined);
    if (error !== undefined) return [{ type: "rejectProduce", requestId, error }];
    this.#pending.begin(requestId, acks);
    return [{ type: "appendToLog", requestId, leaderEpoch: this.#log.leaderEpoch }];
  }

  /** False: it was begun in an epoch that is over, and answered when that ended. */
  placed(event: EventOf<"appendPlaced">, effects: PartitionEffect[]): boolean {
    const { requestId, baseOffset, endOffset } = event;
    const acks = this.#pending.takeUnplaced(requestId);
    if (acks === undefined) return false;
    invariant(baseOffset < endOffset, "a batch without records was placed");
    invariant(endOffset > this.#log.placedOffset || endOffset <= this.#log.writtenOffset, "a batch was placed twice");
    this.#log.placedTo(endOffset);
    const append: PlacedAppend = { requestId, acks, baseOffset, endOffset, isDuplicate: false };
    // The write may be reported before the placement: then nothing will come that answers it later.
    if (this.#isSafe(append)) effects.push(this.#acknowledge(append));
    else this.#pending.wait(append);
    return true;
  }

  duplicated(event: EventOf<"appendDuplicated">): PartitionEffect[] {
    const { requestId, baseOffset, endOffset } = event;
    const acks = this.#pending.takeUnplaced(requestId);
    // Begun in an epoch that is over: it was answered when that epoch ended.
    if (acks === undefined) return [];
    invariant(endOffset <= this.#log.placedOffset, "a batch was placed before, and lies beyond what is placed");
    const append: PlacedAppend = { requestId, acks, baseOffset, endOffset, isDuplicate: true };
    if (this.#isSafe(append)) return [this.#acknowledge(append)];
    this.#pending.waitBeside(append);
    return [];
  }

  refused(event: EventOf<"appendRefused">): PartitionEffect[] {
    const { requestId, error } = event;
    // Begun in an epoch that is over: it was answered when that epoch ended.
    if (this.#pending.takeUnplaced(requestId) === undefined) return [];
    return [{ type: "rejectProduce", requestId, error }];
  }

  takenBack(event: EventOf<"appendsTakenBack">): PartitionEffect[] {
    const { error } = event;
    return this.#pending.takeFrom(event.fromOffset).map((requestId) => ({ type: "rejectProduce", requestId, error }));
  }

  /** More is written: answers what waits for that. */
  written(effects: PartitionEffect[]): void {
    for (const append of this.#pending.takeWritten(this.#log.writtenOffset)) effects.push(this.#acknowledge(append));
  }

  /** More is committed: answers what waits for that. */
  committed(effects: PartitionEffect[]): void {
    const { highWatermark } = this.#replicas;
    for (const append of this.#pending.takeCommitted(highWatermark)) effects.push(this.#acknowledge(append));
  }

  /** Nothing that is being appended can be answered any more. */
  fail(reason: string): PartitionEffect[] {
    return this.#pending
      .takeAll()
      .map((requestId) => ({ type: "rejectProduce", requestId, error: this.#errors.indeterminate(reason) }));
  }

  /** Whether the batch is as safe as its acks ask. */
  #isSafe({ acks, endOffset }: PlacedAppend): boolean {
    if (acks === "none") return true;
    const safeOffset: Offset = acks === "all" ? this.#replicas.highWatermark : this.#log.writtenOffset;
    return endOffset <= safeOffset;
  }

  #acknowledge({ requestId, acks, baseOffset, endOffset, isDuplicate }: PlacedAppend): PartitionEffect {
    return {
      type: "acknowledgeProduce",
      requestId,
      baseOffset,
      leaderEpoch: this.#log.leaderEpoch,
      replicas: acks === "all" ? this.#replicas.countWith(endOffset) : acks === "leader" ? 1 : 0,
      logStartOffset: this.#log.logStartOffset,
      isDuplicate,
    };
  }
}
