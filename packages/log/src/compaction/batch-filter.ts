/**
 * Decides, batch by batch in the order of the log, what of a batch stays. Touches no file.
 *
 *   - At or above the end of the offset map everything stays as it is.
 *   - A record stays where no later one has its key. One without a key cannot be compacted and goes, as in Kafka.
 *   - Records of an aborted transaction go. Its marker, and that of a committed one, stays while a batch of the transaction does.
 *   - A tombstone that stays, and a marker without its transaction, get a delete horizon when they are first met: now and
 *     delete.retention.ms. They go when that has passed. The clock starts in the job that removes what they delete, so whoever
 *     still saw that has so long to see them (P47, KIP-534).
 *   - A batch without records goes, unless the end offset of a segment or the place of a producer hangs on it.
 */

import {
  batchRecordCount,
  type RecordBatchHeader,
  type RecordView,
  type RewriteBatchOptions,
  recordsIn,
  rewriteBatch,
} from "@sluice/record";
import { type LogSurvey, markerTypeOf } from "./log-survey.js";
import type { OffsetMap } from "./offset-map.js";
import type { WholeSourceBatch } from "./source-batches.js";

export interface BatchFilterOptions {
  readonly offsets: Pick<OffsetMap, "get">;
  /** Exclusive end of what the map covers. */
  readonly mapEnd: number;
  readonly survey: LogSurvey;
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
}

export class BatchFilter {
  readonly #options: BatchFilterOptions;
  /** Producers of whose current transaction a data batch was met. */
  readonly #withData = new Set<number>();
  #recordsKept = 0;
  #recordsDropped = 0;
  #tombstonesDroppedTo = -1;
  #nextHorizonMs: number | undefined;

  constructor(options: BatchFilterOptions) {
    this.#options = options;
  }

  get recordsKept(): number {
    return this.#recordsKept;
  }

  get recordsDropped(): number {
    return this.#recordsDropped;
  }

  /** Highest offset of a tombstone or control record that went because its horizon had passed; -1: none. */
  get tombstonesDroppedTo(): number {
    return this.#tombstonesDroppedTo;
  }

  /** Earliest horizon of what stayed only for that; undefined: none. */
  get nextHorizonMs(): number | undefined {
    return this.#nextHorizonMs;
  }

  /** What stays of the next batch: the same buffer where all of it does, undefined where nothing does. */
  apply({ header, bytes }: WholeSourceBatch, isLastOfGroup: boolean): Buffer | undefined {
    const isMarkerOfNothing = this.#follow(header, bytes);
    const isNeeded = isLastOfGroup || this.#options.survey.isLastOfProducer(header);
    const result = this.#filtered(header, bytes, isMarkerOfNothing);
    const keptCount = batchRecordCount(result);
    this.#recordsKept += keptCount;
    this.#recordsDropped += header.recordCount - keptCount;
    return keptCount > 0 || isNeeded || header.baseOffset >= this.#options.mapEnd ? result : undefined;
  }

  /** Keeps track of transactions. True for a marker of whose transaction no batch is left. */
  #follow(header: RecordBatchHeader, bytes: Buffer): boolean {
    if (!header.isControl) {
      if (header.isTransactional) this.#withData.add(header.producerId);
      return false;
    }
    // A control record of a kind that is not known may mean anything: it stays.
    if (header.recordCount === 0 || markerTypeOf(bytes) === "unknown") return false;
    return !this.#withData.delete(header.producerId);
  }

  #filtered(header: RecordBatchHeader, bytes: Buffer, isMarkerOfNothing: boolean): Buffer {
    if (header.baseOffset >= this.#options.mapEnd || header.recordCount === 0) return bytes;
    if (header.isControl) return isMarkerOfNothing ? this.#filteredMarker(header, bytes) : bytes;
    if (this.#options.survey.isAborted(header)) return rewriteBatch(bytes, () => false);
    return this.#filteredRecords(header, bytes);
  }

  #filteredMarker(header: RecordBatchHeader, bytes: Buffer): Buffer {
    // What it says of its producer has to stay readable.
    if (this.#options.survey.isLastOfProducer(header)) return bytes;
    if (!this.#isHorizonPast(header)) return rewriteBatch(bytes, () => true, this.#horizonOf(header));
    this.#tombstonesDroppedTo = header.lastOffset;
    return rewriteBatch(bytes, () => false);
  }

  #filteredRecords(header: RecordBatchHeader, bytes: Buffer): Buffer {
    const areTombstonesDue = this.#isHorizonPast(header);
    const kept: boolean[] = [];
    let keptCount = 0;
    let hasTombstones = false;
    for (const record of recordsIn(bytes)) {
      const isNewest = this.#isNewest(record);
      const isTombstone = isNewest && record.value === null;
      const isKept = isNewest && !(isTombstone && areTombstonesDue);
      if (isTombstone && areTombstonesDue) this.#tombstonesDroppedTo = record.offset;
      hasTombstones ||= isTombstone && isKept;
      kept.push(isKept);
      if (isKept) keptCount += 1;
    }
    const options: RewriteBatchOptions = hasTombstones ? this.#horizonOf(header) : {};
    const isSame = keptCount === kept.length && (header.hasDeleteHorizon || options.deleteHorizonMs === undefined);
    if (isSame) return bytes;
    let index = 0;
    return rewriteBatch(bytes, () => kept[index++] === true, options);
  }

  #isNewest(record: RecordView): boolean {
    const { key } = record;
    return key !== null && this.#options.offsets.get(key) <= record.offset;
  }

  #isHorizonPast(header: RecordBatchHeader): boolean {
    return header.hasDeleteHorizon && header.baseTimestampMs <= this.#options.nowMs;
  }

  /** The horizon that the batch has, or gets now. */
  #horizonOf(header: RecordBatchHeader): { deleteHorizonMs: number } {
    const { nowMs, deleteRetentionMs } = this.#options;
    const newHorizonMs = Math.min(nowMs + deleteRetentionMs, Number.MAX_SAFE_INTEGER);
    const deleteHorizonMs = header.hasDeleteHorizon ? header.baseTimestampMs : newHorizonMs;
    this.#nextHorizonMs = Math.min(this.#nextHorizonMs ?? deleteHorizonMs, deleteHorizonMs);
    return { deleteHorizonMs };
  }
}
