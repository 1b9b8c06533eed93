/**
 * What happened in a run: a hash over all of it, by which two runs are compared, and the lines that a person reads after a failure.
 *
 * `note` counts for the hash only, `show` for the timeline only, `tell` for both. Of the lines the last `linesMax` are kept.
 */

import type { Scheduler } from "./scheduler.js";

const linesMax = 20_000;

export class Trace {
  readonly #scheduler: Scheduler;
  readonly #lines: string[] = [];
  #low = 0x811c9dc5;
  #high = 0xcbf29ce4;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** 16 hexadecimal digits: equal for two runs in which the same happened in the same order. */
  get hash(): string {
    return hex(this.#high) + hex(this.#low);
  }

  /** The newest lines, oldest first. */
  get timeline(): readonly string[] {
    return this.#lines;
  }

  note(text: string): void {
    this.#mix(`${this.#scheduler.nowMs.toFixed(3)} ${text}`);
  }

  tell(who: string, text: string): void {
    this.#mix(`${this.#scheduler.nowMs.toFixed(3)} ${who} ${text}`);
    this.show(who, text);
  }

  /** A line of the timeline that does not count for the hash. */
  show(who: string, text: string): void {
    this.#lines.push(`${this.#scheduler.nowMs.toFixed(3).padStart(12)} ms  ${who.padEnd(10)} ${text}`);
    if (this.#lines.length > 2 * linesMax) this.#lines.splice(0, linesMax);
  }

  #mix(text: string): void {
    for (let i = 0; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      this.#low = Math.imul(this.#low ^ code, 0x01000193) >>> 0;
      this.#high = Math.imul(this.#high ^ code ^ (this.#low >>> 13), 0x5bd1e995) >>> 0;
    }
  }
}

function hex(word: number): string {
  return word.toString(16).padStart(8, "0");
}
