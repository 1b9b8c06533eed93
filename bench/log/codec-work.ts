/** Encoding and decoding batches of records with values of 100 bytes, in memory. */

import { isSluiceError } from "@sluice/model";
import {
  type CompressionCodec,
  checkCodecAvailable,
  compressionCodecs,
  nativeCrc32cLoaded,
  prepareCompression,
  RecordBatchBuilder,
  recordsIn,
} from "@sluice/record";
import { absoluteRow, type Goal, type LogBenchRow } from "./log-report.js";
import type { LogWork } from "./log-work.js";

const valueBytes = 100;
const recordsPerBatch = 1000;
const recordsPerRound = 1_000_000;
const compressedRecordsPerRound = 100_000;

export const codecWork: LogWork = {
  diskBytes: () => 0,
  async run({ rounds }): Promise<LogBenchRow[]> {
    await nativeCrc32cLoaded;
    await prepareCompression();
    const values = Array.from({ length: recordsPerBatch }, (_, index) => textValue(index));
    const rows: LogBenchRow[] = [];
    for (const codec of compressionCodecs) {
      if (!isAvailable(codec)) continue;
      const batch = encode(values, codec);
      const count = codec === "none" ? recordsPerRound : compressedRecordsPerRound;
      const encoded = measure(rounds, count, () => encode(values, codec).length);
      const decoded = measure(rounds, count, () => decode(batch));
      const walked = measure(rounds, count, () => walk(batch));
      const isNone = codec === "none";
      rows.push(absoluteRow(`encode 100 B, ${codec}`, "M records/s", encoded, isNone ? atLeast(5) : undefined));
      rows.push(absoluteRow(`decode 100 B, ${codec}`, "M records/s", decoded, isNone ? atLeast(4) : undefined));
      if (isNone) rows.push(absoluteRow("  the same, values not asked for", "M records/s", walked));
    }
    return rows;
  },
};

/** Text that compresses about as well as JSON does. */
function textValue(index: number): Buffer {
  const number = (index * 2_654_435_761) % 4_294_967_296;
  const text = `{"id":${index},"user":"${number.toString(36)}","amount":${number % 10_000},"at":"2026-01-01T00:00:00Z","note":"${"-".repeat(60)}`;
  return Buffer.from(text.slice(0, valueBytes));
}

/** False where the package that the codec needs is not installed. */
function isAvailable(codec: CompressionCodec): boolean {
  try {
    checkCodecAvailable(codec);
    return true;
  } catch (error) {
    if (isSluiceError(error, "MISSING_CODEC_PACKAGE")) return false;
    throw error;
  }
}

function encode(values: readonly Buffer[], compression: CompressionCodec): Buffer {
  const builder = new RecordBatchBuilder({ compression, initialBytes: recordsPerBatch * (valueBytes + 12) });
  for (const [index, value] of values.entries()) {
    builder.append({ timestampMs: 1_700_000_000_000 + index, key: null, value });
  }
  return builder.build();
}

function decode(batch: Buffer): number {
  let sum = 0;
  for (const { offset, timestampMs, value } of recordsIn(batch)) sum += offset + timestampMs + (value?.length ?? 0);
  return sum;
}

function walk(batch: Buffer): number {
  let sum = 0;
  for (const { offset } of recordsIn(batch)) sum += offset;
  return sum;
}

/** Millions of records a second, round by round, after one that does not count. */
function measure(rounds: number, records: number, workOnBatch: () => number): number[] {
  const rates: number[] = [];
  let sum = 0;
  for (let round = 0; round <= rounds; round++) {
    const startedMs = performance.now();
    for (let done = 0; done < records; done += recordsPerBatch) sum += workOnBatch();
    if (round > 0) rates.push(records / (performance.now() - startedMs) / 1000);
  }
  // The sum is used, so that no work can be left out.
  if (Number.isNaN(sum)) throw new Error("a batch came out without numbers");
  return rates;
}

function atLeast(value: number): Goal {
  return { of: "ours", bound: "at least", value };
}
