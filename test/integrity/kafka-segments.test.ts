/**
 * Segments that a Kafka broker wrote (test/interop/kafka-segments): every codec, plain, idempotent and transactional producers.
 * Every batch is whole and verifies, and the records are those that Kafka's own consumer read.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  batchesIn,
  prepareCompression,
  type RecordView,
  readBatchHeader,
  readControlRecord,
  recordsIn,
  verifyBatchChecksum,
} from "@sluice/record";
import { beforeAll, describe, expect, it } from "vitest";

interface ConsumedRecord {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly { readonly key: string; readonly value: string | null }[];
}

const directory = join(import.meta.dirname, "../interop/kafka-segments");
const segments = readdirSync(join(directory, "segments-0"))
  .filter((name) => name.endsWith(".log"))
  .sort()
  .map((name) => ({ baseOffset: Number(name.slice(0, -4)), bytes: readFileSync(join(directory, "segments-0", name)) }));
const batches = segments.flatMap(({ bytes }) => [...batchesIn(bytes)]);
const headers = batches.map((batch) => readBatchHeader(batch));
const consumed = readFileSync(join(directory, "records.jsonl"), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as ConsumedRecord);

const base64 = (bytes: Buffer | null): string | null => bytes?.toString("base64") ?? null;
const plain = (record: RecordView): ConsumedRecord => ({
  offset: record.offset,
  timestampMs: record.timestampMs,
  key: base64(record.key),
  value: base64(record.value),
  headers: record.headers.map(({ key, value }) => ({ key, value: base64(value) })),
});

beforeAll(prepareCompression);

describe("segments that Kafka wrote", () => {
  it("are whole batches that follow each other without a gap, each with a good checksum", () => {
    let nextOffset = 0;
    for (const { baseOffset, bytes } of segments) {
      expect(baseOffset).toBe(nextOffset);
      const own = [...batchesIn(bytes)];
      expect(own.reduce((sum, batch) => sum + batch.length, 0)).toBe(bytes.length);
      for (const batch of own) {
        expect(readBatchHeader(batch)).toMatchObject({ baseOffset: nextOffset, leaderEpoch: 0 });
        expect(verifyBatchChecksum(batch, 0, batch.length)).toBe(true);
        nextOffset = readBatchHeader(batch).lastOffset + 1;
      }
    }
    expect(segments).toHaveLength(4);
  });

  it("were written with every codec by every kind of producer", () => {
    const kinds = headers
      .filter(({ isControl }) => !isControl)
      .map(({ compression, producerId, isTransactional }) => {
        if (isTransactional) return `transactional ${compression}`;
        return producerId < 0 ? `plain ${compression}` : `idempotent ${compression}`;
      });
    expect(new Set(kinds).size).toBe(15);
  });

  it("hold the records that Kafka's consumer reads", () => {
    const records = batches
      .filter((batch) => !readBatchHeader(batch).isControl)
      .flatMap((batch) => Array.from(recordsIn(batch), plain));
    expect(records).toHaveLength(450);
    expect(records).toEqual(consumed);
  });

  it("hold the markers of ten committed and five aborted transactions", () => {
    const markers = batches
      .filter((batch) => readBatchHeader(batch).isControl)
      .flatMap((batch) => Array.from(recordsIn(batch), readControlRecord));
    expect(markers.map(({ type }) => type)).toEqual(
      Array.from({ length: 5 }, () => ["commit", "abort", "commit"] as const).flat(),
    );
    for (const { coordinatorEpoch } of markers) expect(coordinatorEpoch).toBe(0);
  });
});
