import { VirtualClock } from "@sluice/model/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { TrafficBudget } from "./traffic-budget.js";

let clock: VirtualClock;

beforeEach(() => {
  clock = new VirtualClock();
});

/** One who sends `bytes` whenever it may, and says so. */
function sender(budget: TrafficBudget, name: string, bytes: number, sent: string[]): () => void {
  const resume = (): void => {
    if (budget.isFree) {
      budget.take(bytes);
      sent.push(name);
    }
    budget.waitFor(resume);
  };
  return resume;
}

describe("a budget", () => {
  it("without a limit is always free", () => {
    const budget = new TrafficBudget({ bytesPerSecMax: 0 }, { clock });
    budget.take(1_000_000_000);
    expect(budget.isFree).toBe(true);
  });

  it("is free again when what was taken is paid off", () => {
    const budget = new TrafficBudget({ bytesPerSecMax: 1000 }, { clock });
    budget.take(1100);
    expect(budget.isFree).toBe(false);
    clock.advance(999);
    expect(budget.isFree).toBe(false);
    clock.advance(1);
    expect(budget.isFree).toBe(true);
  });

  it("serves those that wait in turns, at its rate, with one timer", () => {
    const budget = new TrafficBudget({ bytesPerSecMax: 1000 }, { clock });
    const sent: string[] = [];
    for (const name of ["a", "b", "c"]) sender(budget, name, 300, sent)();
    expect(clock.timerCount).toBe(1);
    clock.advance(3_000);
    expect(sent.join("")).toMatch(/^a(abc)+a?b?$/);
    expect(sent.length).toBeGreaterThanOrEqual(9);
    expect(sent.length).toBeLessThanOrEqual(12);
  });

  it("sets no timer for nobody", () => {
    const budget = new TrafficBudget({ bytesPerSecMax: 1000 }, { clock });
    budget.take(5000);
    const resume = (): void => expect.unreachable();
    budget.waitFor(resume);
    budget.cancel(resume);
    clock.advance(60_000);
    expect(clock.timerCount).toBe(0);
    budget.waitFor(resume);
    budget.close();
    expect(clock.timerCount).toBe(0);
  });
});
