import { offset } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { HighWatermark } from "./high-watermark.js";

describe("HighWatermark", () => {
  it("moves with what all acknowledged and never back", () => {
    const highWatermark = new HighWatermark(offset(0), offset(4));
    expect(highWatermark.maybeAdvance(undefined)).toBe(false);
    expect(highWatermark.maybeAdvance(offset(3))).toBe(true);
    expect(highWatermark.maybeAdvance(offset(2))).toBe(false);
    expect(highWatermark.value).toBe(3);
  });

  it("is exact once it has reached the start of its epoch", () => {
    const highWatermark = new HighWatermark(offset(2), offset(4));
    highWatermark.maybeAdvance(offset(3));
    expect(highWatermark.isExact).toBe(false);
    highWatermark.maybeAdvance(offset(4));
    expect(highWatermark.isExact).toBe(true);
  });

  it("refuses a lower bound beyond the log end", () => {
    expect(() => new HighWatermark(offset(5), offset(4))).toThrow("beyond log end");
  });
});
