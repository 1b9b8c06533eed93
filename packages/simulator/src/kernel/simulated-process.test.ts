import { describe, expect, it } from "vitest";
import { Chance } from "./chance.js";
import { Scheduler } from "./scheduler.js";
import { SimulatedProcess } from "./simulated-process.js";

function setUp() {
  const scheduler = new Scheduler(new Chance(1, "scheduler"));
  const ran: string[] = [];
  const runAll = (): void => {
    while (scheduler.runNext());
  };
  return { scheduler, process: new SimulatedProcess("p", scheduler), ran, runAll };
}

describe("SimulatedProcess", () => {
  it("gets what came while it was paused when it goes on, in order", () => {
    const { process, ran, runAll } = setUp();
    process.pause();
    process.schedule(2, () => ran.push("b"));
    process.schedule(1, () => ran.push("a"));
    runAll();
    expect(ran).toEqual([]);
    process.resume();
    process.enter(() => ran.push("c"));
    runAll();
    expect(ran).toEqual(["a", "b", "c"]);
  });

  it("keeps the rest where it is paused again in the middle", () => {
    const { process, ran, scheduler, runAll } = setUp();
    process.pause();
    for (const name of ["a", "b"]) process.enter(() => ran.push(name));
    process.resume();
    scheduler.runNext();
    process.pause();
    runAll();
    expect(ran).toEqual(["a"]);
    process.resume();
    runAll();
    expect(ran).toEqual(["a", "b"]);
  });

  it("gets nothing after its death", () => {
    const { process, ran, runAll } = setUp();
    process.schedule(1, () => ran.push("timer"));
    process.die();
    process.enter(() => ran.push("message"));
    runAll();
    expect(ran).toEqual([]);
  });
});
