import { describe, expect, it } from "vitest";
import { nearestName } from "./nearest-name.js";

const keys = ["segment.bytes", "flush", "max.message.bytes", "min.insync.replicas"];

describe("nearestName", () => {
  it.each([
    ["segment.byte", "segment.bytes"],
    ["segmentbytes", "segment.bytes"],
    ["FLUSH", "flush"],
    ["flsuh", "flush"],
    ["min.insync.replica", "min.insync.replicas"],
    ["max.messages.byte", "max.message.bytes"],
  ])("finds for '%s' '%s'", (name, nearest) => {
    expect(nearestName(name, keys)).toBe(nearest);
  });

  it("counts insertions, deletions and substitutions alike", () => {
    expect(nearestName("kitten", ["sitting", "kitchens", "bitten"])).toBe("bitten");
    expect(nearestName("abc", ["abcde", "ab", "xyz"])).toBe("ab");
  });

  it("gives the first of several that are as near, and nothing where there is none", () => {
    expect(nearestName("a", ["b", "c"])).toBe("b");
    expect(nearestName("a", [])).toBe("");
  });
});
