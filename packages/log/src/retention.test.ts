import type { TopicConfig } from "@sluice/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { propertyRuns } from "../../../test/support/property-runs.js";
import { planRetention, type RetentionInput, type RetentionPlan, type RetentionSegment } from "./retention.js";

const nowMs = 1_000_000;

/** Segments of 10 offsets and 100 bytes each, with these largest timestamps. */
function segmentsOf(maxTimestampsMs: readonly number[]): RetentionSegment[] {
  return maxTimestampsMs.map((maxTimestampMs, index) => ({
    baseOffset: index * 10,
    endOffset: index * 10 + 10,
    sizeBytes: 100,
    maxTimestampMs,
  }));
}

function plan(
  segments: readonly RetentionSegment[],
  config: Partial<TopicConfig>,
  rest: Partial<RetentionInput> = {},
): RetentionPlan {
  return planRetention({
    segments,
    logStartOffset: 0,
    highWatermark: segments.at(-1)?.endOffset ?? 0,
    config: { "cleanup.policy": "delete", "retention.ms": -1, "retention.bytes": -1, ...config },
    nowMs,
    ...rest,
  });
}

const old = nowMs - 101;
const young = nowMs - 100;
const nothing = { deleteCount: 0, rollsActive: false };

describe("planRetention by age", () => {
  it("deletes a segment whose youngest record is older than retention.ms, and none that is just as old", () => {
    expect(plan(segmentsOf([old, young, young]), { "retention.ms": 100 })).toEqual({
      deleteCount: 1,
      rollsActive: false,
    });
    expect(plan(segmentsOf([young, young, young]), { "retention.ms": 100 })).toEqual(nothing);
  });

  it("keeps what lies behind a segment that stays", () => {
    expect(plan(segmentsOf([young, old, old, old, old]), { "retention.ms": 100 })).toEqual(nothing);
  });

  it("keeps a segment without timestamps, however long it has been closed", () => {
    const [first, ...rest] = segmentsOf([-1, old, old]);
    const segments = [{ ...(first as RetentionSegment), closedForMs: nowMs }, ...rest];
    expect(plan(segments, { "retention.ms": 100 })).toEqual(nothing);
  });

  it("counts a timestamp in the future from when the segment is known to have been closed", () => {
    const [first, second] = segmentsOf([nowMs * 2, young]) as [RetentionSegment, RetentionSegment];
    const closedFor = (closedForMs: number) =>
      plan([{ ...first, closedForMs }, second], { "retention.ms": 100 }).deleteCount;
    expect([closedFor(0), closedFor(100), closedFor(101)]).toEqual([0, 0, 1]);
  });

  it("deletes at most a quarter of the closed segments, rounded up, in one run", () => {
    const counts = [2, 5, 6, 9, 10, 101].map(
      (count) => plan(segmentsOf(Array<number>(count).fill(old)), { "retention.ms": 100 }).deleteCount,
    );
    expect(counts).toEqual([1, 1, 2, 2, 3, 25]);
  });

  it("bounds only what goes for its age: log start and size take the rest", () => {
    const segments = segmentsOf(Array<number>(9).fill(old));
    expect(plan(segments, { "retention.ms": 100 }, { logStartOffset: 40 }).deleteCount).toBe(6);
    expect(plan(segments, { "retention.ms": 100, "retention.bytes": 300 }).deleteCount).toBe(8);
    expect(plan(segments, { "retention.bytes": 300 }).deleteCount).toBe(6);
  });

  it("keeps everything with retention.ms -1 and with cleanup.policy compact", () => {
    expect(plan(segmentsOf([0, 0, 0]), { "retention.ms": -1 })).toEqual(nothing);
    const compact = { "cleanup.policy": "compact", "retention.ms": 0, "retention.bytes": 0 } as const;
    expect(plan(segmentsOf([0, 0, 0]), compact)).toEqual(nothing);
    expect(plan(segmentsOf([0, 0]), { ...compact, "cleanup.policy": "compact,delete" }).deleteCount).toBe(1);
  });
});

describe("planRetention by size", () => {
  it("deletes the oldest while what is left is no smaller than retention.bytes", () => {
    const counts = [0, 99, 100, 101, 299, 300, 301, 500].map(
      (bytes) => plan(segmentsOf([0, 0, 0, 0]), { "retention.bytes": bytes }).deleteCount,
    );
    expect(counts).toEqual([3, 3, 3, 2, 1, 1, 0, 0]);
  });
});

describe("planRetention by log start", () => {
  it("deletes what is wholly below it, under every cleanup.policy", () => {
    for (const policy of ["delete", "compact", "compact,delete"] as const) {
      const count = (logStartOffset: number) =>
        plan(segmentsOf([0, 0, 0]), { "cleanup.policy": policy }, { logStartOffset }).deleteCount;
      expect([0, 9, 10, 19, 20, 30].map(count)).toEqual([0, 0, 1, 1, 2, 2]);
    }
  });
});

describe("planRetention and what must stay", () => {
  it("deletes nothing that reaches above the high watermark", () => {
    const config = { "retention.bytes": 0 };
    const count = (highWatermark: number) => plan(segmentsOf([0, 0, 0]), config, { highWatermark }).deleteCount;
    expect([0, 9, 10, 19, 20, 30].map(count)).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it("rolls an active segment that has expired, once it is committed and nothing before it stays", () => {
    const rolls = (timestamps: number[], highWatermark: number) =>
      plan(segmentsOf(timestamps), { "retention.ms": 100 }, { highWatermark }).rollsActive;
    expect(rolls([old], 10)).toBe(true);
    expect(rolls([old], 9)).toBe(false);
    expect(rolls([young], 10)).toBe(false);
    expect(rolls([young, old], 20)).toBe(false);
    expect(rolls(Array<number>(9).fill(old), 90)).toBe(true);
  });

  it("rolls no empty active segment", () => {
    const empty = { baseOffset: 10, endOffset: 10, sizeBytes: 0, maxTimestampMs: old };
    expect(plan([...segmentsOf([old]), empty], { "retention.ms": 100 })).toEqual({
      deleteCount: 1,
      rollsActive: false,
    });
  });
});

const segmentArbitrary = fc.record({
  offsetCount: fc.integer({ min: 1, max: 3 }),
  sizeBytes: fc.integer({ min: 1, max: 4 }),
  maxTimestampMs: fc.constantFrom(-1, 0, 5, 9, 10, 20),
  closedForMs: fc.constantFrom(0, 0, 5, 6, 20),
  withoutClosedFor: fc.boolean(),
});

const inputArbitrary: fc.Arbitrary<RetentionInput> = fc
  .record({
    parts: fc.array(segmentArbitrary, { minLength: 1, maxLength: 9 }),
    isActiveEmpty: fc.boolean(),
    logStartOffset: fc.integer({ min: 0, max: 20 }),
    highWatermark: fc.integer({ min: 0, max: 30 }),
    config: fc.record({
      "cleanup.policy": fc.constantFrom("delete" as const, "delete", "compact", "compact,delete"),
      "retention.ms": fc.constantFrom(-1, 0, 5, 8),
      "retention.bytes": fc.integer({ min: -1, max: 20 }),
    }),
  })
  .map(({ parts, isActiveEmpty, ...rest }) => {
    let end = 0;
    const segments = parts.map((part, index): RetentionSegment => {
      const { offsetCount, sizeBytes, maxTimestampMs, closedForMs, withoutClosedFor } = part;
      const baseOffset = end;
      if (index === parts.length - 1) {
        if (isActiveEmpty) return { baseOffset, endOffset: end, sizeBytes: 0, maxTimestampMs: -1 };
        return { baseOffset, endOffset: end + offsetCount, sizeBytes, maxTimestampMs };
      }
      end += offsetCount;
      const segment = { baseOffset, endOffset: end, sizeBytes, maxTimestampMs };
      return withoutClosedFor ? segment : { ...segment, closedForMs };
    });
    return { segments, ...rest, nowMs: 12 };
  });

/** As Kafka does it: three passes, one after the other, each deleting one segment after the other from the front. */
function slowlyRetained({ segments, logStartOffset, highWatermark, config, nowMs }: RetentionInput): RetentionPlan {
  const left = [...segments];
  const deletes = config["cleanup.policy"].includes("delete");
  const expired = (segment: RetentionSegment): boolean =>
    deletes &&
    config["retention.ms"] !== -1 &&
    segment.maxTimestampMs !== -1 &&
    (nowMs - segment.maxTimestampMs > config["retention.ms"] ||
      (segment.closedForMs !== undefined && segment.closedForMs > config["retention.ms"]));
  const above = (): boolean => {
    const size = left.slice(1).reduce((sum, segment) => sum + segment.sizeBytes, 0);
    return deletes && config["retention.bytes"] !== -1 && size >= config["retention.bytes"];
  };
  const mayGo = (): boolean => left.length > 1 && highWatermark >= (left[1] as RetentionSegment).baseOffset;
  while (mayGo() && (left[1] as RetentionSegment).baseOffset <= logStartOffset) left.shift();
  while (mayGo() && above()) left.shift();
  let quota = Math.ceil((segments.length - 1) / 4);
  while (mayGo() && expired(left[0] as RetentionSegment) && quota > 0) {
    left.shift();
    quota -= 1;
  }
  const deleteCount = segments.length - left.length;
  const active = left.at(-1) as RetentionSegment;
  const rollsActive = active.sizeBytes > 0 && active.endOffset <= highWatermark && left.every(expired);
  return { deleteCount, rollsActive };
}

describe("planRetention in general", () => {
  it("decides as three passes over the log do", () => {
    const seen = { deleted: 0, rolled: 0 };
    fc.assert(
      fc.property(inputArbitrary, (input) => {
        const decided = planRetention(input);
        if (decided.deleteCount > 0) seen.deleted += 1;
        if (decided.rollsActive) seen.rolled += 1;
        expect(decided).toEqual(slowlyRetained(input));
      }),
      { numRuns: propertyRuns({ usual: 5000, long: 200_000 }) },
    );
    expect(seen.deleted).toBeGreaterThan(500);
    expect(seen.rolled).toBeGreaterThan(50);
  });

  it("never deletes the active segment, nor one that reaches above the high watermark", () => {
    fc.assert(
      fc.property(inputArbitrary, (input) => {
        const { deleteCount } = planRetention(input);
        expect(deleteCount).toBeLessThan(input.segments.length);
        for (const segment of input.segments.slice(0, deleteCount)) {
          expect(segment.endOffset).toBeLessThanOrEqual(input.highWatermark);
        }
      }),
      { numRuns: propertyRuns({ usual: 1000, long: 20_000 }) },
    );
  });
});
