import { expect, test } from "vitest";
import { DirectWrites } from "./direct-writes.js";

class Fixture {
  nowMs = 5000;
  readonly writes = new DirectWrites(() => this.nowMs);

  /** A write that takes so long. */
  run(tookMs: number): void {
    this.writes.run(() => {
      this.nowMs += tookMs;
    });
  }
}

test("small writes are done on the spot, larger ones are not", () => {
  const { writes } = new Fixture();
  expect([writes.take(0), writes.take(1), writes.take(16 * 1024), writes.take(16 * 1024 + 1)]).toEqual([
    true,
    true,
    true,
    false,
  ]);
});

test("writes that take no longer than a write of memory change nothing", () => {
  const fixture = new Fixture();
  for (let i = 0; i < 100; i += 1) fixture.run(0.99);
  expect(fixture.writes.take(1024)).toBe(true);
});

test("after one that had to wait, writes go elsewhere for a hundred times as long", () => {
  const fixture = new Fixture();
  fixture.run(20);
  expect(fixture.writes.take(1)).toBe(false);
  fixture.nowMs += 1999;
  expect(fixture.writes.take(1)).toBe(false);
  fixture.nowMs += 1;
  expect(fixture.writes.take(1)).toBe(true);
});

test("on a disk that makes every write wait, at most a hundredth of the time is spent in writes", () => {
  const fixture = new Fixture();
  const beganMs = fixture.nowMs;
  let waitedMs = 0;
  for (let i = 0; i < 100_000; i += 1) {
    if (!fixture.writes.take(1024)) fixture.nowMs += 1;
    else {
      fixture.run(200);
      waitedMs += 200;
    }
  }
  expect(waitedMs).toBeGreaterThan(0);
  expect(waitedMs / (fixture.nowMs - beganMs)).toBeLessThanOrEqual(0.011);
});

test("one that fails is told, and counts like any other", () => {
  const fixture = new Fixture();
  const failure = new Error("ENOSPC");
  const write = (): void => {
    fixture.nowMs += 3;
    throw failure;
  };
  expect(() => fixture.writes.run(write)).toThrow(failure);
  expect(fixture.writes.take(1)).toBe(false);
});
