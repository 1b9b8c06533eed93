import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { propertyRuns } from "../../../test/support/property-runs.js";
import { DiskSpace, roomSampleCountMax } from "./disk-space.js";

const thresholds = { minimumFreeBytes: 100, resumeFreeBytes: 200 };

function sampled(...samples: readonly number[]): DiskSpace {
  const space = new DiskSpace(thresholds);
  for (const freeBytes of samples) space.observe(freeBytes);
  return space;
}

describe("DiskSpace by samples", () => {
  it("is full below the minimum, and stays so until there is enough to resume with", () => {
    const space = new DiskSpace(thresholds);
    const states = [1000, 100, 99, 100, 199, 200, 100, 99].map((freeBytes) => {
      space.observe(freeBytes);
      return space.isFull;
    });
    expect(states).toEqual([false, false, true, true, true, false, false, true]);
  });

  it("is near within twice what it resumes with, while full, and while nothing is known", () => {
    expect(new DiskSpace(thresholds).isNear).toBe(true);
    expect([400, 399].map((freeBytes) => sampled(freeBytes).isNear)).toEqual([false, true]);
    const refused = sampled(10_000);
    refused.writeFailed();
    expect(refused.isNear).toBe(true);
  });

  it("refuses thresholds that would make it resume before it is full", () => {
    expect(() => new DiskSpace({ minimumFreeBytes: 2, resumeFreeBytes: 1 })).toThrow("does not resume");
  });
});

describe("DiskSpace between samples", () => {
  it("is full by what was written since the last sample", () => {
    const space = sampled(1000);
    space.wrote(900);
    expect([space.isFull, space.estimatedFreeBytes]).toEqual([false, 100]);
    space.wrote(1);
    expect(space.isFull).toBe(true);
  });

  it("takes a sample with the minimum for room where only the estimate said full", () => {
    const space = sampled(1000);
    space.wrote(901);
    space.observe(100);
    expect(space.isFull).toBe(false);
  });

  it("wants a sample at first, at half of the room, and where only the estimate says full", () => {
    const space = new DiskSpace(thresholds);
    expect(space.isSampleDue).toBe(true);
    space.observe(1000);
    expect(space.isSampleDue).toBe(false);
    space.wrote(449);
    expect(space.isSampleDue).toBe(false);
    space.wrote(1);
    expect(space.isSampleDue).toBe(true);
    space.wrote(1000);
    expect(space.isSampleDue).toBe(true);
    space.observe(99);
    expect(space.isSampleDue).toBe(false);
  });

  it("counts what is written while a sample is taken against that sample", () => {
    const space = sampled(1000);
    space.wrote(500);
    space.beginSample();
    space.wrote(30);
    space.observe(500);
    expect(space.estimatedFreeBytes).toBe(470);
    space.observe(400);
    expect(space.estimatedFreeBytes).toBe(400);
  });
});

describe("DiskSpace and failed writes", () => {
  it("is full when a write failed, and has room by the next sample that explains why", () => {
    const space = sampled(150);
    space.writeFailed();
    expect(space.isFull).toBe(true);
    space.observe(199);
    expect(space.isFull).toBe(true);
    space.observe(200);
    expect(space.isFull).toBe(false);
  });

  it("takes nothing free for no room, even with thresholds of 0", () => {
    const space = new DiskSpace({ minimumFreeBytes: 0, resumeFreeBytes: 0 });
    space.writeFailed();
    for (let count = 0; count < roomSampleCountMax; count += 1) space.observe(0);
    expect(space.isFull).toBe(true);
    space.observe(1);
    expect(space.isFull).toBe(false);
  });

  it("asks for twice as many samples with room each time that the disk refuses what it said it had", () => {
    const space = sampled(1000);
    const counts: number[] = [];
    for (let failure = 0; failure < 8; failure += 1) {
      space.writeFailed();
      let count = 0;
      for (; space.isFull; count += 1) space.observe(1000);
      counts.push(count);
    }
    expect(counts).toEqual([2, 4, 8, 16, 32, 64, 64, 64]);
    expect(counts.at(-1)).toBe(roomSampleCountMax);
    // Peace for as long as that makes it forget.
    for (let count = 0; count < roomSampleCountMax; count += 1) space.observe(1000);
    space.writeFailed();
    space.observe(1000);
    expect(space.isFull).toBe(true);
    space.observe(1000);
    expect(space.isFull).toBe(false);
  });

  it("counts the failures of many writers at one time as one", () => {
    const space = sampled(1000);
    for (let writer = 0; writer < 10; writer += 1) space.writeFailed();
    space.observe(1000);
    space.observe(1000);
    expect(space.isFull).toBe(false);
  });

  it("begins to count samples with room anew when a write fails between them", () => {
    const space = sampled(1000);
    space.writeFailed();
    space.observe(1000);
    space.writeFailed();
    space.observe(1000);
    expect(space.isFull).toBe(true);
  });
});

describe("DiskSpace in general", () => {
  it("keeps a writer that asks before each write from ever filling a disk that nobody else writes to", () => {
    const events = fc.array(
      fc.oneof(
        {
          weight: 5,
          arbitrary: fc.record({ type: fc.constant("write" as const), size: fc.integer({ min: 1, max: 90 }) }),
        },
        {
          weight: 1,
          arbitrary: fc.record({ type: fc.constant("free" as const), size: fc.integer({ min: 1, max: 900 }) }),
        },
        { weight: 2, arbitrary: fc.constant({ type: "sample" as const, size: 0 }) },
      ),
      { maxLength: 200, size: "max" },
    );
    let refusals = 0;
    fc.assert(
      fc.property(events, fc.integer({ min: 0, max: 2000 }), (list, firstFreeBytes) => {
        let freeBytes = firstFreeBytes;
        const space = sampled(freeBytes);
        for (const { type, size } of list) {
          if (type === "sample") space.observe(freeBytes);
          else if (type === "free") freeBytes += size;
          else if (space.isFull) refusals += 1;
          else {
            freeBytes -= size;
            space.wrote(size);
          }
          // One write of 90 bytes may cross the minimum of 100, and none may come after it.
          expect(freeBytes).toBeGreaterThanOrEqual(Math.min(firstFreeBytes, 10));
          expect(space.estimatedFreeBytes).toBeLessThanOrEqual(freeBytes);
        }
      }),
      { numRuns: propertyRuns({ usual: 500, long: 20_000 }) },
    );
    expect(refusals).toBeGreaterThan(100);
  });
});
