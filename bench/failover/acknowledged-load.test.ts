import { describe, expect, it } from "vitest";
import { longestGapMs } from "./acknowledged-load.js";

describe("the longest gap between acknowledgements", () => {
  it("is the largest of those that end after the moment", () => {
    expect(longestGapMs([0, 500, 510, 700, 710], 505)).toBe(190);
  });

  it("counts from before the moment where it ends after it", () => {
    expect(longestGapMs([0, 10, 300], 200)).toBe(290);
  });

  it("is nothing where nothing was acknowledged after the moment, or only once at all", () => {
    expect(longestGapMs([0, 10, 300], 300)).toBe(0);
    expect(longestGapMs([400], 300)).toBe(0);
  });
});
