import { afterEach, describe, expect, it, vi } from "vitest";
import { NodeClock } from "./node-clock.js";

const clock = new NodeClock();

describe("NodeClock", () => {
  it("tells the time of day and a time that never goes back", () => {
    const beforeMs = Date.now();
    const nowMs = clock.nowMs();
    expect(nowMs).toBeGreaterThanOrEqual(beforeMs);
    expect(nowMs).toBeLessThanOrEqual(Date.now());
    const first = clock.monotonicMs();
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(first);
  });

  it("calls back once, never early by its own monotonic time", async () => {
    for (const delayMs of [0, 1, 1.5, 7]) {
      const startMs = clock.monotonicMs();
      await new Promise<void>((resolve) => clock.setTimer(delayMs, resolve));
      expect(clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(delayMs);
    }
  });

  it.each([
    [clock, 0],
    [new NodeClock({ keepsProcessAlive: true }), 1],
  ])("keeps no process alive, unless it was made to", (tested, more) => {
    const before = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    const timer = tested.setTimer(60_000, () => {});
    expect(process.getActiveResourcesInfo().filter((name) => name === "Timeout").length).toBe(before + more);
    timer.cancel();
  });
});

describe("NodeClock under a clock of the test", () => {
  afterEach(() => void vi.useRealTimers());

  it("waits for longer than Node can at once", () => {
    vi.useFakeTimers();
    const delayMs = 2 ** 31 * 3;
    let calls = 0;
    clock.setTimer(delayMs, () => calls++);
    vi.advanceTimersByTime(delayMs - 1);
    expect(calls).toBe(0);
    vi.advanceTimersByTime(1);
    expect(calls).toBe(1);
    vi.advanceTimersByTime(delayMs);
    expect(calls).toBe(1);
  });

  it("does not call back after it was cancelled, in any turn of a long wait", () => {
    vi.useFakeTimers();
    let calls = 0;
    const timer = clock.setTimer(2 ** 31 * 3, () => calls++);
    vi.advanceTimersByTime(2 ** 31 * 2);
    timer.cancel();
    timer.cancel();
    vi.advanceTimersByTime(2 ** 31 * 4);
    expect(calls).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
