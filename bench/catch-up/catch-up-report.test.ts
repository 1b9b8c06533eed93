import { describe, expect, it } from "vitest";
import { formatCatchUp, type LeaderCatchUp, ratesOf } from "./catch-up-report.js";

/** A look every 500 ms, and how much there was in megabytes. */
const seen = (...megabytes: readonly number[]): LeaderCatchUp => ({
  leader: 1,
  partitions: 3,
  samples: megabytes.map((each, at) => ({ atMs: 4000 + at * 500, bytes: each * 1e6 })),
});
const latency = { p50Ms: 1, p99Ms: 2, p999Ms: 3, maxMs: 4, count: 5 };

describe("the report of a catch-up", () => {
  it("has the rate over all of it, and of the slowest and the fastest whole second", () => {
    expect(ratesOf(seen(0, 10, 20, 20, 20, 30))).toEqual({ mean: 12e6, min: 0, max: 20e6 });
  });

  it("compares each leader with the throttle, and says what the producer noticed", () => {
    const report = {
      ...{ totalBytes: 30e6, throttleBytes: 10e6, loadBytes: 1e6, seconds: 3 },
      ...{ quiet: latency, stopped: latency, catchingUp: latency, failedSends: 0 },
      leaders: [seen(0, 10, 20, 20, 20, 30)],
    };
    const lines = formatCatchUp([report]).split("\n");
    expect(lines[1]?.trim().split(/ +/)).toEqual(["10.0", "1", "3", "30.0", "2.5", "12.0", "0.0", "20.0", "1.200"]);
    expect(lines).toHaveLength(7);
    expect(lines[6]).toContain("catching up");
  });

  it("takes what took less than a second as a whole", () => {
    expect(ratesOf(seen(0, 10))).toEqual({ mean: 20e6, min: 20e6, max: 20e6 });
  });

  it("leaves out what was not seen", () => {
    expect(ratesOf(seen())).toEqual({ mean: Number.NaN, min: Number.NaN, max: Number.NaN });
  });
});
