import { VirtualClock } from "@sluice/model/testing";
import { describe, expect, it } from "vitest";
import { RetentionClock } from "./retention-clock.js";

const startMs = 1_700_000_000_000;
const hourMs = 3_600_000;

describe("RetentionClock", () => {
  it("shows the wall time while that moves as time does", () => {
    const clock = new VirtualClock({ nowMs: startMs });
    const retention = new RetentionClock(clock);
    for (const step of [1, 1000, hourMs]) {
      clock.advance(step);
      expect(retention.nowMs()).toBe(clock.nowMs());
    }
    expect(retention.heldBackMs).toBe(0);
  });

  it("shows whole milliseconds, whatever fractions the monotonic clock has", () => {
    const clock = new VirtualClock({ nowMs: startMs });
    const retention = new RetentionClock({
      nowMs: () => Math.ceil(clock.nowMs()) + 5,
      monotonicMs: () => clock.monotonicMs(),
      setTimer: (delayMs, callback) => clock.setTimer(delayMs, callback),
    });
    for (const step of [0.3, 0.7, 1000.994, 0.001]) {
      clock.advance(step);
      expect(Number.isInteger(retention.nowMs())).toBe(true);
    }
  });

  it("takes over a jump ahead only as fast again as time passes", () => {
    const clock = new VirtualClock({ nowMs: startMs });
    const retention = new RetentionClock(clock);
    clock.jumpWallTime(10 * hourMs);
    expect(retention.nowMs()).toBe(startMs);
    clock.advance(hourMs);
    expect(retention.nowMs()).toBe(startMs + 2 * hourMs);
    expect(retention.heldBackMs).toBe(9 * hourMs);
    for (let step = 0; step < 9; step += 1) {
      clock.advance(hourMs);
      retention.nowMs();
    }
    expect(retention.nowMs()).toBe(clock.nowMs());
    clock.advance(1);
    expect(retention.nowMs()).toBe(clock.nowMs());
  });

  it("follows a jump back at once, and the way forth again, which it has counted already", () => {
    const clock = new VirtualClock({ nowMs: startMs });
    const retention = new RetentionClock(clock);
    clock.jumpWallTime(-5 * hourMs);
    expect(retention.nowMs()).toBe(startMs - 5 * hourMs);
    clock.advance(hourMs);
    expect(retention.nowMs()).toBe(startMs - 4 * hourMs);
    clock.jumpWallTime(5 * hourMs);
    expect(retention.nowMs()).toBe(startMs + hourMs);
  });

  it("is at the end of a jump that was set right again where it had been without", () => {
    const clock = new VirtualClock({ nowMs: startMs });
    const retention = new RetentionClock(clock);
    clock.jumpWallTime(1000 * hourMs);
    clock.advance(hourMs);
    retention.nowMs();
    clock.jumpWallTime(-1000 * hourMs);
    expect(retention.nowMs()).toBe(startMs + hourMs);
  });
});
