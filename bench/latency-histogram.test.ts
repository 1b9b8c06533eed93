import { expect, it } from "vitest";
import { LatencyHistogram } from "./latency-histogram.js";

it("gives percentiles in milliseconds, to three digits", () => {
  const histogram = new LatencyHistogram();
  for (let i = 1; i <= 1000; i++) histogram.record(i / 10);
  const { p50Ms, p99Ms, p999Ms, maxMs, count } = histogram.summary();
  expect(count).toBe(1000);
  for (const [found, expected] of [
    [p50Ms, 50],
    [p99Ms, 99],
    [p999Ms, 99.9],
    [maxMs, 100],
  ] as const)
    expect(Math.abs(found - expected) / expected).toBeLessThan(0.002);
});
