import { describe, expect, it } from "vitest";
import { SendQueue } from "./send-queue.js";

const bytesMax = 1024 * 1024;

function setUp() {
  const unsent: (() => void)[] = [];
  let drains = 0;
  const sink = {
    write: (_: unknown, onSent: () => void): boolean => {
      unsent.push(onSent);
      return true;
    },
  };
  const queue = new SendQueue({ bytesMax, onDrain: () => drains++ }, sink);
  return { queue, unsent, drains: () => drains };
}

describe("SendQueue", () => {
  it("answers false past its bound, and drains once when half of it is free", () => {
    const { queue, unsent, drains } = setUp();
    const message = Buffer.alloc(bytesMax / 4);
    expect([1, 2, 3].map(() => queue.send(message))).toEqual([true, true, true]);
    expect(queue.send(message)).toBe(false);
    unsent.shift()?.();
    expect(drains()).toBe(0);
    while (unsent.length > 0) unsent.shift()?.();
    expect(drains()).toBe(1);
    expect(queue.send(message)).toBe(true);
  });

  it("counts what a small message costs to wait: a million answers of a few bytes are past the bound long before", () => {
    const { queue, unsent } = setUp();
    const small = Buffer.alloc(8);
    while (queue.send(small));
    expect(unsent.length).toBeLessThan(5000);
    expect(unsent.length).toBeGreaterThan(500);
  });
});
