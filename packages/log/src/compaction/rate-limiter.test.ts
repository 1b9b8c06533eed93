import { VirtualClock } from "@sluice/model/testing";
import { expect, it } from "vitest";
import { RateLimiter } from "./rate-limiter.js";

it("lets pass what the rate allows, and no burst after a pause", async () => {
  const clock = new VirtualClock();
  const limiter = new RateLimiter(clock, 1_000_000);
  for (const pauseMs of [0, 60_000]) {
    clock.advance(pauseMs);
    const began = clock.monotonicMs();
    for (let count = 0; count < 10; count++) {
      const waiting = limiter.consume(100_000);
      clock.advance(clock.nextTimerMs ?? 0);
      await waiting;
    }
    expect(clock.monotonicMs() - began).toBeCloseTo(1000, 5);
  }
});

it("adds small amounts up rather than waiting for each", async () => {
  const clock = new VirtualClock();
  const limiter = new RateLimiter(clock, 1_000_000);
  for (let count = 0; count < 4; count++) await limiter.consume(1000);
  expect(clock.timerCount).toBe(0);
  const waiting = limiter.consume(1000);
  expect(clock.nextTimerMs).toBeCloseTo(5, 5);
  clock.advance(5);
  await waiting;
});

it("never waits where there is no limit", async () => {
  const clock = new VirtualClock();
  await new RateLimiter(clock, 0).consume(1e12);
  expect(clock.timerCount).toBe(0);
});

it("ends a wait with the reason of the signal, and leaves no timer", async () => {
  const clock = new VirtualClock();
  const limiter = new RateLimiter(clock, 1);
  const controller = new AbortController();
  const waiting = limiter.consume(1000, controller.signal);
  controller.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  await expect(limiter.consume(1, controller.signal)).rejects.toThrow("enough");
  expect(clock.timerCount).toBe(0);
});
