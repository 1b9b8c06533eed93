/**
 * What a broker does for a partition while it leads it, in one leader epoch.
 *
 * This file joins the three sides of a leader: producers (`LeaderAppends`), readers (`LeaderFetches`) and replicas
 * (`LeaderReplicas`). Whatever moves the high watermark answers what waits for it, in the same step.
 *
 * A *handover* moves leadership to an in-sync replica without a gap: appends are refused before anything is written, and when the
 * candidate has everything and every producer has its answer, the runtime may have it elected.
 *
 * Made at `becomeLeader`, thrown away at the next change of epoch. The lookups of an event cost constant time an answered
 * request, whatever else waits.
 */

import { invariant, type LeaderEpoch, type Offset, type SluiceError } from "@sluice/model";
import { LeaderAppends } from "./leader-appends.js";
import { LeaderFetches } from "./leader-fetches.js";
import { LeaderReplicas, type ReplicaStanding } from "./leader-replicas.js";
import { LedLog } from "./led-log.js";
import type { PartitionEffect } from "./partition-effect.js";
import type { PartitionErrors } from "./partition-errors.js";
import type { PartitionEvent, PartitionIdentity } from "./partition-event.js";

type EventOf<Type extends PartitionEvent["type"]> = Extract<PartitionEvent, { readonly type: Type }>;

export class LeaderRole {
  readonly leaderEpoch: LeaderEpoch;
  readonly #errors: PartitionErrors;
  readonly #log: LedLog;
  readonly #replicas: LeaderReplicas;
  readonly #appends: LeaderAppends;
  readonly #fetches: LeaderFetches;
  #handover: { readonly candidate: number; readonly isReady: boolean } | undefined;

  constructor(identity: PartitionIdentity, event: EventOf<"becomeLeader">, errors: PartitionErrors) {
    this.leaderEpoch = event.leaderEpoch;
    this.#errors = errors;
    const log = new LedLog(event.leaderEpoch, event.logStartOffset, event.logEndOffset);
    const replicas = new LeaderReplicas(identity, event, { log, errors });
    this.#log = log;
    this.#replicas = replicas;
    this.#appends = new LeaderAppends({ log, replicas, errors });
    this.#fetches = new LeaderFetches({ log, replicas, errors });
  }

  get highWatermark(): Offset {
    return this.#replicas.highWatermark;
  }

  /** Whether the high watermark is known, and not only a lower bound of it. */
  get isHighWatermarkExact(): boolean {
    return this.#replicas.isHighWatermarkExact;
  }

  /** The other replicas that count for the high watermark; undefined while one of them does not follow in this epoch. */
  get followersInSync(): readonly number[] | undefined {
    return this.#replicas.followersInSync;
  }

  /** Why appends with acks=all are refused now, or undefined. */
  get appendRefusal(): SluiceError | undefined {
    return this.#handover === undefined ? this.#replicas.appendRefusal : this.#errors.leaderNotAvailable();
  }

  standingOf(replica: number): ReplicaStanding {
    return this.#replicas.standingOf(replica);
  }

  /** What the runtime hears first in an epoch: where its readers may begin, and what the store is to be asked for. */
  begin(): PartitionEffect[] {
    return [this.#highWatermarkAdvanced(), ...this.#replicas.maybePropose()];
  }

  /** The epoch is over: nothing that is pending will be answered in it. */
  end(reason: string, fetchError: SluiceError): PartitionEffect[] {
    return [...this.failAppends(reason), ...this.#fetches.rejectAll(fetchError)];
  }

  /** Nothing that is being appended can be answered any more. */
  failAppends(reason: string): PartitionEffect[] {
    return this.#appends.fail(reason);
  }

  /** Why a client that knows `clientEpoch` (undefined: none) is not served in this epoch, or undefined. */
  epochRefusal(clientEpoch: number | undefined): SluiceError | undefined {
    if (clientEpoch === undefined || clientEpoch === this.leaderEpoch) return undefined;
    return this.#errors.otherEpoch(clientEpoch, this.leaderEpoch);
  }

  appendRequested(event: EventOf<"appendRequested">): PartitionEffect[] {
    const isHandingOver = this.#handover !== undefined;
    const refusal = isHandingOver ? this.#errors.leaderNotAvailable() : this.epochRefusal(event.clientEpoch);
    return this.#appends.requested(event, refusal);
  }

  appendPlaced(event: EventOf<"appendPlaced">): PartitionEffect[] {
    const effects: PartitionEffect[] = [];
    if (!this.#appends.placed(event, effects)) return effects;
    this.#fetches.placed(event.endOffset, event.sizeBytes);
    return this.#withHandover(effects);
  }

  appendDuplicated(event: EventOf<"appendDuplicated">): PartitionEffect[] {
    return this.#withHandover(this.#appends.duplicated(event));
  }

  appendRefused(event: EventOf<"appendRefused">): PartitionEffect[] {
    return this.#withHandover(this.#appends.refused(event));
  }

  appendsTakenBack(event: EventOf<"appendsTakenBack">): PartitionEffect[] {
    if (event.leaderEpoch !== this.leaderEpoch) return [];
    this.#log.takenBackTo(event.fromOffset);
    this.#fetches.takenBack(event.fromOffset);
    return this.#withHandover(this.#appends.takenBack(event));
  }

  logAdvanced(event: EventOf<"logAdvanced">): PartitionEffect[] {
    // A write of an earlier epoch that finished late says nothing about this one.
    if (event.leaderEpoch !== this.leaderEpoch) return [];
    const effects: PartitionEffect[] = [];
    if (this.#log.writtenTo(event.logEndOffset)) this.#appends.written(effects);
    this.#replicas.acknowledged(event.ackedOffset);
    this.#maybeAdvanceHighWatermark(effects);
    return this.#withHandover(effects);
  }

  fetchRequested(event: EventOf<"fetchRequested">): PartitionEffect[] {
    const error = this.epochRefusal(event.clientEpoch);
    if (error !== undefined) return [{ type: "rejectFetch", requestId: event.requestId, error }];
    return this.#fetches.requested(event);
  }

  fetchFellShort(event: EventOf<"fetchFellShort">): PartitionEffect[] {
    return this.#fetches.fellShort(event);
  }

  fetchExpired(event: EventOf<"fetchExpired">): PartitionEffect[] {
    return this.#fetches.expired(event);
  }

  logStartMoved(event: EventOf<"logStartMoved">): PartitionEffect[] {
    invariant(event.logStartOffset <= this.highWatermark, "records that are not committed were deleted");
    this.#log.startsAt(event.logStartOffset);
    return [];
  }

  /** The epoch of the event is this one, or older. */
  replicaFetched(event: EventOf<"replicaFetched">): PartitionEffect[] {
    const effects = this.#replicas.replicaFetched(event);
    this.#maybeAdvanceHighWatermark(effects);
    // What an in-sync replica says calls for a change only where it is full: else only that it says nothing does.
    if (event.isFull === true || !this.#replicas.isConfirmed(event.replica))
      effects.push(...this.#replicas.maybePropose());
    return this.#withHandover(effects);
  }

  replicaGone(event: EventOf<"replicaGone">): PartitionEffect[] {
    return [...this.#replicas.replicaGone(event), ...this.#replicas.maybePropose()];
  }

  lagChecked(event: EventOf<"lagChecked">): PartitionEffect[] {
    this.#replicas.lagChecked(event);
    return this.#replicas.maybePropose();
  }

  inSyncReplicasMinChanged(event: EventOf<"inSyncReplicasMinChanged">): PartitionEffect[] {
    this.#replicas.setMembersMin(event.inSyncReplicasMin);
    return this.#replicaSetsSettled();
  }

  replicaSetsChanged(event: EventOf<"replicaSetsChanged">): PartitionEffect[] {
    if (event.leaderEpoch !== this.leaderEpoch) return [];
    this.#replicas.replicaSetsChanged(event);
    return this.#replicaSetsSettled();
  }

  replicaSetsTaken(event: EventOf<"replicaSetsTaken">): PartitionEffect[] {
    if (event.leaderEpoch !== this.leaderEpoch) return [];
    this.#replicas.replicaSetsTaken(event);
    return this.#replicaSetsSettled();
  }

  replicaSetsRefused(event: EventOf<"replicaSetsRefused">): PartitionEffect[] {
    if (event.leaderEpoch !== this.leaderEpoch) return [];
    this.#replicas.replicaSetsRefused(event);
    return this.#replicaSetsSettled();
  }

  handoverStarted({ candidate }: EventOf<"handoverStarted">): PartitionEffect[] {
    this.#handover = { candidate, isReady: false };
    return this.#withHandover([]);
  }

  handoverEnded(): PartitionEffect[] {
    this.#handover = undefined;
    return [];
  }

  /** What counts for the high watermark is another set than before: it may move, and the next change may be due. */
  #replicaSetsSettled(): PartitionEffect[] {
    const effects: PartitionEffect[] = [];
    this.#maybeAdvanceHighWatermark(effects);
    effects.push(...this.#replicas.maybePropose());
    return this.#withHandover(effects);
  }

  #maybeAdvanceHighWatermark(effects: PartitionEffect[]): void {
    const wasExact = this.isHighWatermarkExact;
    if (!this.#replicas.maybeAdvance()) return;
    effects.push(this.#highWatermarkAdvanced());
    this.#appends.committed(effects);
    this.#fetches.committed(effects);
    if (!wasExact && this.isHighWatermarkExact) this.#fetches.rejectBeyondLogEnd(effects);
  }

  /** Adds that the candidate may be elected now, once. */
  #withHandover(effects: PartitionEffect[]): PartitionEffect[] {
    const handover = this.#handover;
    if (handover === undefined || handover.isReady) return effects;
    const { candidate } = handover;
    if (!this.#appends.areAnswered || !this.#replicas.hasEverything(candidate)) return effects;
    this.#handover = { candidate, isReady: true };
    effects.push({ type: "handoverReady", candidate, leaderEpoch: this.leaderEpoch });
    return effects;
  }

  #highWatermarkAdvanced(): PartitionEffect {
    return { type: "highWatermarkAdvanced", highWatermark: this.highWatermark, leaderEpoch: this.leaderEpoch };
  }
}
