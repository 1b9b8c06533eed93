import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readInt64, writeInt64 } from "./int64.js";

describe("int64", () => {
  it("writes and reads every safe integer as BigInt does", () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.constantFrom(0, -1, 2 ** 32, -(2 ** 32))), (value) => {
        const bytes = Buffer.alloc(10);
        writeInt64(bytes, 1, value);
        expect(bytes.readBigInt64BE(1)).toBe(BigInt(value));
        expect(readInt64(bytes, 1)).toBe(value);
      }),
      { numRuns: 2000 },
    );
  });

  it("is never a safe integer for what is not one", () => {
    const bytes = Buffer.alloc(8);
    for (const value of [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n]) {
      bytes.writeBigInt64BE(value);
      expect(Number.isSafeInteger(readInt64(bytes, 0))).toBe(false);
    }
  });
});
