import { SluiceError } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import { describe, expect, it } from "vitest";
import { retryUntilLed } from "./leader-retry.js";

const noLeader = new SluiceError("LEADER_NOT_AVAILABLE", { topic: "a", partition: 0 });

describe("retryUntilLed", () => {
  it("tries again until a leader answers", async () => {
    const clock = new VirtualClock();
    let attempts = 0;
    const done = retryUntilLed(
      () => {
        attempts += 1;
        if (attempts < 4) throw noLeader;
        return "led";
      },
      { clock, signal: new AbortController().signal },
    );
    while (attempts < 4) {
      clock.advance(10);
      await Promise.resolve();
    }
    expect([await done, clock.timerCount]).toEqual(["led", 0]);
  });

  it("does not repeat what may have been appended", async () => {
    const error = new SluiceError("INDETERMINATE", { operation: "x", reason: "y" });
    const refused = retryUntilLed(() => Promise.reject(error), {
      clock: new VirtualClock(),
      signal: new AbortController().signal,
    });
    await expect(refused).rejects.toBe(error);
  });

  it("ends when its caller goes away, and leaves no timer", async () => {
    const clock = new VirtualClock();
    const abort = new AbortController();
    const waiting = retryUntilLed(() => Promise.reject(noLeader), { clock, signal: abort.signal });
    while (clock.timerCount === 0) await Promise.resolve();
    abort.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    expect(clock.timerCount).toBe(0);
  });
});
