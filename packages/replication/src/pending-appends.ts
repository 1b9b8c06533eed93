/**
 * Appends of one leader epoch that are begun and not answered yet.
 *
 * An append is first *unplaced*: told to the log, without offsets. Once placed it waits in a queue for its answer: acks=leader
 * for the write, acks=all for the high watermark. Queues are in the order of offsets, because the log places in that order, so
 * that each event touches only what it answers. A batch that was sent again waits beside them: it may be any that is under way.
 *
 * The object belongs to one epoch and is thrown away with it: an offset alone never identifies an append, since after
 * a change of leader the same offset may hold another record (P16).
 */

import { invariant, type Offset } from "@sluice/model";
import { ParkedRequests } from "./parked-requests.js";
import type { RequiredAcks } from "./partition-event.js";

/** An append that the log has given its offsets. */
export interface PlacedAppend {
  readonly requestId: number;
  readonly acks: RequiredAcks;
  readonly baseOffset: Offset;
  /** Exclusive. */
  readonly endOffset: Offset;
  /** The log had the batch already: this is the repetition of another append. */
  readonly isDuplicate: boolean;
}

export class PendingAppends {
  readonly #unplaced = new Map<number, RequiredAcks>();
  readonly #awaitingWrite = new PlacedQueue();
  readonly #awaitingCommit = new PlacedQueue();
  /** Repetitions, by the last offset of their batch. */
  readonly #repeatedAwaitingWrite = new ParkedRequests<PlacedAppend>();
  readonly #repeatedAwaitingCommit = new ParkedRequests<PlacedAppend>();

  /** Whether nothing is begun that is not answered. */
  get isEmpty(): boolean {
    return (
      this.#unplaced.size === 0 &&
      this.#awaitingWrite.isEmpty &&
      this.#awaitingCommit.isEmpty &&
      this.#repeatedAwaitingWrite.isEmpty &&
      this.#repeatedAwaitingCommit.isEmpty
    );
  }

  begin(requestId: number, acks: RequiredAcks): void {
    invariant(!this.#unplaced.has(requestId), `request ${requestId} is appended twice`);
    this.#unplaced.set(requestId, acks);
  }

  /** What the append of that request asked for, which is unplaced no longer. Undefined: it was begun in another epoch. */
  takeUnplaced(requestId: number): RequiredAcks | undefined {
    const acks = this.#unplaced.get(requestId);
    this.#unplaced.delete(requestId);
    return acks;
  }

  /** Lets a placed append wait for what its acks ask. */
  wait(append: PlacedAppend): void {
    invariant(append.acks !== "none", "acks=none waits for nothing");
    (append.acks === "all" ? this.#awaitingCommit : this.#awaitingWrite).push(append);
  }

  /** Lets the repetition of a placed append wait for what its own acks ask. */
  waitBeside(append: PlacedAppend): void {
    invariant(append.acks !== "none", "acks=none waits for nothing");
    const waiting = append.acks === "all" ? this.#repeatedAwaitingCommit : this.#repeatedAwaitingWrite;
    waiting.park(append, append.endOffset - 1);
  }

  /** Acks=leader appends that are written now, in the order of offsets, and then their repetitions. */
  takeWritten(logEndOffset: Offset): PlacedAppend[] {
    return withRepeated(this.#awaitingWrite.takeUpTo(logEndOffset), this.#repeatedAwaitingWrite, logEndOffset);
  }

  /** Acks=all appends that are committed now, in the order of offsets, and then their repetitions. */
  takeCommitted(highWatermark: Offset): PlacedAppend[] {
    return withRepeated(this.#awaitingCommit.takeUpTo(highWatermark), this.#repeatedAwaitingCommit, highWatermark);
  }

  /** Requests of placed appends that end above `offset`; they are pending no longer. */
  takeFrom(offset: Offset): number[] {
    const isAbove = ({ endOffset }: PlacedAppend): boolean => endOffset > offset;
    return [
      ...this.#awaitingWrite.takeAbove(offset),
      ...this.#awaitingCommit.takeAbove(offset),
      ...this.#repeatedAwaitingWrite.takeWhere(isAbove),
      ...this.#repeatedAwaitingCommit.takeWhere(isAbove),
    ].map((append) => append.requestId);
  }

  /** Requests of everything that is pending; nothing is afterwards. */
  takeAll(): number[] {
    const requestIds = [
      ...this.#awaitingWrite.takeUpTo(Number.POSITIVE_INFINITY),
      ...this.#awaitingCommit.takeUpTo(Number.POSITIVE_INFINITY),
    ].map((append) => append.requestId);
    requestIds.push(...this.#repeatedAwaitingWrite.takeAll(), ...this.#repeatedAwaitingCommit.takeAll());
    requestIds.push(...this.#unplaced.keys());
    this.#unplaced.clear();
    return requestIds;
  }
}

function withRepeated(
  appends: PlacedAppend[],
  repeated: ParkedRequests<PlacedAppend>,
  endOffset: Offset,
): PlacedAppend[] {
  const taken = repeated.takeBelow(endOffset);
  return taken.length === 0 ? appends : [...appends, ...taken];
}

/** First in, first out, in the order of offsets; constant time an append over its life. */
class PlacedQueue {
  #appends: PlacedAppend[] = [];
  /** Index of the oldest append that still waits: those before it are gone. */
  #head = 0;

  get isEmpty(): boolean {
    return this.#head === this.#appends.length;
  }

  push(append: PlacedAppend): void {
    const last = this.#appends.at(-1);
    invariant(
      last === undefined || append.baseOffset >= last.endOffset,
      `append at ${append.baseOffset} was placed before the end of the one ahead of it`,
    );
    this.#appends.push(append);
  }

  takeUpTo(endOffset: number): PlacedAppend[] {
    const first = this.#head;
    while (this.#head < this.#appends.length && (this.#appends[this.#head] as PlacedAppend).endOffset <= endOffset) {
      this.#head += 1;
    }
    const taken = this.#appends.slice(first, this.#head);
    this.#maybeCompact();
    return taken;
  }

  /** The last appends: those that end above `offset`. */
  takeAbove(offset: number): PlacedAppend[] {
    let end = this.#appends.length;
    while (end > this.#head && (this.#appends[end - 1] as PlacedAppend).endOffset > offset) end -= 1;
    return this.#appends.splice(end);
  }

  /** Frees what was taken, once it is at least half of the array: each append is moved once on average. */
  #maybeCompact(): void {
    if (this.#head * 2 < this.#appends.length) return;
    this.#appends = this.#appends.slice(this.#head);
    this.#head = 0;
  }
}
