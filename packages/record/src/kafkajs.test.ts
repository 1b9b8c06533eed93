/** kafkajs and this package write the same bytes for the same records, and read each other's. */

import { createRequire } from "node:module";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RecordInput } from "./record.js";
import { RecordBatchBuilder } from "./record-batch-builder.js";
import { stampBatch, verifyBatchChecksum } from "./record-batch-layout.js";
import { recordsIn } from "./record-batch-reader.js";

interface KafkajsEncoder {
  readonly buffer: Buffer;
}

interface KafkajsBatch {
  readonly firstOffset: string;
  readonly records: readonly {
    readonly offset: string;
    readonly timestamp: string;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers: Record<string, Buffer | Buffer[]>;
  }[];
}

const require = createRequire(import.meta.url);
const { RecordBatch } = require("kafkajs/src/protocol/recordBatch/v0") as {
  RecordBatch(options: object): Promise<KafkajsEncoder>;
};
const encodeRecord = require("kafkajs/src/protocol/recordBatch/record/v0") as (record: object) => KafkajsEncoder;
const decodeBatch = require("kafkajs/src/protocol/recordBatch/v0/decoder") as (d: object) => Promise<KafkajsBatch>;
const Decoder = require("kafkajs/src/protocol/decoder") as new (bytes: Buffer) => object;
const Long = require("kafkajs/src/utils/long") as { fromValue(value: number): unknown };

const codecNumbers = { none: 0, gzip: 1 } as const;
type Codec = keyof typeof codecNumbers;

async function encodedByKafkajs(records: readonly RecordInput[], codec: Codec): Promise<Buffer> {
  const timestamps = records.map(({ timestampMs }) => timestampMs);
  const baseTimestampMs = timestamps[0] ?? 0;
  const encoder = await RecordBatch({
    compression: codecNumbers[codec],
    firstTimestamp: baseTimestampMs,
    maxTimestamp: Math.max(...timestamps),
    partitionLeaderEpoch: -1,
    producerEpoch: -1,
    firstSequence: -1,
    lastOffsetDelta: records.length - 1,
    records: records.map(({ timestampMs, key, value, headers }, offsetDelta) =>
      encodeRecord({
        offsetDelta,
        timestampDelta: Long.fromValue(timestampMs - baseTimestampMs),
        key,
        value,
        headers: Object.fromEntries((headers ?? []).map((header) => [header.key, header.value])),
      }),
    ),
  });
  return encoder.buffer;
}

function builtByUs(records: readonly RecordInput[], codec: Codec): Buffer {
  const builder = new RecordBatchBuilder({ compression: codec });
  for (const record of records) builder.append(record);
  return builder.build();
}

interface Plain {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: string | undefined;
  readonly value: string | undefined;
  readonly headers: readonly (readonly [string, string | undefined])[];
}

const hex = (bytes: Uint8Array | null): string | undefined =>
  bytes === null ? undefined : Buffer.from(bytes).toString("hex");

function expectedRecords(records: readonly RecordInput[], baseOffset: number): Plain[] {
  return records.map(({ timestampMs, key, value, headers }, index) => ({
    offset: baseOffset + index,
    timestampMs,
    key: hex(key),
    value: hex(value),
    headers: (headers ?? []).map((header) => [header.key, hex(header.value)] as const),
  }));
}

async function readByKafkajs(batch: Buffer): Promise<Plain[]> {
  const { records } = await decodeBatch(new Decoder(batch));
  return records.map(({ offset, timestamp, key, value, headers }) => ({
    offset: Number(offset),
    timestampMs: Number(timestamp),
    key: hex(key),
    value: hex(value),
    headers: Object.entries(headers).map(([name, header]) => [name, hex(header as Buffer)] as const),
  }));
}

function readByUs(batch: Buffer): Plain[] {
  return Array.from(recordsIn(batch), ({ offset, timestampMs, key, value, headers }) => ({
    offset,
    timestampMs,
    key: hex(key),
    value: hex(value),
    headers: headers.map((header) => [header.key, hex(header.value)] as const),
  }));
}

/** kafkajs takes bytes for text unless they are a Buffer. */
const bytes = fc
  .oneof(
    { weight: 4, arbitrary: fc.uint8Array({ maxLength: 9 }) },
    // So long that the length takes two bytes.
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200, size: "max" }) },
  )
  .map((array) => Buffer.from(array));
/** kafkajs keeps headers in an object and cannot encode a header without a value. */
const headers = fc.uniqueArray(fc.record({ key: fc.stringMatching(/^[a-zä-ü鍵]{1,8}$/), value: bytes }), {
  maxLength: 3,
  selector: ({ key }) => key,
});
const record: fc.Arbitrary<RecordInput> = fc.record({
  timestampMs: fc.integer({ min: 1_600_000_000_000, max: 1_900_000_000_000 }),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers,
});
const records = fc.array(record, { minLength: 1, maxLength: 20, size: "max" });
const codec = fc.constantFrom<Codec>("none", "gzip");

describe("kafkajs", () => {
  it("makes the same bytes of the same records, uncompressed", async () => {
    await fc.assert(
      fc.asyncProperty(records, async (inputs) => {
        expect(builtByUs(inputs, "none").equals(await encodedByKafkajs(inputs, "none"))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it("reads what the builder makes", async () => {
    await fc.assert(
      fc.asyncProperty(records, codec, fc.nat(), async (inputs, chosen, baseOffset) => {
        const batch = builtByUs(inputs, chosen);
        stampBatch(batch, 0, { baseOffset, leaderEpoch: 3 });
        expect(await readByKafkajs(batch)).toEqual(expectedRecords(inputs, baseOffset));
      }),
      { numRuns: 200 },
    );
  });

  it("makes batches that the reader reads", async () => {
    await fc.assert(
      fc.asyncProperty(records, codec, async (inputs, chosen) => {
        const batch = await encodedByKafkajs(inputs, chosen);
        expect(verifyBatchChecksum(batch, 0, batch.length)).toBe(true);
        expect(readByUs(batch)).toEqual(expectedRecords(inputs, 0));
      }),
      { numRuns: 200 },
    );
  });
});
