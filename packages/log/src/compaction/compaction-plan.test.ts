import { describe, expect, it } from "vitest";
import { neverCompacted } from "./compaction-checkpoint.js";
import { type ClosedSegment, type CompactionPlanInput, planCompaction } from "./compaction-plan.js";

const nowMs = 1_000_000;

/** Segments of 100 offsets and 1000 bytes, the n-th with timestamps up to n * 1000. */
function segments(count: number): ClosedSegment[] {
  return Array.from({ length: count }, (_, index) => ({
    baseOffset: index * 100,
    endOffset: (index + 1) * 100,
    sizeBytes: 1000,
    maxTimestampMs: (index + 1) * 1000,
  }));
}

function plan(
  input: Partial<Omit<CompactionPlanInput, "config">> = {},
  config: Partial<CompactionPlanInput["config"]> = {},
) {
  return planCompaction({
    closedSegments: segments(4),
    checkpoint: neverCompacted,
    highWatermark: 1000,
    firstOpenTransactionOffset: undefined,
    nowMs,
    nextHorizonMs: undefined,
    config: {
      "min.cleanable.dirty.ratio": 0.5,
      "min.compaction.lag.ms": 0,
      "max.compaction.lag.ms": Number.MAX_SAFE_INTEGER,
      ...config,
    },
    ...input,
  });
}

describe("planCompaction", () => {
  it("takes all closed segments of a log that was never compacted", () => {
    expect(plan()).toMatchObject({ reason: "dirtyRatio", dirtyRatio: 1, dirtyFrom: 0, upTo: 400 });
    expect(plan().sources).toEqual(segments(4).map(({ maxTimestampMs: _, ...source }) => source));
  });

  it.each([
    ["the high watermark", { highWatermark: 250 }],
    ["the first open transaction", { firstOpenTransactionOffset: 299 }],
  ])("touches no segment that is not whole below %s", (_, input) => {
    expect(plan(input)).toMatchObject({ upTo: 200, dirtyFrom: 0 });
    expect(plan(input).sources).toHaveLength(2);
  });

  it("leaves alone what is younger than min.compaction.lag.ms, unless it was compacted before", () => {
    const config = { "min.compaction.lag.ms": nowMs - 2000 };
    expect(plan({}, config)).toMatchObject({ upTo: 200 });
    expect(plan({ checkpoint: { ...neverCompacted, cleanedTo: 300 } }, config)).toMatchObject({ upTo: 300 });
  });

  it("waits until enough of the bytes is new", () => {
    const at = (cleanedTo: number) => plan({ checkpoint: { ...neverCompacted, cleanedTo } });
    expect(at(200)).toMatchObject({ reason: "dirtyRatio", dirtyRatio: 0.5, dirtyFrom: 200 });
    expect(at(201)).toMatchObject({ reason: undefined });
    expect(at(350).dirtyRatio).toBeCloseTo(0.125);
    expect(at(400)).toMatchObject({ reason: undefined, dirtyRatio: 0 });
    expect(plan({ checkpoint: { ...neverCompacted, cleanedTo: 400 } }, { "min.cleanable.dirty.ratio": 0 }).reason).toBe(
      undefined,
    );
  });

  it("waits no longer for what is older than max.compaction.lag.ms", () => {
    const checkpoint = { ...neverCompacted, cleanedTo: 300 };
    expect(plan({ checkpoint }, { "max.compaction.lag.ms": nowMs - 4000 }).reason).toBe(undefined);
    expect(plan({ checkpoint }, { "max.compaction.lag.ms": nowMs - 4001 }).reason).toBe("maxLag");
    const closedSegments = segments(4).map((segment) => ({
      ...segment,
      firstTimestampMs: segment.maxTimestampMs - 900,
    }));
    expect(plan({ closedSegments, checkpoint }, { "max.compaction.lag.ms": nowMs - 3200 }).reason).toBe("maxLag");
  });

  it("comes back for tombstones whose horizon has passed", () => {
    const checkpoint = { ...neverCompacted, cleanedTo: 400 };
    expect(plan({ checkpoint, nextHorizonMs: nowMs + 1 }).reason).toBe(undefined);
    expect(plan({ checkpoint, nextHorizonMs: nowMs })).toMatchObject({
      reason: "deleteHorizon",
      dirtyFrom: 400,
      upTo: 400,
    });
  });

  it("does not try again what led nowhere before there is more of it, but for tombstones", () => {
    expect(plan({ fruitlessUpTo: 400 }).reason).toBe(undefined);
    expect(plan({ fruitlessUpTo: 300 }).reason).toBe("dirtyRatio");
    expect(plan({ fruitlessUpTo: 400, nextHorizonMs: nowMs }).reason).toBe("deleteHorizon");
  });

  it("has nothing to do where nothing may be touched", () => {
    const empty = { reason: undefined, sources: [], upTo: 0, dirtyRatio: 0 };
    expect(plan({ closedSegments: [], nextHorizonMs: 1 })).toMatchObject(empty);
    expect(plan({ highWatermark: 99, nextHorizonMs: 1 })).toMatchObject(empty);
  });
});
