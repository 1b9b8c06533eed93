import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { propertyRuns } from "../../../../test/support/property-runs.js";
import { OffsetMap } from "./offset-map.js";

describe("OffsetMap", () => {
  it("knows the newest offset of each key, as a plain map does", () => {
    const keys = fc.oneof(fc.uint8Array({ maxLength: 3 }), fc.uint8Array({ maxLength: 200, size: "medium" }));
    fc.assert(
      fc.property(fc.array(fc.tuple(keys, fc.nat()), { maxLength: 300, size: "max" }), (puts) => {
        const map = new OffsetMap(10_000_000);
        const model = new Map<string, number>();
        for (const [key, offset] of puts) {
          expect(map.put(key, offset)).toBe(true);
          model.set(Buffer.from(key).toString("latin1"), offset);
        }
        expect(map.size).toBe(model.size);
        for (const [key, offset] of model) expect(map.get(Buffer.from(key, "latin1"))).toBe(offset);
        expect(map.get(Buffer.alloc(201))).toBe(-1);
      }),
      { numRuns: propertyRuns({ usual: 100, long: 1000 }) },
    );
  });

  it("holds many keys through its growth, and offsets beyond 2^32", () => {
    const map = new OffsetMap(100_000_000);
    for (let index = 0; index < 50_000; index++) map.put(Buffer.from(`key-${index}`), 2 ** 40 + index);
    for (let index = 0; index < 50_000; index++) expect(map.get(Buffer.from(`key-${index}`))).toBe(2 ** 40 + index);
    expect(map.get(Buffer.from("key-50000"))).toBe(-1);
  });

  it("takes no key beyond its memory, keeps what it has, and still renews it", () => {
    const bytesMax = 3_000_000;
    const map = new OffsetMap(bytesMax);
    let count = 0;
    while (map.put(Buffer.from(`key-${count}`), count)) count += 1;
    expect(map.sizeBytes).toBeLessThanOrEqual(bytesMax);
    expect(count).toBeGreaterThan(30_000);
    expect(map.put(Buffer.from("key-7"), 1_000_000)).toBe(true);
    expect(map.get(Buffer.from("key-7"))).toBe(1_000_000);
    expect(map.get(Buffer.from(`key-${count}`))).toBe(-1);
    map.putBeyondLimit(Buffer.from(`key-${count}`), 5);
    expect(map.get(Buffer.from(`key-${count}`))).toBe(5);
  });

  it("holds keys that are longer than a page, between short ones", () => {
    const map = new OffsetMap(20_000_000);
    const long = Buffer.alloc(3 * 1024 * 1024, "x");
    const longer = Buffer.alloc(3 * 1024 * 1024 + 1, "x");
    for (const [offset, key] of [Buffer.from("a"), long, Buffer.from("b"), longer, Buffer.alloc(0)].entries()) {
      expect(map.put(key, offset)).toBe(true);
    }
    expect([Buffer.from("a"), long, Buffer.from("b"), longer, Buffer.alloc(0)].map((key) => map.get(key))).toEqual([
      0, 1, 2, 3, 4,
    ]);
  });

  it("tells keys with one hash apart, and is full for a run of them that is too long", () => {
    // Murmur2 takes four bytes at a time, and two words can be chosen so that the hash of the one makes up for the other's.
    const map = new OffsetMap(100_000_000);
    const colliding = collidingKeys(2100);
    const results = colliding.map((key, offset) => map.put(key, offset));
    const first = results.indexOf(false);
    expect(first).toBeGreaterThan(1500);
    for (const [offset, key] of colliding.slice(0, first).entries()) expect(map.get(key)).toBe(offset);
    expect(map.put(Buffer.from("another"), 9)).toBe(true);
  });
});

/** Different keys of eight bytes with the same murmur2: for each first word, the second that leads to the same state. */
function collidingKeys(count: number): Buffer[] {
  const multiplier = 0x5bd1e995;
  const inverse = 0xe59b19bd;
  const mixed = (word: number): number => {
    const product = Math.imul(word, multiplier);
    return Math.imul(product ^ (product >>> 24), multiplier);
  };
  const unmixed = (value: number): number => {
    const product = Math.imul(value, inverse);
    return Math.imul(product ^ (product >>> 24), inverse);
  };
  const seed = 0x9747b28c ^ 8;
  return Array.from({ length: count }, (_, index) => {
    const state = Math.imul(seed, multiplier) ^ mixed(index);
    const key = Buffer.alloc(8);
    key.writeInt32LE(index, 0);
    key.writeInt32LE(unmixed(Math.imul(state, multiplier)), 4);
    return key;
  });
}
