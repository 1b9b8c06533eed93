/**
 * Log of one partition on one broker, in memory, one record a batch: what a test has in place of files.
 *
 * Records are placed, then written (a killed process keeps them), then flushed (a power loss keeps them). Segments hold four
 * offsets: what lies below the log start in the segment that holds it is still there, and is copied to followers.
 */

import { invariant, type LeaderEpoch, type Offset, offset } from "@sluice/model";
import type { EpochEnd } from "../partition-event.js";

export interface ModelRecord {
  readonly epoch: LeaderEpoch;
  /** Another one in every record that a producer ever sent. */
  readonly value: number;
}

const segmentRecords = 4;

export class ModelLog {
  #records: ModelRecord[] = [];
  /** Offset of the first record that is there. */
  #base = 0;
  #logStartOffset = 0;
  #writtenOffset = 0;
  #flushedOffset = 0;

  /** Where a copy begins: the base of the oldest segment. */
  get copyStartOffset(): Offset {
    return offset(this.#base);
  }

  get logStartOffset(): Offset {
    return offset(this.#logStartOffset);
  }

  get endOffset(): Offset {
    return offset(this.#base + this.#records.length);
  }

  get writtenOffset(): Offset {
    return offset(this.#writtenOffset);
  }

  get flushedOffset(): Offset {
    return offset(this.#flushedOffset);
  }

  get lastEpoch(): LeaderEpoch | undefined {
    return this.#records.at(-1)?.epoch;
  }

  at(position: number): ModelRecord | undefined {
    return this.#records[position - this.#base];
  }

  /** Records in [from, to). */
  slice(from: number, to: number): ModelRecord[] {
    return this.#records.slice(Math.max(from - this.#base, 0), Math.max(to - this.#base, 0));
  }

  place(records: readonly ModelRecord[]): void {
    for (const record of records) {
      invariant(record.epoch >= (this.lastEpoch ?? 0), `epoch ${record.epoch} is placed after ${this.lastEpoch}`);
      this.#records.push(record);
    }
  }

  /** Writes so many of the records that are placed. */
  write(count: number): void {
    this.#writtenOffset = Math.min(this.#writtenOffset + count, this.endOffset);
  }

  /** Flushes so many of the records that are written. */
  flush(count = Number.POSITIVE_INFINITY): void {
    this.#flushedOffset = Math.min(this.#flushedOffset + count, this.#writtenOffset);
  }

  takeBackUnwritten(): void {
    this.truncate(this.#writtenOffset);
  }

  truncate(endOffset: number): void {
    invariant(endOffset >= this.#base, `there is nothing at ${endOffset} to cut at`);
    this.#records.length = Math.min(this.#records.length, endOffset - this.#base);
    this.#writtenOffset = Math.min(this.#writtenOffset, endOffset);
    this.#flushedOffset = Math.min(this.#flushedOffset, endOffset);
    this.#logStartOffset = Math.min(this.#logStartOffset, endOffset);
  }

  restart(at: number): void {
    this.#records = [];
    this.#base = at;
    this.#logStartOffset = at;
    this.#writtenOffset = at;
    this.#flushedOffset = at;
  }

  deleteBefore(logStartOffset: number): void {
    invariant(logStartOffset <= this.endOffset, "more is deleted than is there");
    if (logStartOffset <= this.#logStartOffset) return;
    this.#logStartOffset = logStartOffset;
    const base = Math.max(this.#base, logStartOffset - (logStartOffset % segmentRecords));
    this.#records = this.#records.slice(base - this.#base);
    this.#base = base;
    // That they are gone outlives everything.
    this.#writtenOffset = Math.max(this.#writtenOffset, logStartOffset);
    this.#flushedOffset = Math.max(this.#flushedOffset, logStartOffset);
  }

  /** The largest epoch of the log up to that one, and where it ends; undefined: the log is empty. */
  epochEnd(epoch: LeaderEpoch): EpochEnd | undefined {
    const latest = this.lastEpoch;
    if (latest === undefined) return undefined;
    if (epoch >= latest) return { epoch: latest, endOffset: this.endOffset };
    const next = this.#records.findIndex((record) => record.epoch > epoch);
    return { epoch: this.#records[next - 1]?.epoch ?? epoch, endOffset: offset(this.#base + next) };
  }
}
