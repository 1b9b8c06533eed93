/** Batches that Apache Kafka wrote (golden/README.md): read exactly, and built again byte for byte. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { type CompressionCodec, decompress, prepareCompression } from "./compression.js";
import { buildEndTransactionMarker, readControlRecord } from "./control-record.js";
import type { RecordInput, RecordView } from "./record.js";
import { RecordBatchBuilder } from "./record-batch-builder.js";
import { readBatchHeader } from "./record-batch-header.js";
import { batchHeaderSizeBytes, batchRecordCount, stampBatch, verifyBatchChecksum } from "./record-batch-layout.js";
import { batchesIn, recordsIn } from "./record-batch-reader.js";
import { rewriteBatch } from "./rewrite-batch.js";

interface ManifestRecord {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers?: readonly { readonly key: string; readonly value: string | null }[];
}

const directory = join(import.meta.dirname, "golden");
const names = readdirSync(directory)
  .filter((name) => name.endsWith(".bin"))
  .map((name) => name.slice(0, -".bin".length));

function load(name: string): { batch: Buffer; header: object; records: ManifestRecord[] } {
  const [first = "", ...rest] = readFileSync(join(directory, `${name}.jsonl`), "utf8")
    .trimEnd()
    .split("\n");
  return {
    batch: readFileSync(join(directory, `${name}.bin`)),
    header: JSON.parse(first) as object,
    records: rest.map((line) => JSON.parse(line) as ManifestRecord),
  };
}

const base64 = (bytes: Buffer | null): string | null => bytes?.toString("base64") ?? null;
const fromBase64 = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text, "base64"));

function toManifest(record: RecordView): ManifestRecord {
  const headers = record.headers.map(({ key, value }) => ({ key, value: base64(value) }));
  const { offset, timestampMs } = record;
  const plain = { offset, timestampMs, key: base64(record.key), value: base64(record.value) };
  return headers.length === 0 ? plain : { ...plain, headers };
}

function toInput(record: ManifestRecord): RecordInput {
  const headers = (record.headers ?? []).map(({ key, value }) => ({ key, value: fromBase64(value) }));
  return { timestampMs: record.timestampMs, key: fromBase64(record.key), value: fromBase64(record.value), headers };
}

function built(records: readonly ManifestRecord[], compression: CompressionCodec): RecordBatchBuilder {
  const builder = new RecordBatchBuilder({ compression, initialBytes: 61 });
  for (const record of records) builder.append(toInput(record));
  return builder;
}

beforeAll(prepareCompression);

describe("batches written by Kafka", () => {
  it("are all there", () => {
    expect(names).toHaveLength(30);
    expect(load("none-thousand").records).toHaveLength(1000);
  });

  it.each(names)("%s: has the header that Kafka reads, and a good checksum", (name) => {
    const { batch, header } = load(name);
    expect(readBatchHeader(batch)).toMatchObject(header);
    expect(verifyBatchChecksum(batch, 0, batch.length)).toBe(true);
    expect([...batchesIn(batch)]).toEqual([batch]);
  });

  it.each(names)("%s: has the records that Kafka reads", (name) => {
    const { batch, records } = load(name);
    expect(Array.from(recordsIn(batch), toManifest)).toEqual(records);
  });

  it.each(["one", "nulls", "headers", "timestamps", "lengths", "thousand"])(
    "none-%s: is what the builder makes of the same records, byte for byte",
    (name) => {
      const { batch, records } = load(`none-${name}`);
      expect(built(records, "none").build().equals(batch)).toBe(true);
    },
  );

  it.each([
    ["none-idempotent", { producerId: 9_007_199_254_740, producerEpoch: 3, baseSequence: 41 }],
    ["none-transactional", { producerId: 12, producerEpoch: 0, baseSequence: 0, isTransactional: true }],
  ])("%s: is what the builder makes for the same producer, byte for byte", (name, producer) => {
    const { batch, records } = load(name);
    expect(built(records, "none").build(producer).equals(batch)).toBe(true);
  });

  it.each(names.filter((name) => /^(gzip|snappy|lz4|zstd)-(one|hundred|blocks)$|^gzip-/.test(name)))(
    "%s: holds the same bytes as what the builder compresses",
    (name) => {
      const { batch, records } = load(name);
      const { compression } = readBatchHeader(batch);
      const ours = built(records, compression).build();
      const expanded = (bytes: Buffer): Buffer => decompress(compression, bytes.subarray(batchHeaderSizeBytes));
      expect(expanded(ours).equals(expanded(batch))).toBe(true);
      const { baseOffset, leaderEpoch } = readBatchHeader(batch);
      stampBatch(ours, 0, { baseOffset, leaderEpoch });
      const { sizeBytes: _theirSize, crc: _theirCrc, ...theirs } = readBatchHeader(batch);
      expect(readBatchHeader(ours)).toMatchObject(theirs);
    },
  );

  it.each(["commit", "abort"] as const)(
    "control-%s: is the marker that is built, byte for byte, and is read",
    (type) => {
      const { batch } = load(`control-${type}`);
      const timestampMs = 1_700_000_000_000;
      const ours = buildEndTransactionMarker({
        type,
        coordinatorEpoch: 9,
        producerId: 12,
        producerEpoch: 0,
        timestampMs,
      });
      stampBatch(ours, 0, { baseOffset: 77, leaderEpoch: 5 });
      expect(ours.equals(batch)).toBe(true);
      expect(Array.from(recordsIn(batch), readControlRecord)).toEqual([{ type, coordinatorEpoch: 9 }]);
    },
  );
});

describe("batches compacted by Kafka", () => {
  const deleteHorizonMs = 1_800_000_000_000;
  it.each<[name: string, keep: (offset: number) => boolean, options: { deleteHorizonMs?: number }]>([
    ["odd", (offset) => offset % 2 === 1, {}],
    ["middle", (offset) => offset % 5 === 2, {}],
    ["none-kept", () => false, {}],
    ["none-kept-gzip", () => false, { deleteHorizonMs }],
    ["log-append-time", (offset) => offset % 3 === 1, {}],
    ["tombstones", () => true, { deleteHorizonMs }],
    ["tombstones-odd", (offset) => offset % 2 === 1, { deleteHorizonMs }],
    ["tombstones-log-append-time", () => true, { deleteHorizonMs }],
    ["tombstones-again", (offset) => offset % 2 === 1, { deleteHorizonMs: deleteHorizonMs + 1 }],
    ["marker", () => true, { deleteHorizonMs }],
  ])("%s: is what is made of the same batch, byte for byte", (name, keep, options) => {
    const [before, after] = ["before", "after"].map((when) =>
      readFileSync(join(directory, "compaction", `${name}.${when}.bin`)),
    ) as [Buffer, Buffer];
    const ours = rewriteBatch(before, ({ offset }) => keep(offset), options);
    expect(readBatchHeader(ours)).toEqual(readBatchHeader(after));
    expect(ours.equals(after)).toBe(true);
    expect([...recordsIn(after)]).toHaveLength(batchRecordCount(after));
  });
});
