/**
 * Fetches that readers ask of the leader of a partition, in one leader epoch.
 *
 * Offsets of a fetch are in [log start, log end]: what lies below the high watermark is read, what lies between it and the log end
 * waits. A fetch that wants many bytes is read once to see what is missing, and then waits until so many more are committed: an
 * append only adds to a count. An offset beyond the log end is an error only once all that earlier epochs committed is known to lie
 * below the high watermark: before, an earlier leader might have had it.
 *
 * A reader that names the epoch of what it read last is told at once where the log has other records there, or none (P20): this log
 * has all that was committed, so what is not in it was lost. Only an offset would not tell, since the log grows past it again.
 */

import { isOffset, type Offset, offset, type SluiceError } from "@sluice/model";
import { CommittedBytes } from "./committed-bytes.js";
import type { LeaderReplicas } from "./leader-replicas.js";
import type { LedLog } from "./led-log.js";
import { ParkedRequests } from "./parked-requests.js";
import type { PartitionEffect } from "./partition-effect.js";
import type { PartitionErrors } from "./partition-errors.js";
import type { PartitionEvent } from "./partition-event.js";

type EventOf<Type extends PartitionEvent["type"]> = Extract<PartitionEvent, { readonly type: Type }>;

interface ParkedFetch {
  readonly requestId: number;
  readonly fetchOffset: Offset;
  /** Bytes that it wants. */
  readonly minBytes: number;
}

export interface LeaderFetchesDependencies {
  readonly log: LedLog;
  readonly replicas: LeaderReplicas;
  readonly errors: PartitionErrors;
}

export class LeaderFetches {
  readonly #log: LedLog;
  readonly #replicas: LeaderReplicas;
  readonly #errors: PartitionErrors;
  /** Fetches that wait for the high watermark to pass their offset. */
  readonly #fetches = new ParkedRequests<ParkedFetch>();
  /** Fetches that have something to read, or are at the high watermark, and wait for more bytes. */
  readonly #byteFetches = new ParkedRequests<ParkedFetch>();
  readonly #committedBytes: CommittedBytes;

  constructor(dependencies: LeaderFetchesDependencies) {
    this.#log = dependencies.log;
    this.#replicas = dependencies.replicas;
    this.#errors = dependencies.errors;
    this.#committedBytes = new CommittedBytes(this.#replicas.highWatermark, this.#log.placedOffset);
  }

  requested(event: EventOf<"fetchRequested">): PartitionEffect[] {
    const { requestId, mayWait } = event;
    const unlike = this.#refusalOfRead(event);
    if (unlike !== undefined) return [unlike];
    const error = this.#rangeRefusal(event.fetchOffset);
    if (error !== undefined) return [{ type: "rejectFetch", requestId, error }];
    const { highWatermark } = this.#replicas;
    const fetchOffset = offset(event.fetchOffset);
    const parked: ParkedFetch = { requestId, fetchOffset, minBytes: mayWait ? (event.minBytes ?? 1) : 1 };
    if (fetchOffset < highWatermark) return [this.#readLog(parked)];
    if (!mayWait) return [this.#answerEmpty(requestId)];
    if (parked.minBytes > 1 && fetchOffset === highWatermark) return this.#awaitBytes(parked, parked.minBytes);
    this.#fetches.park(parked, fetchOffset);
    return [{ type: "parkFetch", requestId }];
  }

  fellShort(event: EventOf<"fetchFellShort">): PartitionEffect[] {
    const { requestId, fetchOffset, minBytes } = event;
    // Read in an epoch that is over: its count of bytes says nothing in this one.
    if (event.leaderEpoch !== this.#log.leaderEpoch) {
      return this.requested({ ...event, type: "fetchRequested", clientEpoch: undefined, mayWait: true });
    }
    const committedSinceBytes = this.#committedBytes.total - event.committedBytes;
    return this.#awaitBytes({ requestId, fetchOffset, minBytes }, event.missingBytes - committedSinceBytes);
  }

  expired({ requestId }: EventOf<"fetchExpired">): PartitionEffect[] {
    const parked = this.#fetches.remove(requestId) ?? this.#byteFetches.remove(requestId);
    // Answered already: the timer and the watermark crossed.
    if (parked === undefined) return [];
    if (parked.fetchOffset >= this.#replicas.highWatermark) return [this.#answerEmpty(requestId)];
    // Fewer bytes than it wanted, and its wait is over: what there is.
    return [this.#readParked({ ...parked, minBytes: 1 })];
  }

  /** A batch of that size was placed. */
  placed(endOffset: Offset, sizeBytes: number): void {
    this.#committedBytes.placed(endOffset, sizeBytes);
  }

  takenBack(fromOffset: Offset): void {
    this.#committedBytes.takenBack(fromOffset);
  }

  /** More is committed: answers what waits for that. */
  committed(effects: PartitionEffect[]): void {
    const { highWatermark } = this.#replicas;
    this.#committedBytes.advance(highWatermark);
    for (const parked of this.#fetches.takeBelow(highWatermark)) effects.push(this.#readParked(parked));
    for (const parked of this.#byteFetches.takeBelow(this.#committedBytes.total)) {
      effects.push(this.#readParked(parked));
    }
  }

  /** Everything that earlier epochs committed is known: what lies beyond the log end never was. */
  rejectBeyondLogEnd(effects: PartitionEffect[]): void {
    const isBeyond = (parked: ParkedFetch): boolean => parked.fetchOffset > this.#log.placedOffset;
    for (const { requestId, fetchOffset } of this.#fetches.takeWhere(isBeyond)) {
      effects.push({ type: "rejectFetch", requestId, error: this.#outOfRange(fetchOffset) });
    }
  }

  /** Refuses what waits. */
  rejectAll(error: SluiceError): PartitionEffect[] {
    const requestIds = [...this.#fetches.takeAll(), ...this.#byteFetches.takeAll()];
    return requestIds.map((requestId) => ({ type: "rejectFetch", requestId, error }));
  }

  /** Refuses a reader that has read what is not in this log, or what a newer leader wrote. */
  #refusalOfRead(event: EventOf<"fetchRequested">): PartitionEffect | undefined {
    const { requestId, fetchOffset, lastFetchedEpoch, epochEnd } = event;
    if (lastFetchedEpoch === undefined) return undefined;
    const { leaderEpoch, logStartOffset } = this.#log;
    if (lastFetchedEpoch < 0 || lastFetchedEpoch > leaderEpoch) {
      return { type: "rejectFetch", requestId, error: this.#errors.otherEpoch(lastFetchedEpoch, leaderEpoch) };
    }
    // Below the log start nothing can be compared.
    if (epochEnd === undefined || fetchOffset < logStartOffset) return undefined;
    if (epochEnd.epoch === lastFetchedEpoch && fetchOffset <= epochEnd.endOffset) return undefined;
    const error = this.#errors.logTruncated(fetchOffset, epochEnd.endOffset);
    return { type: "rejectFetch", requestId, error, diverging: epochEnd };
  }

  #rangeRefusal(fetchOffset: number): SluiceError | undefined {
    if (!isOffset(fetchOffset) || fetchOffset < this.#log.logStartOffset) return this.#outOfRange(fetchOffset);
    const isBeyond = fetchOffset > this.#log.placedOffset && this.#replicas.isHighWatermarkExact;
    return isBeyond ? this.#outOfRange(fetchOffset) : undefined;
  }

  #outOfRange(fetchOffset: number): SluiceError {
    return this.#errors.outOfRange(fetchOffset, this.#log.logStartOffset, this.#replicas.highWatermark);
  }

  /** Lets a fetch wait for so many more bytes to be committed. */
  #awaitBytes(parked: ParkedFetch, missingBytes: number): PartitionEffect[] {
    if (missingBytes <= 0) return [this.#readParked(parked)];
    this.#byteFetches.park(parked, this.#committedBytes.total + missingBytes - 1);
    return [{ type: "parkFetch", requestId: parked.requestId }];
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
      upToOffset: this.#replicas.highWatermark,
      leaderEpoch: this.#log.leaderEpoch,
      logStartOffset: this.#log.logStartOffset,
      minBytes,
      committedBytes: this.#committedBytes.total,
    };
  }

  #answerEmpty(requestId: number): PartitionEffect {
    return {
      type: "answerFetchEmpty",
      requestId,
      highWatermark: this.#replicas.highWatermark,
      leaderEpoch: this.#log.leaderEpoch,
      logStartOffset: this.#log.logStartOffset,
    };
  }
}
