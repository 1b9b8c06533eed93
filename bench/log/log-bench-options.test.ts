import { describe, expect, it } from "vitest";
import { logBenchUsage, logWorkNames, parseLogBenchOptions } from "./log-bench-options.js";

describe("parseLogBenchOptions", () => {
  it("does all works in their usual sizes unless told otherwise", () => {
    expect(parseLogBenchOptions([])).toMatchObject({
      works: logWorkNames,
      rounds: 5,
      roundBytes: 536_870_912,
      recoveryBytes: 1_073_741_824,
      partitions: 2000,
      segments: 5,
      backlogBytes: 2e9,
      output: "table",
    });
  });

  it("takes what it is told", () => {
    const args = ["--work", "read", "--work", "backlog", "--backlog-gb", "10", "--directory", "/srv", "-o", "json"];
    expect(parseLogBenchOptions(args)).toMatchObject({
      works: ["read", "backlog"],
      backlogBytes: 1e10,
      directory: "/srv",
      output: "json",
    });
  });

  it.each([["--work", "write"], ["--rounds", "0"], ["--mib", "1.5"], ["--backlog-gb", "-1"], ["--mb", "1"], ["read"]])(
    "refuses %s %s",
    (...args) => {
      expect(() => parseLogBenchOptions(args)).toThrow();
    },
  );

  it("explains every work in its usage", () => {
    for (const name of logWorkNames) expect(logBenchUsage).toContain(name);
  });
});
