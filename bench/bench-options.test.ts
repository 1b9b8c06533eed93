import { describe, expect, it } from "vitest";
import { parseBenchOptions } from "./bench-options.js";

describe("parseBenchOptions", () => {
  it("measures all works with both sizes unless told otherwise", () => {
    expect(parseBenchOptions([])).toMatchObject({
      sizes: [100, 1024],
      works: ["produce", "consume", "end-to-end"],
      partitions: 6,
      flush: "os",
      acks: "all",
      compression: "none",
      inFlight: 4,
      sendBytes: 262_144,
      startup: true,
    });
  });

  it("takes what it is told", () => {
    const options = parseBenchOptions([
      "--size",
      "10",
      "--work",
      "produce",
      "--flush=always",
      "--no-startup",
      "-o",
      "json",
    ]);
    expect(options).toMatchObject({ sizes: [10], works: ["produce"], flush: "always", startup: false, output: "json" });
  });

  it.each([["--size", "0"], ["--size", "1k"], ["--work", "x"], ["--acks", "1"], ["--sizes", "1"], ["produce"]])(
    "refuses %s %s",
    (...args) => {
      expect(() => parseBenchOptions(args)).toThrow();
    },
  );
});
