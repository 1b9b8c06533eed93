import { VirtualClock } from "@sluice/model/testing";
import { expect, it } from "vitest";
import { silentLogger } from "../logging.js";
import type { GroupRuntime } from "./group-runtime.js";
import { IdleGroupCheck } from "./idle-group-check.js";

it("asks many groups some at a time, every one once a round, and none after it was stopped", () => {
  const clock = new VirtualClock();
  const asked: number[] = [];
  const groups = Array.from({ length: 1200 }, (_, index) => {
    return { group: `g${index}`, view: {}, checkIdle: () => asked.push(index) } as unknown as GroupRuntime;
  });
  const options = { retentionMs: 10_000, checkIntervalMs: 1000 };
  const check = new IdleGroupCheck(options, { clock, logger: silentLogger, groups: () => groups });
  check.start();
  clock.advance(999);
  expect(asked).toEqual([]);
  clock.advance(1);
  expect(asked).toHaveLength(500);
  clock.advance(40);
  expect(asked).toEqual(Array.from(groups.keys()));
  expect(clock.timerCount).toBe(1);
  clock.advance(1000);
  expect(asked).toHaveLength(1700);
  check.stop();
  clock.advance(10_000);
  expect(asked).toHaveLength(1700);
  expect(clock.timerCount).toBe(0);
});
