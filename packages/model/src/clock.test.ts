import { describe, expect, it } from "vitest";
import { sleep } from "./clock.js";
import { VirtualClock } from "./testing/virtual-clock.js";

/** A signal that counts its listeners. */
function countedSignal(): { controller: AbortController; listenerCount: () => number } {
  const controller = new AbortController();
  let count = 0;
  const { signal } = controller;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    count++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    count--;
    remove(...args);
  };
  return { controller, listenerCount: () => count };
}

describe("sleep", () => {
  it("resolves once the delay has passed, and not before", async () => {
    const clock = new VirtualClock();
    let isAwake = false;
    const sleeping = sleep(clock, 100).then(() => {
      isAwake = true;
    });
    clock.advance(99);
    await Promise.resolve();
    expect(isAwake).toBe(false);
    clock.advance(1);
    await sleeping;
    expect(isAwake).toBe(true);
  });

  it("leaves no listener on the signal after it resolved", async () => {
    const clock = new VirtualClock();
    const { controller, listenerCount } = countedSignal();
    const sleeping = sleep(clock, 100, controller.signal);
    expect(listenerCount()).toBe(1);
    clock.advance(100);
    await sleeping;
    expect(listenerCount()).toBe(0);
  });

  it("rejects with the signal's reason when it aborts, and leaves no timer", async () => {
    const clock = new VirtualClock();
    const controller = new AbortController();
    const reason = new Error("closing");
    const sleeping = sleep(clock, 100, controller.signal);
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    expect(clock.timerCount).toBe(0);
  });

  it("rejects at once, and sets no timer, where the signal has aborted already", async () => {
    const clock = new VirtualClock();
    const reason = new Error("closed");
    await expect(sleep(clock, 100, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(clock.timerCount).toBe(0);
  });
});
