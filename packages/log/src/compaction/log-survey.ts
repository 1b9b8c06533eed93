/**
 * What the headers of a log say before a record of it is looked at: which transactions were aborted, where the first one begins
 * whose end is not among the sources, and which batches carry the last sequence or epoch of a producer.
 */

import { type ControlRecord, type RecordBatchHeader, readControlRecord, recordsIn } from "@sluice/record";
import type { CompactionSource } from "./compaction-job.js";
import type { SourceBatch, SourceReader } from "./source-batches.js";

interface OffsetRange {
  readonly first: number;
  /** Offset of the marker. */
  readonly last: number;
}

interface LastBatches {
  dataOffset: number;
  dataEpoch: number;
  markerOffset: number;
  markerEpoch: number;
}

export class LogSurvey {
  readonly #openFrom = new Map<number, number>();
  readonly #aborted = new Map<number, OffsetRange[]>();
  readonly #producers = new Map<number, LastBatches>();
  readonly #live: ReadonlySet<number> | undefined;

  /** @param liveProducerIds undefined: all. */
  constructor(liveProducerIds?: readonly number[]) {
    this.#live = liveProducerIds === undefined ? undefined : new Set(liveProducerIds);
  }

  /** First offset of a transaction whose marker was not seen; Infinity where there is none. */
  get undecidedFrom(): number {
    let from = Number.POSITIVE_INFINITY;
    for (const offset of this.#openFrom.values()) from = Math.min(from, offset);
    return from;
  }

  /** Takes the next batch of the log. */
  add({ header, bytes }: SourceBatch): void {
    const { producerId, baseOffset } = header;
    if (producerId < 0) return;
    if (header.isControl) {
      if (bytes !== undefined && header.recordCount > 0) this.#end(header, bytes);
    } else if (header.isTransactional && header.recordCount > 0 && !this.#openFrom.has(producerId)) {
      this.#openFrom.set(producerId, baseOffset);
    }
    this.#note(header);
  }

  /** Whether the batch belongs to a transaction that was aborted. */
  isAborted({ producerId, isTransactional, isControl, baseOffset }: RecordBatchHeader): boolean {
    if (!isTransactional || isControl) return false;
    const ranges = this.#aborted.get(producerId);
    return ranges !== undefined && isInside(ranges, baseOffset);
  }

  /**
   * Whether a producer's place hangs on the batch: its last batch with sequences, which says what it may send next, or a
   * marker with a newer epoch than that, which fences its older instances.
   */
  isLastOfProducer({ producerId, isControl, baseOffset }: RecordBatchHeader): boolean {
    const last = this.#producers.get(producerId);
    if (last === undefined || this.#live?.has(producerId) === false) return false;
    if (!isControl) return baseOffset === last.dataOffset;
    return baseOffset === last.markerOffset && last.markerEpoch > last.dataEpoch;
  }

  #end(header: RecordBatchHeader, bytes: Buffer): void {
    const type = markerTypeOf(bytes);
    if (type === "unknown") return;
    const first = this.#openFrom.get(header.producerId);
    this.#openFrom.delete(header.producerId);
    if (type !== "abort" || first === undefined) return;
    const ranges = this.#aborted.get(header.producerId) ?? [];
    ranges.push({ first, last: header.baseOffset });
    this.#aborted.set(header.producerId, ranges);
  }

  #note({ producerId, producerEpoch, isControl, baseOffset, baseSequence }: RecordBatchHeader): void {
    // Case: a coordinator's own transactional batches have no sequence.
    if (!isControl && baseSequence < 0) return;
    let last = this.#producers.get(producerId);
    if (last === undefined) {
      last = { dataOffset: -1, dataEpoch: -1, markerOffset: -1, markerEpoch: -1 };
      this.#producers.set(producerId, last);
    }
    if (isControl) {
      last.markerOffset = baseOffset;
      last.markerEpoch = producerEpoch;
    } else {
      last.dataOffset = baseOffset;
      last.dataEpoch = producerEpoch;
    }
  }
}

/** How the transaction ended, by the first record of a control batch. `unknown` where it is no end of a transaction. */
export function markerTypeOf(controlBatch: Buffer): ControlRecord["type"] {
  const [record] = recordsIn(controlBatch);
  return record === undefined ? "unknown" : readControlRecord(record).type;
}

/** The ranges ascend and do not overlap. */
function isInside(ranges: readonly OffsetRange[], offset: number): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle] as OffsetRange).last <= offset) low = middle + 1;
    else high = middle;
  }
  const range = ranges[low];
  return range !== undefined && range.first <= offset;
}

/** Surveys all sources. */
export async function surveyLog(
  sources: readonly CompactionSource[],
  reader: SourceReader,
  liveProducerIds: readonly number[] | undefined,
): Promise<LogSurvey> {
  const survey = new LogSurvey(liveProducerIds);
  for (const source of sources) {
    for await (const batches of reader.headers(source)) for (const batch of batches) survey.add(batch);
  }
  return survey;
}
