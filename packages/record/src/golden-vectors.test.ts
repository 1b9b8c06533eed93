/** Batches that Apache Kafka wrote (golden/README.md): read exactly, and built again byte for byte. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { RecordInput, RecordView } from "./record.js";
import { RecordBatchBuilder } from "./record-batch-builder.js";
import { readBatchHeader } from "./record-batch-header.js";
import { batchHeaderSizeBytes, verifyBatchChecksum } from "./record-batch-layout.js";
import { batchesIn, recordsIn } from "./record-batch-reader.js";

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
const isReadable = (name: string): boolean => /^(none|gzip|control)-/.test(name);

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

function built(records: readonly ManifestRecord[], compression: "none" | "gzip"): Buffer {
  const builder = new RecordBatchBuilder({ compression, initialBytes: 61 });
  for (const record of records) builder.append(toInput(record));
  return builder.build();
}

describe("batches written by Kafka", () => {
  it("are all there", () => {
    expect(names).toHaveLength(17);
    expect(load("none-thousand").records).toHaveLength(1000);
  });

  it.each(names)("%s: has the header that Kafka reads, and a good checksum", (name) => {
    const { batch, header } = load(name);
    expect(readBatchHeader(batch)).toMatchObject(header);
    expect(verifyBatchChecksum(batch, 0, batch.length)).toBe(true);
    expect([...batchesIn(batch)]).toEqual([batch]);
  });

  it.each(names.filter(isReadable))("%s: has the records that Kafka reads", (name) => {
    const { batch, records } = load(name);
    expect(Array.from(recordsIn(batch), toManifest)).toEqual(records);
  });

  it.each(names.filter((name) => !isReadable(name)))("%s: is refused by the name of its codec", (name) => {
    const codec = name.slice(0, name.indexOf("-"));
    expect(() => [...recordsIn(load(name).batch)]).toThrow(
      expect.objectContaining({ code: "UNSUPPORTED_COMPRESSION", details: { codec } }),
    );
  });

  it.each(["one", "nulls", "headers", "timestamps", "lengths", "thousand"])(
    "none-%s: is what the builder makes of the same records, byte for byte",
    (name) => {
      const { batch, records } = load(`none-${name}`);
      expect(built(records, "none").equals(batch)).toBe(true);
    },
  );

  it.each(["nulls", "headers", "hundred"])("gzip-%s: holds the same bytes as what the builder compresses", (name) => {
    const { batch, records } = load(`gzip-${name}`);
    const ours = built(records, "gzip");
    const stored = (bytes: Buffer): Buffer => gunzipSync(bytes.subarray(batchHeaderSizeBytes));
    expect(stored(ours).equals(stored(batch))).toBe(true);
    const { sizeBytes: _theirSize, crc: _theirCrc, ...theirs } = readBatchHeader(batch);
    expect(readBatchHeader(ours)).toMatchObject(theirs);
  });
});
