import { describe, expect, it } from "vitest";
import { parseLogBenchOptions } from "./log-bench-options.js";
import { absoluteRow, comparedRow, formatLogReport, verdictOf } from "./log-report.js";

const rounds = [
  { ours: 70, plain: 100 },
  { ours: 72, plain: 100 },
  { ours: 100, plain: 100 },
];

describe("verdictOf", () => {
  it("holds the median of the ratios against a goal of a ratio", () => {
    const goalOf = (value: number) => ({ of: "ratio", bound: "at least", value }) as const;
    expect(verdictOf(comparedRow("read", "MB/s", rounds, goalOf(0.72)))).toBe("met");
    expect(verdictOf(comparedRow("read", "MB/s", rounds, goalOf(0.9)))).toBe("missed by 20.0 %");
  });

  it("holds the figure itself against a goal in its own unit", () => {
    const goal = { of: "ours", bound: "at most", value: 3 } as const;
    expect(verdictOf(absoluteRow("open", "s", [1, 3, 9], goal))).toBe("met");
    expect(verdictOf(absoluteRow("open", "s", [1, 6, 9], goal))).toBe("missed by 100.0 %");
  });

  it("says nothing where there is no goal", () => {
    expect(verdictOf(comparedRow("read", "MB/s", rounds))).toBeUndefined();
  });
});

describe("formatLogReport", () => {
  it("prints medians, the range of all rounds, and what was not measured", () => {
    const rows = [comparedRow("read", "MB/s", rounds), absoluteRow("open", "s", [1, 2, 3])];
    const options = parseLogBenchOptions(["--directory", "/disk"]);
    expect(formatLogReport({ options, rows, notes: ["backlog: no room"] }).split("\n")).toEqual([
      "WHAT  UNIT  OURS  PLAIN FS  RATIO  ALL ROUNDS    GOAL",
      "read  MB/s  72.0  100       0.72   0.70 to 1.00  -",
      "open  s     2.00  -         -      1.00 to 3.00  -",
      "",
      "medians of 5 rounds, in /disk; MB are 10^6 bytes",
      "not measured: backlog: no room",
    ]);
  });
});
