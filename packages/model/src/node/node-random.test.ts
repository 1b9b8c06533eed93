import { expect, it } from "vitest";
import { NodeRandom } from "./node-random.js";

it("gives whole numbers below 2^32 that do not repeat from block to block or from one to the other", () => {
  const [first, second] = [new NodeRandom(), new NodeRandom()];
  const drawn = Array.from({ length: 3000 }, () => [first.uint32(), second.uint32()]).flat();
  expect(drawn.every((n) => Number.isInteger(n) && n >= 0 && n < 2 ** 32)).toBe(true);
  // Of 6,000 such numbers fewer than 5 are equal to another, but for one run in a billion.
  expect(new Set(drawn).size).toBeGreaterThan(5995);
  const mean = drawn.reduce((sum, n) => sum + n, 0) / drawn.length / 2 ** 32;
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
});
