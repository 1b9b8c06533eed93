import { VirtualClock } from "@sluice/model/testing";
import { describe, expect, it } from "vitest";
import { endsWithin } from "./bounded-wait.js";

describe("endsWithin", () => {
  const clock = new VirtualClock();

  it("waits for work that ends in time, and leaves no timer", async () => {
    expect(await endsWithin(Promise.resolve(), 1000, clock)).toBe(true);
    await expect(endsWithin(Promise.reject(new Error("no")), 1000, clock)).rejects.toThrow("no");
    expect(clock.timerCount).toBe(0);
  });

  it("does not wait longer, and does not mind how work ends then", async () => {
    let fail: (error: Error) => void = () => undefined;
    const work = new Promise<void>((_resolve, reject) => {
      fail = reject;
    });
    const waiting = endsWithin(work, 1000, clock);
    clock.advance(1000);
    expect(await waiting).toBe(false);
    fail(new Error("late"));
    await Promise.resolve();
    expect(clock.timerCount).toBe(0);
  });
});
