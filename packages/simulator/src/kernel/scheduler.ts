/**
 * Virtual time: what is to happen, ordered by when it is due.
 *
 * Nothing happens but by an event of this queue, and time moves only from one event to the next. Events that are due at the same
 * moment run in an order that chance decides, so that a seed shows also what a real machine shows once in a year.
 */

import { invariant, type Random } from "@sluice/model";

export interface ScheduledEvent {
  /** After this it does not happen. Nothing changes where it has happened already. */
  cancel(): void;
}

interface Entry {
  readonly dueMs: number;
  readonly tieBreak: number;
  readonly sequence: number;
  /** Undefined: cancelled. */
  callback: (() => void) | undefined;
}

export class Scheduler {
  readonly #random: Random;
  readonly #heap: Entry[] = [];
  #nowMs = 0;
  #sequence = 0;
  #eventCount = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Milliseconds since the start of the run. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events that have happened. */
  get eventCount(): number {
    return this.#eventCount;
  }

  /** Lets `callback` happen `delayMs` from now, which may be a fraction of a millisecond and is at least 0. */
  schedule(delayMs: number, callback: () => void): ScheduledEvent {
    invariant(delayMs >= 0, `an event cannot be due ${delayMs} ms from now`);
    this.#sequence += 1;
    const entry: Entry = {
      dueMs: this.#nowMs + delayMs,
      tieBreak: this.#random.uint32(),
      sequence: this.#sequence,
      callback,
    };
    this.#push(entry);
    return {
      cancel: () => {
        entry.callback = undefined;
      },
    };
  }

  /** Lets the next event happen. False: there is none. */
  runNext(): boolean {
    for (let entry = this.#pop(); entry !== undefined; entry = this.#pop()) {
      if (entry.callback === undefined) continue;
      this.#nowMs = entry.dueMs;
      this.#eventCount += 1;
      entry.callback();
      return true;
    }
    return false;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex] as Entry;
      if (!isBefore(entry, parent)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      const childIndex = this.#earlierChild(index);
      const child = heap[childIndex];
      if (child === undefined || !isBefore(child, last)) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = last;
    return first;
  }

  #earlierChild(index: number): number {
    const left = 2 * index + 1;
    const [leftEntry, rightEntry] = [this.#heap[left], this.#heap[left + 1]];
    return leftEntry !== undefined && rightEntry !== undefined && isBefore(rightEntry, leftEntry) ? left + 1 : left;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  if (a.dueMs !== b.dueMs) return a.dueMs < b.dueMs;
  return a.tieBreak === b.tieBreak ? a.sequence < b.sequence : a.tieBreak < b.tieBreak;
}
