import { describe, expect, it } from "vitest";
import { sleep } from "../clock.js";
import { VirtualClock } from "./virtual-clock.js";

describe("VirtualClock", () => {
  it("runs timers in the order in which they are due, and equal ones as they were set", () => {
    const clock = new VirtualClock();
    const ran: string[] = [];
    clock.setTimer(20, () => ran.push("c"));
    clock.setTimer(10, () => ran.push("a"));
    clock.setTimer(10, () => ran.push("b"));
    clock.advance(20);
    expect(ran).toEqual(["a", "b", "c"]);
  });

  it("shows a callback the time at which it was due, and runs what the callback sets when it falls due too", () => {
    const clock = new VirtualClock();
    const times: number[] = [];
    const again = (): void => {
      times.push(clock.monotonicMs());
      clock.setTimer(10, again);
    };
    clock.setTimer(10, again);
    clock.advance(35);
    expect(times).toEqual([10, 20, 30]);
    expect(clock.monotonicMs()).toBe(35);
    expect(clock.nextTimerMs).toBe(5);
  });

  it("does not run a timer before it is due, nor after it was cancelled", () => {
    const clock = new VirtualClock();
    const ran: string[] = [];
    clock.setTimer(10, () => ran.push("late"));
    const cancelled = clock.setTimer(5, () => ran.push("cancelled"));
    cancelled.cancel();
    cancelled.cancel();
    clock.advance(9);
    expect(ran).toEqual([]);
    expect(clock.timerCount).toBe(1);
  });

  it("moves wall time with monotonic time, and alone when it jumps", () => {
    const clock = new VirtualClock({ nowMs: 1000 });
    clock.advance(5);
    clock.jumpWallTime(-500);
    expect([clock.nowMs(), clock.monotonicMs()]).toEqual([505, 5]);
  });

  it("leaves no timer behind when a sleep is aborted", async () => {
    const clock = new VirtualClock();
    const abort = new AbortController();
    const sleeping = sleep(clock, 1000, abort.signal);
    abort.abort(new Error("enough"));
    await expect(sleeping).rejects.toThrow("enough");
    expect(clock.timerCount).toBe(0);
  });
});
