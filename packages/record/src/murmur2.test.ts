import { createRequire } from "node:module";
import { InvariantError } from "@sluice/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { murmur2, partitionForKey, toPositive } from "./murmur2.js";

const kafkajsMurmur2 = createRequire(import.meta.url)("kafkajs/src/producer/partitioners/default/murmur2.js") as (
  key: Buffer,
) => number;

describe("murmur2", () => {
  it.each([
    ["21", -973932308],
    ["foobar", -790332482],
    ["a-little-bit-long-string", -985981536],
    ["a-little-bit-longer-string", -1486304829],
    ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
    ["abc", 479470107],
  ])("hashes '%s' as Kafka's UtilsTest says", (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash);
  });

  it("hashes any bytes as kafkajs does", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40, size: "max" }), (bytes) => {
        expect(toPositive(murmur2(bytes))).toBe(kafkajsMurmur2(Buffer.from(bytes)) & 0x7fffffff);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("partitionForKey", () => {
  it("takes the hash without its sign bit, modulo the partitions", () => {
    expect(partitionForKey(Buffer.from("21"), 6)).toBe((-973932308 & 0x7fffffff) % 6);
  });

  it("is a partition for any key and count", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.integer({ min: 1, max: 10_000 }), (key, count) => {
        const partition = partitionForKey(key, count);
        expect(Number.isInteger(partition) && partition >= 0 && partition < count).toBe(true);
      }),
    );
  });

  it("refuses a count below 1", () => {
    expect(() => partitionForKey(Buffer.from("k"), 0)).toThrow(InvariantError);
  });
});
