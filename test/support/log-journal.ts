/**
 * What must be in the log of one partition after its worker (log-worker.mjs) was killed or lost its power, worked out from
 * the worker's journal; and the comparison with what is there.
 *
 * `guaranteedEnd`: everything that was placed below it must be there, but for what a truncation, a deletion or compaction was
 * about to take away. Above it there may be more, and every batch that is there must be one that was placed.
 */

import { createHash } from "node:crypto";
import { type PartitionLog, verifyLogDirectory } from "@sluice/log";
import { type FileSystem, offset } from "@sluice/model";
import { batchBaseOffset, batchesIn, batchLastOffset, recordsIn } from "@sluice/record";
import { expect } from "vitest";

export interface JournalRecord {
  readonly offset: number;
  readonly key: string;
  /** Null: a tombstone. */
  readonly value: string | null;
}

export type JournalLine = { readonly partition: number } & (
  | { readonly type: "opened"; readonly logStartOffset: number; readonly logEndOffset: number }
  | {
      readonly type: "placed";
      readonly baseOffset: number;
      readonly endOffset: number;
      readonly hash: string;
      readonly records: readonly JournalRecord[];
    }
  | { readonly type: "advanced"; readonly writtenOffset: number; readonly flushedOffset: number }
  | { readonly type: "begin" | "end"; readonly operation: string; readonly offset: number }
  | { readonly type: "failed"; readonly code: string; readonly reason: string }
);

/** A batch that may lie at an offset. */
interface PlacedBatch {
  readonly baseOffset: number;
  readonly endOffset: number;
  readonly hash: string;
  readonly records: readonly JournalRecord[];
}

/** `written`: what a killed process leaves. `flushed`: what a power loss leaves. */
export type Guarantee = "written" | "flushed";

export class ExpectedLog {
  readonly #isCompacted: boolean;
  readonly #guarantee: Guarantee;
  #placed: PlacedBatch[] = [];
  #guaranteedEnd = 0;
  /** Where a truncation that is under way may cut. */
  #cut = Number.POSITIVE_INFINITY;
  /** Lowest log start that is possible, and highest: a deletion may be under way. */
  #startMin = 0;
  #startMax = 0;
  /** The partition was about to be deleted. */
  #mayBeGone = false;

  constructor(options: { readonly isCompacted: boolean; readonly guarantee: Guarantee }) {
    this.#isCompacted = options.isCompacted;
    this.#guarantee = options.guarantee;
  }

  /**
   * Takes in one line of the journal. Not `isCertain`: the power may have gone before it was told, so that what it says is
   * done may not be (a sync under way when the power goes may return as if it had succeeded).
   */
  apply(line: JournalLine, isCertain: boolean): void {
    if (line.type === "placed") this.#placed.push(line);
    if (line.type === "begin") this.#begin(line.operation, line.offset);
    if (line.type === "end") this.#end(line.operation, line.offset, isCertain);
    if (line.type === "advanced" && isCertain) {
      const end = this.#guarantee === "written" ? line.writtenOffset : line.flushedOffset;
      // While a truncation is under way it may still be told of what is about to go.
      this.#guaranteedEnd = Math.max(this.#guaranteedEnd, Math.min(end, this.#cut));
    }
    if (line.type === "opened" && isCertain) {
      expect(line.logStartOffset).toBeGreaterThanOrEqual(this.#startMin);
      expect(line.logEndOffset).toBeGreaterThanOrEqual(this.#guaranteedEnd);
    }
  }

  #begin(operation: string, at: number): void {
    if (operation === "truncate") {
      // A truncation inside a batch takes all of the batch.
      const kept = this.#placed.filter((batch) => batch.endOffset <= at).map((batch) => batch.endOffset);
      this.#cut = Math.max(0, ...kept);
      this.#guaranteedEnd = Math.min(this.#guaranteedEnd, this.#cut);
    }
    if (operation === "delete-records") this.#startMax = Math.max(this.#startMax, at);
    if (operation === "delete-partition") this.#mayBeGone = true;
  }

  #end(operation: string, at: number, isCertain: boolean): void {
    if (operation === "truncate" && isCertain) {
      this.#cut = Number.POSITIVE_INFINITY;
      this.#forgetFrom(at);
    }
    if (operation === "delete-records" && isCertain) this.#startMin = Math.max(this.#startMin, at);
    if (operation !== "delete-partition") return;
    if (isCertain) this.#reset();
    else this.#guaranteedEnd = 0;
  }

  #reset(): void {
    this.#forgetFrom(0);
    this.#startMin = 0;
    this.#startMax = 0;
    this.#mayBeGone = false;
  }

  /** What was cut off must never come back. */
  #forgetFrom(end: number): void {
    this.#guaranteedEnd = Math.min(this.#guaranteedEnd, end);
    this.#placed = this.#placed.filter((batch) => batch.endOffset <= end);
  }

  /** Compares with a log that was opened after the crash; what is there is what is expected from now on. */
  async expectIn(log: PartitionLog): Promise<void> {
    this.#cut = Number.POSITIVE_INFINITY;
    if (this.#mayBeGone && log.logEndOffset === 0) this.#reset();
    this.#mayBeGone = false;
    expect(log.logStartOffset, "the log start went back").toBeGreaterThanOrEqual(this.#startMin);
    expect(log.logStartOffset, "the log start went too far").toBeLessThanOrEqual(this.#startMax);
    expect(log.logEndOffset, "records are gone from the end").toBeGreaterThanOrEqual(this.#guaranteedEnd);
    if (this.#isCompacted) await this.#expectRecords(log);
    else await this.#expectBatches(log);
    this.#forgetFrom(log.logEndOffset);
    this.#guaranteedEnd = log.logEndOffset;
    this.#startMin = log.logStartOffset;
    this.#startMax = log.logStartOffset;
  }

  async #expectBatches(log: PartitionLog): Promise<void> {
    const found: PlacedBatch[] = [];
    let next: number = log.logStartOffset;
    for (const batch of await batchesOf(log)) {
      const baseOffset = batchBaseOffset(batch);
      const hash = createHash("sha1").update(batch).digest("hex");
      const placed = this.#placed.find((each) => each.baseOffset === baseOffset && each.hash === hash);
      expect(baseOffset <= next, `a gap from ${next} to ${baseOffset}`).toBe(true);
      if (placed === undefined) throw new Error(`the batch at ${baseOffset} was never placed there`);
      found.push(placed);
      next = placed.endOffset;
    }
    expect(next).toBe(log.logEndOffset);
    this.#placed = found;
  }

  async #expectRecords(log: PartitionLog): Promise<void> {
    const placed = new Map(this.#placed.flatMap(({ records }) => records.map((each) => [each.offset, each])));
    const latest = new Map<string, number>();
    for (const batch of await batchesOf(log)) {
      for (const record of recordsIn(batch)) {
        const expected = placed.get(record.offset);
        const found = { offset: record.offset, key: String(record.key), value: record.value && String(record.value) };
        expect(found).toEqual(expected);
        latest.set(found.key, found.offset);
      }
    }
    const survivors = [...placed.values()].filter((record) => record.offset < log.logEndOffset);
    for (const { offset: at, key, value } of survivors) {
      const isLast = !survivors.some((other) => other.key === key && other.offset > at);
      if (!isLast || at >= this.#guaranteedEnd || at < log.logStartOffset) continue;
      // A tombstone may be gone, with all that is older.
      if (value === null) expect([at, undefined], `tombstone of ${key}`).toContain(latest.get(key));
      else expect(latest.get(key), `last record of ${key}`).toBe(at);
    }
  }
}

async function batchesOf(log: PartitionLog): Promise<Buffer[]> {
  const batches: Buffer[] = [];
  for (let from: number = log.logStartOffset; from < log.logEndOffset; ) {
    const bytes = await log.read(offset(from), { upToOffset: log.logEndOffset, sizeBytesMax: 100_000 });
    expect(bytes.length, `nothing at ${from} of ${log.logEndOffset}`).toBeGreaterThan(0);
    for (const batch of batchesIn(bytes)) {
      batches.push(batch);
      from = batchLastOffset(batch) + 1;
    }
  }
  return batches;
}

/** Verifies a closed data directory as `sluice segment verify` does. */
export async function expectVerified(fileSystem: FileSystem, path: string): Promise<void> {
  const findings = await verifyLogDirectory(fileSystem, path);
  expect(findings.filter((finding) => finding.status !== "ok")).toEqual([]);
}
