import { describe, expect, it } from "vitest";
import { SegmentSightings, type SightedSegment } from "./segment-sightings.js";

function segment(baseOffset: number, endOffset: number, firstTimestampMs = -1): SightedSegment {
  const sizeBytes = endOffset - baseOffset;
  return { baseOffset, endOffset, sizeBytes, maxTimestampMs: -1, firstTimestampMs };
}

describe("SegmentSightings of closed segments", () => {
  it("counts from the first look at which the segment was closed", () => {
    const sightings = new SegmentSightings();
    sightings.observe([segment(0, 10)], 100);
    sightings.observe([segment(0, 20), segment(20, 25)], 200);
    sightings.observe([segment(0, 20), segment(20, 30), segment(30, 31)], 300);
    expect(sightings.closedForMs({ baseOffset: 0 }, 350)).toBe(150);
    expect(sightings.closedForMs({ baseOffset: 20 }, 350)).toBe(50);
    expect(sightings.closedForMs({ baseOffset: 30 }, 350)).toBe(0);
  });

  it("begins anew for a segment that others were merged into", () => {
    const sightings = new SegmentSightings();
    sightings.observe([segment(0, 10), segment(10, 20), segment(20, 21)], 100);
    sightings.observe([segment(0, 20), segment(20, 21)], 500);
    expect(sightings.closedForMs({ baseOffset: 0 }, 600)).toBe(100);
  });

  it("forgets a segment that is gone", () => {
    const sightings = new SegmentSightings();
    sightings.observe([segment(0, 10), segment(10, 11)], 100);
    sightings.observe([segment(10, 11)], 200);
    sightings.observe([segment(0, 10), segment(10, 11)], 300);
    expect(sightings.closedForMs({ baseOffset: 0 }, 300)).toBe(0);
  });
});

describe("SegmentSightings of the active segment", () => {
  const now = { nowMs: 10_000, monotonicMs: 500 };

  it("knows from its own looks when a segment was begun, whatever the timestamps say", () => {
    const sightings = new SegmentSightings();
    sightings.observe([segment(0, 0)], 100);
    sightings.observe([segment(0, 5, 1)], 200);
    sightings.observe([segment(0, 9, 1)], 300);
    expect(sightings.activeAgeMs(segment(0, 9, 1), now)).toBe(300);
    sightings.observe([segment(0, 9, 1), segment(9, 10, 1)], 400);
    expect(sightings.activeAgeMs(segment(9, 10, 1), now)).toBe(100);
  });

  it("goes by the first timestamp where an earlier life began the segment", () => {
    const sightings = new SegmentSightings();
    sightings.observe([segment(0, 5, 1000)], 100);
    expect(sightings.activeAgeMs(segment(0, 5, 1000), now)).toBe(9000);
  });

  it("goes by its first look where the timestamp is missing or in the future", () => {
    for (const firstTimestampMs of [-1, 99_999]) {
      const sightings = new SegmentSightings();
      sightings.observe([segment(0, 5, firstTimestampMs)], 100);
      expect(sightings.activeAgeMs(segment(0, 5, firstTimestampMs), now)).toBe(400);
    }
  });

  it("gives an empty segment no age", () => {
    const sightings = new SegmentSightings();
    sightings.observe([segment(0, 5, 0)], 100);
    sightings.observe([segment(0, 0)], 200);
    expect(sightings.activeAgeMs(segment(0, 0), now)).toBe(0);
  });

  it("goes by the timestamp again where the log was truncated to an older segment", () => {
    const sightings = new SegmentSightings();
    sightings.observe([segment(0, 5, 1000), segment(5, 6, 2000)], 100);
    sightings.observe([segment(0, 3, 1000)], 200);
    expect(sightings.activeAgeMs(segment(0, 3, 1000), now)).toBe(9000);
  });
});
