import type { DumpedBatch, DumpedRecord } from "@sluice/log";
import { SluiceError } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { batchJson, batchText, damageJson, damageText } from "./batch-lines.js";

const record: DumpedRecord = {
  offset: 5,
  timestampMs: 1000,
  key: Buffer.from("k"),
  value: Buffer.from([0xff, 0x0a]),
  headers: [
    { key: "h", value: Buffer.from("1") },
    { key: "h", value: null },
  ],
  control: undefined,
};

const batch: DumpedBatch = {
  type: "batch",
  baseOffset: 5,
  lastOffset: 7,
  lastOffsetDelta: 2,
  sizeBytes: 100,
  position: 61,
  leaderEpoch: 3,
  magic: 2,
  crc: 1,
  compression: "gzip",
  timestampType: "createTime",
  isTransactional: false,
  isControl: false,
  hasDeleteHorizon: false,
  baseTimestampMs: 1000,
  maxTimestampMs: 1000,
  producerId: -1,
  producerEpoch: -1,
  baseSequence: -1,
  recordCount: 1,
  isChecksumValid: true,
  disorder: undefined,
  records: [record],
  recordsError: undefined,
};

const text = (each: DumpedBatch): string[] => [...batchText(each, each.records)];
const json = (each: DumpedBatch): unknown[] =>
  [...batchJson(each, each.records)].map((line) => JSON.parse(line) as unknown);

describe("a batch for people", () => {
  it("is a line, with a line for each record; bytes that are no text are base64", () => {
    expect(text(batch)).toEqual([
      "batch 5..7  epoch 3  position 61  100 bytes  gzip  1 record",
      "           5  1970-01-01T00:00:01.000Z  k  base64:/wo=",
    ]);
  });

  it("says what is not usual of it", () => {
    const [line = ""] = text({
      ...batch,
      producerId: 9,
      producerEpoch: 1,
      baseSequence: 40,
      isTransactional: true,
      hasDeleteHorizon: true,
      isChecksumValid: false,
      disorder: "base offset 5 where 6 follows",
      records: [],
    });
    expect(line).toContain(
      "producer 9 epoch 1 sequence 40  transactional  tombstones go after 1970-01-01T00:00:01.000Z",
    );
    expect(line).toContain("DAMAGED: CHECKSUM DOES NOT FIT  OUT OF ORDER: base offset 5 where 6 follows");
  });

  it("shows markers as markers", () => {
    const marker = (type: "commit" | "unknown"): DumpedRecord => ({
      ...record,
      control: { type, coordinatorEpoch: 4 },
    });
    const lines = text({ ...batch, isControl: true, records: [marker("commit"), marker("unknown")] });
    expect(lines[0]).toMatch(/ {2}control$/);
    expect(lines[1]).toMatch(/ commit of a transaction, by coordinator epoch 4$/);
    expect(lines[2]).toMatch(/ a marker of an unknown kind$/);
  });

  it("has the error in the place of records that cannot be read", () => {
    const recordsError = new SluiceError("MISSING_CODEC_PACKAGE", { codec: "zstd", package: "z" });
    const [, line] = text({ ...batch, records: [], recordsError });
    expect(line).toMatch(/its records cannot be read: .*zstd needs the package z.* \(MISSING_CODEC_PACKAGE\)$/);
  });
});

describe("a batch for programs", () => {
  it("is a line for each record", () => {
    expect(json(batch)).toEqual([
      {
        offset: 5,
        timestamp: 1000,
        key: "k",
        value: { base64: "/wo=" },
        headers: { h: ["1", null] },
        leaderEpoch: 3,
        batch: { baseOffset: 5, position: 61, compression: "gzip" },
      },
    ]);
  });

  it("is a line of its own where no record is shown, with the error if there is one", () => {
    expect(json({ ...batch, records: [] })).toEqual([
      { batch: expect.objectContaining({ baseOffset: 5, recordCount: 1, isChecksumValid: true }) as unknown },
    ]);
    const recordsError = new SluiceError("MISSING_CODEC_PACKAGE", { codec: "zstd", package: "z" });
    expect(json({ ...batch, recordsError })).toMatchObject([
      { offset: 5 },
      { batch: { compression: "gzip" }, error: { code: "MISSING_CODEC_PACKAGE" } },
    ]);
  });

  it("shows markers as markers", () => {
    const control = { type: "abort", coordinatorEpoch: 4 } as const;
    const [line] = json({ ...batch, isControl: true, records: [{ ...record, control }] });
    expect(line).toMatchObject({ offset: 5, control });
    expect(line).not.toHaveProperty("key");
  });
});

it("damage has its place and its reason, for both", () => {
  const damage = { type: "damage", position: 9, sizeBytes: 20, reason: "magic is 0", isTorn: false } as const;
  expect(damageText(damage)).toBe("DAMAGED at position 9  20 bytes  magic is 0");
  expect(damageText({ ...damage, isTorn: true })).toMatch(/^TORN at/);
  expect(JSON.parse(damageJson(damage))).toEqual({
    damage: { position: 9, sizeBytes: 20, reason: "magic is 0", isTorn: false },
  });
});
