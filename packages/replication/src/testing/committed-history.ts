/**
 * Everything that was ever committed in one partition, as an observer sees it who sees everything.
 *
 * Whatever a leader calls committed or acknowledges is noted, and must agree with what was noted before. Who may be elected must have
 * all of it on disk, at every moment: only then can no election lose it.
 */

import type { ModelLog, ModelRecord } from "./model-log.js";

export class CommittedHistory {
  readonly #records: (ModelRecord | undefined)[] = [];

  /** Offset up to which anything was ever committed (exclusive). */
  get endOffset(): number {
    return this.#records.length;
  }

  /** A leader, or a follower, calls everything in its log below `highWatermark` committed. */
  committed(who: string, log: ModelLog, highWatermark: number): void {
    if (highWatermark > log.endOffset) throw new Error(`${who} has a high watermark ${highWatermark} beyond its log`);
    for (let at = log.copyStartOffset as number; at < highWatermark; at += 1) {
      const before = this.#records[at];
      const record = log.at(at);
      if (before === undefined) this.#records[at] = record;
      else if (before.value !== record?.value) throw new Error(`${who} committed another record at ${at}`);
    }
  }

  /** A producer heard that its record is committed at that offset. */
  acknowledged(value: number, at: number): void {
    const record = this.#records[at];
    if (record?.value !== value) throw new Error(`${value} was acknowledged at ${at}, where ${record?.value} is`);
  }

  /** @throws Error when that log, up to what survives, lacks a committed record or has another one in its place */
  assertComplete(who: string, log: ModelLog, survivingOffset: number): void {
    if (survivingOffset < this.endOffset) {
      throw new Error(`${who} may be elected and has ${survivingOffset} of ${this.endOffset} committed records`);
    }
    for (let at = log.copyStartOffset as number; at < this.endOffset; at += 1) {
      const record = this.#records[at];
      if (record !== undefined && record.value !== log.at(at)?.value) {
        throw new Error(`${who} may be elected and has another record at ${at} than was committed`);
      }
    }
  }
}
