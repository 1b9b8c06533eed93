import { isSluiceError } from "@sluice/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VarintReader, varintSizeBytes, varlongSizeBytes, writeVarint, writeVarlong } from "./varint.js";

/** Zigzag and 7-bit groups as the definition says, in BigInt. */
function oracle(value: number): Buffer {
  const wide = BigInt(value);
  let rest = wide >= 0n ? wide * 2n : -wide * 2n - 1n;
  const bytes: number[] = [];
  while (rest >= 128n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

function written(write: (bytes: Uint8Array, position: number, value: number) => number, value: number): Buffer {
  const bytes = Buffer.alloc(16);
  return bytes.subarray(1, write(bytes, 1, value));
}

const int32 = fc.oneof(fc.integer(), fc.integer({ min: -200, max: 200 }));
const safeInteger = fc.oneof(fc.maxSafeInteger(), int32);

describe("varint", () => {
  it.each([
    [0, "00"],
    [-1, "01"],
    [1, "02"],
    [63, "7e"],
    [-64, "7f"],
    [64, "8001"],
    [-65, "8101"],
    [8191, "fe7f"],
    [8192, "808001"],
    [0x7fffffff, "feffffff0f"],
    [-0x80000000, "ffffffff0f"],
  ])("writes %i as %s", (value, hex) => {
    expect(written(writeVarint, value).toString("hex")).toBe(hex);
    expect(new VarintReader(Buffer.from(hex, "hex"), 0, hex.length / 2).varint()).toBe(value);
  });

  it("writes any int32 as the definition says, in as many bytes as computed, and reads it back", () => {
    fc.assert(
      fc.property(int32, (value) => {
        const bytes = written(writeVarint, value);
        expect(bytes).toEqual(oracle(value));
        expect(varintSizeBytes(value)).toBe(bytes.length);
        const reader = new VarintReader(bytes, 0, bytes.length);
        expect([reader.varint(), reader.position]).toEqual([value, bytes.length]);
      }),
      { numRuns: 2000 },
    );
  });

  it("reads encodings that are longer than need be", () => {
    expect(new VarintReader(Buffer.from([0x82, 0x80, 0x00]), 0, 3).varint()).toBe(1);
  });

  it.each(["", "80", "ffff", "ffffffff10", "ffffffff80", "ffffffffff01"])("refuses %s", (hex) => {
    const bytes = Buffer.from(hex, "hex");
    expect(() => new VarintReader(bytes, 0, bytes.length).varint()).toThrow(
      expect.objectContaining({ code: "INVALID_RECORD_BATCH" }),
    );
  });

  it("does not read past the end of its range", () => {
    const reader = new VarintReader(Buffer.from([0x80, 0x01]), 0, 1);
    expect(() => reader.varint()).toThrow("bytes end inside a record");
  });
});

describe("varlong", () => {
  it.each([
    [2 ** 31, "8080808010"],
    [-(2 ** 31) - 1, "8180808010"],
    [Number.MAX_SAFE_INTEGER, "feffffffffffff1f"],
    [Number.MIN_SAFE_INTEGER, "fdffffffffffff1f"],
  ])("writes %i as %s", (value, hex) => {
    expect(written(writeVarlong, value).toString("hex")).toBe(hex);
    expect(new VarintReader(Buffer.from(hex, "hex"), 0, hex.length / 2).varlong()).toBe(value);
  });

  it("writes any safe integer as the definition says, in as many bytes as computed, and reads it back", () => {
    fc.assert(
      fc.property(safeInteger, (value) => {
        const bytes = written(writeVarlong, value);
        expect(bytes).toEqual(oracle(value));
        expect(varlongSizeBytes(value)).toBe(bytes.length);
        const reader = new VarintReader(bytes, 0, bytes.length);
        expect([reader.varlong(), reader.position]).toEqual([value, bytes.length]);
      }),
      { numRuns: 2000 },
    );
  });

  it("refuses what is not a safe integer, has more than 10 bytes or ends early", () => {
    for (const hex of ["ffffffffffffffff7f", "80808080808080808080", "8080808080808080808001", "8080"]) {
      const bytes = Buffer.from(hex, "hex");
      expect(() => new VarintReader(bytes, 0, bytes.length).varlong(), hex).toThrow(
        expect.objectContaining({ code: "INVALID_RECORD_BATCH" }),
      );
    }
  });

  it("gives a number or a typed error for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12, size: "max" }), (bytes) => {
        const reader = new VarintReader(bytes, 0, bytes.length);
        try {
          expect(Number.isSafeInteger(reader.varlong())).toBe(true);
        } catch (error) {
          expect(isSluiceError(error, "INVALID_RECORD_BATCH")).toBe(true);
        }
      }),
      { numRuns: 5000 },
    );
  });
});
