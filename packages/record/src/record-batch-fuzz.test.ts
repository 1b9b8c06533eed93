/**
 * Whatever bytes arrive, reading them ends soon, with records or with a typed error: random bytes, batches with bytes changed,
 * cut or put in, with and without a checksum made right again, and compressed streams of damaged records, of every codec. 100,000
 * inputs; 1,000,000 under `npm run test:long`.
 */

import { isSluiceError } from "@sluice/model";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { propertyRuns } from "../../../test/support/property-runs.js";
import { checkProducedBatch } from "./check-produced-batch.js";
import { type CompressionCodec, compress, compressionCodecs, prepareCompression } from "./compression.js";
import { crc32c } from "./crc32c.js";
import { RecordBatchBuilder } from "./record-batch-builder.js";
import { readBatchHeader } from "./record-batch-header.js";
import { batchField, batchHeaderSizeBytes, verifyBatchChecksum } from "./record-batch-layout.js";
import { batchesIn, recordsIn } from "./record-batch-reader.js";

const codesExpected = new Set([
  "INVALID_RECORD_BATCH",
  "CORRUPT_RECORD_BATCH",
  "RECORD_BATCH_TOO_LARGE",
  "INVALID_TIMESTAMP",
  "UNSUPPORTED",
]);
const limits = {
  sizeBytesMax: 4096,
  where: "t-0",
  nowMs: 1_700_000_000_000,
  timestampBeforeMaxMs: 1e9,
  timestampAfterMaxMs: 1e9,
};
// The smallest record: length, attributes, two deltas, two nulls, no headers.
const recordBytesMin = 7;
const timeoutMs = propertyRuns({ usual: 120_000, long: 1_800_000 });
const longFactor = 10;
const codecs = compressionCodecs.filter((codec) => codec !== "none");

function seed(compression: CompressionCodec, count: number): Buffer {
  const builder = new RecordBatchBuilder({ compression });
  for (let i = 0; i < count; i++) {
    const headers =
      i % 3 === 0
        ? [
            { key: "h", value: Buffer.from("x") },
            { key: "n", value: null },
          ]
        : [];
    const value = Buffer.from("value".repeat(i % 5));
    builder.append({
      timestampMs: limits.nowMs - i * 70,
      key: i % 2 === 0 ? null : Buffer.from(`k${i}`),
      value,
      headers,
    });
  }
  return builder.build();
}

const plainSeeds = [seed("none", 1), seed("none", 12), seed("none", 70)];
const seeds = [...plainSeeds];

beforeAll(async () => {
  await prepareCompression();
  for (const codec of codecs) seeds.push(seed(codec, 1), seed(codec, 30));
});

type Edit = readonly [kind: "set" | "cut" | "insert", place: number, byte: number];

const place = fc.nat(0xffff);
// Bytes that mean much to varints and lengths come more often.
const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 2, 3, 0x7e, 0x7f, 0x80, 0xff));
const edits: fc.Arbitrary<Edit[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.tuple(fc.constant("set" as const), place, byte) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom("cut" as const, "insert" as const), place, byte) },
  ),
  { minLength: 1, maxLength: 6 },
);

function edited(bytes: Buffer, changes: readonly Edit[]): Buffer {
  let result = Buffer.from(bytes);
  for (const [kind, anywhere, value] of changes) {
    const at = anywhere % (result.length + 1);
    if (kind === "set" && at < result.length) result[at] = value;
    if (kind === "cut") result = Buffer.concat([result.subarray(0, at), result.subarray(at + (value % 8))]);
    if (kind === "insert")
      result = Buffer.concat([result.subarray(0, at), Buffer.alloc(value % 8, value), result.subarray(at)]);
  }
  return result;
}

/** Makes length and checksum fit the bytes again, so that what was damaged is met deeper inside. */
function resigned(bytes: Buffer): Buffer {
  if (bytes.length < batchHeaderSizeBytes) return bytes;
  bytes.writeInt32BE(bytes.length - 12, batchField.batchLength);
  bytes.writeUInt32BE(crc32c(bytes.subarray(batchField.attributes)), batchField.crc);
  return bytes;
}

/** Reads all that can be read. @throws Error where what it read cannot have been in the bytes. */
function readAll(bytes: Buffer): void {
  for (const batch of batchesIn(bytes)) {
    verifyBatchChecksum(batch, 0, batch.length);
    let recordCount = 0;
    let contentBytes = 0;
    for (const record of recordsIn(batch)) {
      recordCount++;
      contentBytes += (record.key?.length ?? 0) + (record.value?.length ?? 0);
      for (const { key, value } of record.headers) contentBytes += key.length + (value?.length ?? 0);
      if (!Number.isSafeInteger(record.offset) || !Number.isSafeInteger(record.timestampMs)) throw new Error("unsafe");
    }
    const header = readBatchHeader(batch);
    if (recordCount !== header.recordCount) throw new Error("records went missing");
    if (header.compression !== "none") continue;
    if (contentBytes + recordCount * recordBytesMin > batch.length) throw new Error("more content than bytes");
  }
}

/** Runs `read` and says whether it succeeded; any error that is not typed fails the test. */
function succeeds(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (isSluiceError(error) && codesExpected.has(error.code)) return false;
    throw error;
  }
}

/** How often the reader came through and how often it refused, so that a test can show that it met both. */
function fuzz(
  inputs: fc.Arbitrary<Buffer>,
  usual: number,
  onAccepted: (bytes: Buffer) => void = () => undefined,
): { read: number; refused: number; accepted: number } {
  const outcome = { read: 0, refused: 0, accepted: 0 };
  fc.assert(
    fc.property(inputs, (bytes) => {
      if (succeeds(() => readAll(bytes))) outcome.read++;
      else outcome.refused++;
      if (succeeds(() => checkProducedBatch(bytes, limits))) {
        outcome.accepted++;
        onAccepted(bytes);
      }
      succeeds(() => readBatchHeader(bytes));
      succeeds(() => Array.from(recordsIn(bytes)));
    }),
    { numRuns: propertyRuns({ usual, long: usual * longFactor }) },
  );
  return outcome;
}

function isSameButForEpoch(batch: Buffer, other: Buffer): boolean {
  const [before, after] = [batchField.leaderEpoch, batchField.magic];
  return (
    batch.subarray(0, before).equals(other.subarray(0, before)) && batch.subarray(after).equals(other.subarray(after))
  );
}

// Chosen while the test runs: what seeds there are is known only then.
const seedBatch = (): fc.Arbitrary<Buffer> => fc.constantFrom(...seeds);

describe("reading bytes from anywhere", () => {
  it(
    "survives random bytes, with and without a good header before them",
    () => {
      const head = fc.constantFrom(...seeds.map((batch) => batch.subarray(0, batchHeaderSizeBytes)), Buffer.alloc(0));
      const inputs = fc
        .tuple(head, fc.uint8Array({ maxLength: 200, size: "max" }))
        .map(([header, tail]) => resigned(Buffer.concat([header, tail])));
      expect(fuzz(inputs, 20_000).refused).toBeGreaterThan(10_000);
    },
    timeoutMs,
  );

  it(
    "survives damaged batches, and accepts none to be appended but those whose epoch alone changed",
    () => {
      const inputs = fc.tuple(seedBatch(), edits).map(([batch, changes]) => edited(batch, changes));
      const { refused, accepted } = fuzz(inputs, 20_000, (bytes) => {
        if (!seeds.some((batch) => isSameButForEpoch(batch, bytes))) throw new Error("accepted a damaged batch");
      });
      expect(refused).toBeGreaterThan(5_000);
      expect(accepted).toBeGreaterThan(50);
    },
    timeoutMs,
  );

  it(
    "survives damaged uncompressed batches whose length and checksum fit",
    () => {
      const inputs = fc
        .tuple(fc.constantFrom(...plainSeeds), edits)
        .map(([batch, changes]) => resigned(edited(batch, changes)));
      const { read, refused, accepted } = fuzz(inputs, 20_000);
      expect(Math.min(read, refused, accepted)).toBeGreaterThan(1_000);
    },
    timeoutMs,
  );

  it.each(codecs)(
    "survives damaged batches of %s whose length and checksum fit",
    (codec) => {
      const own = fc.constantFrom(seed(codec, 1), seed(codec, 30));
      const inputs = fc.tuple(own, edits).map(([batch, changes]) => resigned(edited(batch, changes)));
      const { read, refused, accepted } = fuzz(inputs, 6_000);
      expect(refused).toBeGreaterThan(1_000);
      expect(Math.min(read, accepted)).toBeGreaterThan(50);
    },
    timeoutMs,
  );

  it.each(codecs)(
    "survives streams of %s that hold damaged records",
    (codec) => {
      const [plain, template] = [plainSeeds[1] as Buffer, seed(codec, 1)];
      template.writeInt32BE(11, batchField.lastOffsetDelta);
      template.writeInt32BE(12, batchField.recordCount);
      const header = template.subarray(0, batchHeaderSizeBytes);
      const inputs = edits.map((changes) => {
        const stored = compress(codec, edited(plain.subarray(batchHeaderSizeBytes), changes)) ?? Buffer.alloc(0);
        return resigned(Buffer.concat([header, stored]));
      });
      const { read, refused } = fuzz(inputs, 4_000);
      expect(Math.min(read, refused)).toBeGreaterThan(200);
    },
    timeoutMs,
  );
});
