/**
 * What a broker does for a partition while it leads it, in one leader epoch.
 *
 * Acknowledges acks=none when placed, acks=leader when its own log has the batch written, acks=all when the high watermark has
 * passed it. A definite refusal is given only before the append; after it, whatever ends the epoch leaves the outcome open, and
 * the producer hears INDETERMINATE. Offsets of a fetch are in [log start, log end]: what lies below the high watermark is
 * read, what lies between it and the log end waits. A fetch that wants many bytes is read once to see what is missing, and then
 * waits until so many more are committed: an append only adds to a count.
 *
 * A batch that the log has already is answered like the first time, when that one is as safe as the repetition asks.
 *
 * Made at `becomeLeader`, thrown away at the next change of epoch. The lookups of an event cost constant time an answered
 * request, whatever else waits.
 */

import { invariant, isOffset, type LeaderEpoch, type Offset, offset, SluiceError } from "@sluice/model";
import { CommittedBytes } from "./committed-bytes.js";
import { HighWatermark } from "./high-watermark.js";
import { InSyncReplicas } from "./in-sync-replicas.js";
import { ParkedRequests } from "./parked-requests.js";
import type { PartitionEffect } from "./partition-effect.js";
import type { PartitionEvent, PartitionIdentity } from "./partition-event.js";
import { PendingAppends, type PlacedAppend } from "./pending-appends.js";

type EventOf<Type extends PartitionEvent["type"]> = Extract<PartitionEvent, { readonly type: Type }>;

interface ParkedFetch {
  readonly requestId: number;
  readonly fetchOffset: Offset;
  /** Bytes that it wants. */
  readonly minBytes: number;
}

export class LeaderRole {
  readonly leaderEpoch: LeaderEpoch;
  readonly #identity: PartitionIdentity;
  readonly #replicas: InSyncReplicas;
  readonly #highWatermark: HighWatermark;
  readonly #appends = new PendingAppends();
  /** Fetches that wait for the high watermark to pass their offset. */
  readonly #fetches = new ParkedRequests<ParkedFetch>();
  /** Fetches that have something to read, or are at the high watermark, and wait for more bytes. */
  readonly #byteFetches = new ParkedRequests<ParkedFetch>();
  readonly #committedBytes: CommittedBytes;
  #logStartOffset: Offset;
  /** End of what is written. */
  #writtenOffset: Offset;
  /** End of what is placed, written or not. */
  #placedOffset: Offset;

  constructor(identity: PartitionIdentity, event: EventOf<"becomeLeader">) {
    invariant(event.logStartOffset <= event.logEndOffset, "log start is beyond log end");
    this.#identity = identity;
    this.leaderEpoch = event.leaderEpoch;
    this.#replicas = new InSyncReplicas({
      leader: identity.broker,
      members: event.inSyncReplicas,
      membersMin: event.inSyncReplicasMin,
    });
    this.#replicas.acknowledged(identity.broker, event.ackedOffset);
    this.#highWatermark = new HighWatermark(event.logStartOffset, event.logEndOffset);
    this.#highWatermark.maybeAdvance(this.#replicas);
    this.#committedBytes = new CommittedBytes(this.#highWatermark.value, event.logEndOffset);
    this.#logStartOffset = event.logStartOffset;
    this.#writtenOffset = event.logEndOffset;
    this.#placedOffset = event.logEndOffset;
  }

  get highWatermark(): Offset {
    return this.#highWatermark.value;
  }

  /** Whether the high watermark is known, and not only a lower bound of it. */
  get isHighWatermarkExact(): boolean {
    return this.#highWatermark.isExact;
  }

  get logStartOffset(): Offset {
    return this.#logStartOffset;
  }

  /** What the runtime hears first in an epoch: where its readers may begin. */
  begin(): PartitionEffect[] {
    return [this.#highWatermarkAdvanced()];
  }

  /** The epoch is over: nothing that is pending will be answered in it. */
  end(reason: string, fetchError: SluiceError): PartitionEffect[] {
    return [
      ...this.failAppends(reason),
      ...[...this.#fetches.takeAll(), ...this.#byteFetches.takeAll()].map(
        (requestId): PartitionEffect => ({ type: "rejectFetch", requestId, error: fetchError }),
      ),
    ];
  }

  /** Nothing that is being appended can be answered any more. */
  failAppends(reason: string): PartitionEffect[] {
    return this.#appends.takeAll().map((requestId) => ({
      type: "rejectProduce",
      requestId,
      error: new SluiceError("INDETERMINATE", { operation: `Appending to ${this.#name}`, reason }),
    }));
  }

  /** Why a client that knows `clientEpoch` (undefined: none) is not served in this epoch, or undefined. */
  epochRefusal(clientEpoch: number | undefined): SluiceError | undefined {
    if (clientEpoch === undefined || clientEpoch === this.leaderEpoch) return undefined;
    return new SluiceError(clientEpoch < this.leaderEpoch ? "FENCED_LEADER_EPOCH" : "UNKNOWN_LEADER_EPOCH", {
      topic: this.#identity.topic,
      partition: this.#identity.partition,
      epoch: clientEpoch,
      currentEpoch: this.leaderEpoch,
    });
  }

  appendRequested(event: EventOf<"appendRequested">): PartitionEffect[] {
    const { requestId } = event;
    const error = this.epochRefusal(event.clientEpoch) ?? this.#replicasRefusal(event);
    if (error !== undefined) return [{ type: "rejectProduce", requestId, error }];
    this.#appends.begin(requestId, event.acks);
    return [{ type: "appendToLog", requestId, leaderEpoch: this.leaderEpoch }];
  }

  appendPlaced(event: EventOf<"appendPlaced">): PartitionEffect[] {
    const acks = this.#appends.takeUnplaced(event.requestId);
    // Begun in an epoch that is over: it was answered when that epoch ended.
    if (acks === undefined) return [];
    invariant(event.baseOffset < event.endOffset, "a batch without records was placed");
    invariant(
      event.endOffset > this.#placedOffset || event.endOffset <= this.#writtenOffset,
      "a batch was placed twice",
    );
    if (event.endOffset > this.#placedOffset) this.#placedOffset = event.endOffset;
    this.#committedBytes.placed(event.endOffset, event.sizeBytes);
    const { requestId, baseOffset, endOffset } = event;
    const append: PlacedAppend = { requestId, acks, baseOffset, endOffset, isDuplicate: false };
    // The write may be reported before the placement: then nothing will come that answers it later.
    if (this.#isSafe(append)) return [this.#acknowledge(append)];
    this.#appends.wait(append);
    return [];
  }

  appendDuplicated(event: EventOf<"appendDuplicated">): PartitionEffect[] {
    const { requestId, baseOffset, endOffset } = event;
    const acks = this.#appends.takeUnplaced(requestId);
    // Begun in an epoch that is over: it was answered when that epoch ended.
    if (acks === undefined) return [];
    invariant(endOffset <= this.#placedOffset, "a batch was placed before, and lies beyond what is placed");
    const append: PlacedAppend = { requestId, acks, baseOffset, endOffset, isDuplicate: true };
    if (this.#isSafe(append)) return [this.#acknowledge(append)];
    this.#appends.waitBeside(append);
    return [];
  }

  appendRefused(event: EventOf<"appendRefused">): PartitionEffect[] {
    const { requestId, error } = event;
    // Begun in an epoch that is over: it was answered when that epoch ended.
    if (this.#appends.takeUnplaced(requestId) === undefined) return [];
    return [{ type: "rejectProduce", requestId, error }];
  }

  appendsTakenBack(event: EventOf<"appendsTakenBack">): PartitionEffect[] {
    if (event.leaderEpoch !== this.leaderEpoch) return [];
    invariant(event.fromOffset >= this.#writtenOffset, "what is written is not taken back");
    this.#placedOffset = event.fromOffset;
    this.#committedBytes.takenBack(event.fromOffset);
    const { error } = event;
    return this.#appends.takeFrom(event.fromOffset).map((requestId) => ({ type: "rejectProduce", requestId, error }));
  }

  logAdvanced(event: EventOf<"logAdvanced">): PartitionEffect[] {
    // A write of an earlier epoch that finished late says nothing about this one.
    if (event.leaderEpoch !== this.leaderEpoch) return [];
    const effects: PartitionEffect[] = [];
    if (event.logEndOffset > this.#writtenOffset) {
      this.#writtenOffset = event.logEndOffset;
      if (event.logEndOffset > this.#placedOffset) this.#placedOffset = event.logEndOffset;
      for (const append of this.#appends.takeWritten(event.logEndOffset)) effects.push(this.#acknowledge(append));
    }
    this.#replicas.acknowledged(this.#identity.broker, event.ackedOffset);
    this.#maybeAdvanceHighWatermark(effects);
    return effects;
  }

  fetchRequested(event: EventOf<"fetchRequested">): PartitionEffect[] {
    const { requestId, mayWait } = event;
    const error = this.epochRefusal(event.clientEpoch) ?? this.#rangeRefusal(event.fetchOffset);
    if (error !== undefined) return [{ type: "rejectFetch", requestId, error }];
    const fetchOffset = offset(event.fetchOffset);
    const parked: ParkedFetch = { requestId, fetchOffset, minBytes: mayWait ? (event.minBytes ?? 1) : 1 };
    if (fetchOffset < this.highWatermark) return [this.#readLog(parked)];
    if (!mayWait) return [this.#answerFetchEmpty(requestId)];
    if (parked.minBytes > 1 && fetchOffset === this.highWatermark) return this.#awaitBytes(parked, parked.minBytes);
    this.#fetches.park(parked, fetchOffset);
    return [{ type: "parkFetch", requestId }];
  }

  fetchFellShort(event: EventOf<"fetchFellShort">): PartitionEffect[] {
    const { requestId, fetchOffset, minBytes } = event;
    // Read in an epoch that is over: its count of bytes says nothing in this one.
    if (event.leaderEpoch !== this.leaderEpoch) {
      return this.fetchRequested({ ...event, type: "fetchRequested", clientEpoch: undefined, mayWait: true });
    }
    const committedSinceBytes = this.#committedBytes.total - event.committedBytes;
    return this.#awaitBytes({ requestId, fetchOffset, minBytes }, event.missingBytes - committedSinceBytes);
  }

  fetchExpired(event: EventOf<"fetchExpired">): PartitionEffect[] {
    const { requestId } = event;
    const parked = this.#fetches.remove(requestId) ?? this.#byteFetches.remove(requestId);
    // Answered already: the timer and the watermark crossed.
    if (parked === undefined) return [];
    if (parked.fetchOffset >= this.highWatermark) return [this.#answerFetchEmpty(requestId)];
    // Fewer bytes than it wanted, and its wait is over: what there is.
    return [this.#readParked({ ...parked, minBytes: 1 })];
  }

  inSyncReplicasMinChanged(event: EventOf<"inSyncReplicasMinChanged">): PartitionEffect[] {
    this.#replicas.setMembersMin(event.inSyncReplicasMin);
    const effects: PartitionEffect[] = [];
    this.#maybeAdvanceHighWatermark(effects);
    return effects;
  }

  logStartMoved(event: EventOf<"logStartMoved">): PartitionEffect[] {
    invariant(event.logStartOffset <= this.highWatermark, "records that are not committed were deleted");
    if (event.logStartOffset > this.#logStartOffset) this.#logStartOffset = event.logStartOffset;
    return [];
  }

  #maybeAdvanceHighWatermark(effects: PartitionEffect[]): void {
    const wasExact = this.#highWatermark.isExact;
    if (!this.#highWatermark.maybeAdvance(this.#replicas)) return;
    this.#committedBytes.advance(this.highWatermark);
    effects.push(this.#highWatermarkAdvanced());
    for (const append of this.#appends.takeCommitted(this.highWatermark)) effects.push(this.#acknowledge(append));
    for (const parked of this.#fetches.takeBelow(this.highWatermark)) effects.push(this.#readParked(parked));
    for (const parked of this.#byteFetches.takeBelow(this.#committedBytes.total))
      effects.push(this.#readParked(parked));
    // An offset beyond the log end is an error only from now on: before, an earlier leader might have had it.
    if (!wasExact && this.#highWatermark.isExact) this.#rejectBeyondLogEnd(effects);
  }

  #rejectBeyondLogEnd(effects: PartitionEffect[]): void {
    for (const { requestId, fetchOffset } of this.#fetches.takeWhere(
      (parked) => parked.fetchOffset > this.#placedOffset,
    )) {
      effects.push({ type: "rejectFetch", requestId, error: this.#outOfRange(fetchOffset) });
    }
  }

  #replicasRefusal(event: EventOf<"appendRequested">): SluiceError | undefined {
    if (event.acks !== "all" || this.#replicas.hasEnough) return undefined;
    return new SluiceError("NOT_ENOUGH_REPLICAS", {
      topic: this.#identity.topic,
      partition: this.#identity.partition,
      inSync: this.#replicas.size,
      inSyncMin: this.#replicas.membersMin,
    });
  }

  #rangeRefusal(fetchOffset: number): SluiceError | undefined {
    if (!isOffset(fetchOffset) || fetchOffset < this.#logStartOffset) return this.#outOfRange(fetchOffset);
    return fetchOffset > this.#placedOffset && this.#highWatermark.isExact ? this.#outOfRange(fetchOffset) : undefined;
  }

  #outOfRange(fetchOffset: number): SluiceError {
    return new SluiceError("OFFSET_OUT_OF_RANGE", {
      topic: this.#identity.topic,
      partition: this.#identity.partition,
      offset: fetchOffset,
      logStartOffset: this.#logStartOffset,
      highWatermark: this.highWatermark,
    });
  }

  /** Lets a fetch wait for so many more bytes to be committed. */
  #awaitBytes(parked: ParkedFetch, missingBytes: number): PartitionEffect[] {
    if (missingBytes <= 0) return [this.#readParked(parked)];
    this.#byteFetches.park(parked, this.#committedBytes.total + missingBytes - 1);
    return [{ type: "parkFetch", requestId: parked.requestId }];
  }

  /** Whether the batch is as safe as its acks ask. */
  #isSafe({ acks, endOffset }: PlacedAppend): boolean {
    return acks === "none" || endOffset <= (acks === "all" ? this.highWatermark : this.#writtenOffset);
  }

  #acknowledge(append: PlacedAppend): PartitionEffect {
    return {
      type: "acknowledgeProduce",
      requestId: append.requestId,
      baseOffset: append.baseOffset,
      leaderEpoch: this.leaderEpoch,
      replicas: append.acks === "all" ? this.#replicas.size : append.acks === "leader" ? 1 : 0,
      logStartOffset: this.#logStartOffset,
      isDuplicate: append.isDuplicate,
    };
  }

  /** The records may have been deleted while the fetch waited. */
  #readParked(parked: ParkedFetch): PartitionEffect {
    const error = this.#rangeRefusal(parked.fetchOffset);
    return error === undefined ? this.#readLog(parked) : { type: "rejectFetch", requestId: parked.requestId, error };
  }

  #readLog({ requestId, fetchOffset, minBytes }: ParkedFetch): PartitionEffect {
    return {
      type: "readLog",
      requestId,
      fromOffset: fetchOffset,
      upToOffset: this.highWatermark,
      leaderEpoch: this.leaderEpoch,
      logStartOffset: this.#logStartOffset,
      minBytes,
      committedBytes: this.#committedBytes.total,
    };
  }

  #answerFetchEmpty(requestId: number): PartitionEffect {
    return {
      type: "answerFetchEmpty",
      requestId,
      highWatermark: this.highWatermark,
      leaderEpoch: this.leaderEpoch,
      logStartOffset: this.#logStartOffset,
    };
  }

  #highWatermarkAdvanced(): PartitionEffect {
    return { type: "highWatermarkAdvanced", highWatermark: this.highWatermark, leaderEpoch: this.leaderEpoch };
  }

  get #name(): string {
    return `${this.#identity.topic}-${this.#identity.partition}`;
  }
}
