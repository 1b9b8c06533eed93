import { describe, expect, it } from "vitest";
import { Chance } from "./chance.js";
import { Scheduler } from "./scheduler.js";

function runAll(scheduler: Scheduler): void {
  while (scheduler.runNext());
}

describe("Scheduler", () => {
  it("runs events in the order in which they are due, whatever the order they were scheduled in", () => {
    const chance = new Chance(1, "test");
    const scheduler = new Scheduler(new Chance(1, "scheduler"));
    const ran: number[] = [];
    const delays = Array.from({ length: 500 }, () => chance.between(0, 100));
    for (const delay of delays) scheduler.schedule(delay, () => ran.push(scheduler.nowMs));
    runAll(scheduler);
    expect(ran).toEqual([...delays].sort((a, b) => a - b));
    expect(scheduler.eventCount).toBe(500);
  });

  it("lets the seed decide between events that are due at once, and nothing else", () => {
    const orderOf = (seed: number): string => {
      const scheduler = new Scheduler(new Chance(seed, "scheduler"));
      const ran: number[] = [];
      for (let each = 0; each < 20; each += 1) scheduler.schedule(5, () => ran.push(each));
      runAll(scheduler);
      return ran.join();
    };
    expect(orderOf(1)).toBe(orderOf(1));
    expect(new Set([1, 2, 3, 4, 5].map(orderOf)).size).toBe(5);
  });

  it("does not run what was cancelled", () => {
    const scheduler = new Scheduler(new Chance(1, "scheduler"));
    const ran: string[] = [];
    scheduler.schedule(1, () => ran.push("cancelled")).cancel();
    scheduler.schedule(2, () => ran.push("kept"));
    runAll(scheduler);
    expect(ran).toEqual(["kept"]);
  });
});
