import { describe, expect, it } from "vitest";
import { Segment } from "./segment.js";
import { SegmentList } from "./segment-list.js";
import { SegmentResources } from "./segment-resources.js";
import { seededRandom } from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

const dependencies = {
  fileSystem: new MemoryFileSystem(seededRandom(1)),
  directory: "/data",
  indexIntervalBytes: 4096,
  resources: new SegmentResources({ openFilesMax: 1, indexBytesMax: 1 }),
};

function segmentOf(baseOffset: number, endOffset: number): Segment {
  return new Segment({ baseOffset, sizeBytes: 0, endOffset }, dependencies);
}

function listOf(...bounds: number[]): SegmentList {
  return new SegmentList(bounds.slice(1).map((end, index) => segmentOf(bounds[index] as number, end)));
}

function basesOf(segments: Iterable<Segment>): number[] {
  return [...segments].map((segment) => segment.baseOffset);
}

describe("SegmentList", () => {
  it("finds the segment of every offset, and that of the log end", () => {
    const list = listOf(10, 20, 30, 33);
    const found = [10, 19, 20, 29, 30, 33, 99].map((offset) => list.floor(offset).baseOffset);
    expect(found).toEqual([10, 10, 20, 20, 30, 30, 30]);
    expect(() => list.floor(9)).toThrow("below the log start");
  });

  it("takes out what ends at the log start or below, and never the active segment", () => {
    const at = (logStartOffset: number) => basesOf(listOf(10, 20, 30, 33).removeBefore(logStartOffset));
    expect([5, 10, 19, 20, 29, 30, 33, 40].map(at)).toEqual([[], [], [], [10], [10], [10, 20], [10, 20], [10, 20]]);
  });

  it("takes out what begins at the new end or later, and never the first segment", () => {
    const at = (endOffset: number) => basesOf(listOf(10, 20, 30, 33).removeFrom(endOffset));
    expect([10, 11, 20, 21, 30, 31].map(at)).toEqual([[20, 30], [20, 30], [20, 30], [30], [30], []]);
  });

  it("begins anew with one segment, and leaves a list that somebody walks as it was", () => {
    const list = listOf(0, 5, 9);
    const walked = list.all();
    expect(basesOf(list.restartWith(segmentOf(70, 70)))).toEqual([0, 5]);
    expect(basesOf(list.all())).toEqual([70]);
    expect(basesOf(walked)).toEqual([0, 5]);
  });

  it("replaces neighbours by one that covers them, and refuses all else", () => {
    const list = listOf(0, 10, 20, 30);
    expect(() => list.replace([0, 20], segmentOf(0, 30))).toThrow("neighbours");
    expect(() => list.replace([10, 20], segmentOf(10, 30))).toThrow("active");
    expect(() => list.replace([0, 10], segmentOf(0, 19))).toThrow("covers");
    expect(basesOf(list.replace([0, 10], segmentOf(0, 20)))).toEqual([0, 10]);
    expect(list.all().map(({ baseOffset, endOffset }) => [baseOffset, endOffset])).toEqual([
      [0, 20],
      [20, 30],
    ]);
  });

  it("refuses a segment that does not begin where the last one ends", () => {
    expect(() => listOf(0, 10).append(segmentOf(11, 11))).toThrow("begins where");
  });
});
