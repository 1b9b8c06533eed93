import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Random, randomBelow, randomUuid } from "./random.js";
import { SeededRandom } from "./testing/seeded-random.js";

const constant = (word: number): Random => ({ uint32: () => word });

describe("randomUuid", () => {
  it("has version 4 and variant 10 in it, whatever is drawn", () => {
    expect(randomUuid(constant(0))).toBe("00000000-0000-4000-8000-000000000000");
    expect(randomUuid(constant(0xffffffff))).toBe("ffffffff-ffff-4fff-bfff-ffffffffffff");
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        expect(randomUuid(new SeededRandom(seed))).toMatch(
          /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        );
      }),
      { numRuns: 1000 },
    );
  });

  it("uses every word that it draws, each in its place", () => {
    const words = [0x01234567, 0x89abcdef, 0xdeadbeef, 0x76543210];
    let next = 0;
    expect(randomUuid({ uint32: () => words[next++] ?? 0 })).toBe("01234567-89ab-4def-9ead-beef76543210");
  });

  it("does not repeat", () => {
    const random = new SeededRandom(1);
    expect(new Set(Array.from({ length: 10_000 }, () => randomUuid(random))).size).toBe(10_000);
  });
});

describe("randomBelow", () => {
  it("stays in [0, bound) at both ends of what is drawn", () => {
    for (const bound of [1, 2, 7, 2 ** 31]) {
      expect(randomBelow(constant(0), bound)).toBe(0);
      expect(randomBelow(constant(0xffffffff), bound)).toBe(bound - 1);
    }
  });
});
