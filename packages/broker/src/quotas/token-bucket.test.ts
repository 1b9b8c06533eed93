import { expect, it } from "vitest";
import { TokenBucket } from "./token-bucket.js";

it("lets a burst through after a rest, and then the rate", () => {
  const bucket = new TokenBucket({ ratePerSec: 1000, burstMs: 250 });
  bucket.take(250, 0);
  expect(bucket.waitMs(0)).toBe(0);
  bucket.take(100, 0);
  expect(bucket.waitMs(0)).toBeCloseTo(100);
  expect(bucket.waitMs(60)).toBeCloseTo(40);
  expect(bucket.waitMs(100)).toBe(0);
});

it("holds no more than the burst, however long it rests", () => {
  const bucket = new TokenBucket({ ratePerSec: 1000, burstMs: 250 });
  bucket.take(1, 0);
  bucket.take(260, 3_600_000);
  expect(bucket.waitMs(3_600_000)).toBeCloseTo(10);
});

it("makes one large taking wait for all of it, and no clock that goes back pays anything", () => {
  const bucket = new TokenBucket({ ratePerSec: 10, burstMs: 1000 });
  bucket.take(110, 5000);
  expect(bucket.waitMs(5000)).toBeCloseTo(10_000);
  expect(bucket.waitMs(1000)).toBeCloseTo(10_000);
  bucket.giveBack(50);
  expect(bucket.waitMs(5000)).toBeCloseTo(5000);
});
