import { describe, expect, it } from "vitest";
import { planOffsetReset, type ResetPartition, type ResetTarget } from "./offset-reset.js";

const at = (partition: number, more: Partial<ResetPartition> = {}): ResetPartition => ({
  topic: "t",
  partition,
  committed: 50,
  logStartOffset: 10,
  highWatermark: 100,
  offsetAtTimestamp: undefined,
  ...more,
});
const targetOf = (target: ResetTarget, partition = at(0)): number | undefined =>
  planOffsetReset(target, [partition])[0]?.target;

describe("planOffsetReset", () => {
  it("goes to the ends of the log", () => {
    expect(targetOf({ type: "earliest" })).toBe(10);
    expect(targetOf({ type: "latest" })).toBe(100);
  });

  it("moves a target outside the log to its nearer end", () => {
    expect(targetOf({ type: "offset", offset: 70 })).toBe(70);
    expect(targetOf({ type: "offset", offset: 3 })).toBe(10);
    expect(targetOf({ type: "offset", offset: 101 })).toBe(100);
    expect(targetOf({ type: "shift", by: -45 })).toBe(10);
    expect(targetOf({ type: "shift", by: 51 })).toBe(100);
    expect(targetOf({ type: "shift", by: -5 })).toBe(45);
  });

  it("goes to the record at a time, and to the end where there is none", () => {
    expect(targetOf({ type: "timestamp", timestampMs: 1 }, at(0, { offsetAtTimestamp: 33 }))).toBe(33);
    expect(targetOf({ type: "timestamp", timestampMs: 1 })).toBe(100);
  });

  it("says what was committed and where the partition ends, by partition", () => {
    const plan = planOffsetReset({ type: "earliest" }, [at(1, { committed: undefined, highWatermark: 10 }), at(0)]);
    expect(plan).toEqual([
      { topic: "t", partition: 0, current: 50, target: 10, end: 100 },
      { topic: "t", partition: 1, current: undefined, target: 10, end: 10 },
    ]);
  });

  it("refuses to shift what is not committed, and numbers that are none", () => {
    expect(() => targetOf({ type: "shift", by: 1 }, at(0, { committed: undefined }))).toThrow(
      "nothing is committed for t-0",
    );
    expect(() => targetOf({ type: "offset", offset: 1.5 })).toThrow("not a whole number");
    expect(() => targetOf({ type: "shift", by: Number.NaN })).toThrow("not a whole number");
  });
});
