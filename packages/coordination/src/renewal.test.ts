import { VirtualClock } from "@sluice/model/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { Renewal } from "./renewal.js";

describe("Renewal", () => {
  let clock: VirtualClock;
  let begun: number[];
  let failures: Error[];
  let answers: { resolve: () => void; reject: (error: Error) => void }[];
  let renewal: Renewal;

  beforeEach(() => {
    clock = new VirtualClock();
    begun = [];
    failures = [];
    answers = [];
    const renew = (): Promise<void> => {
      begun.push(clock.monotonicMs());
      return new Promise((resolve, reject) => answers.push({ resolve, reject }));
    };
    const onFailed = (error: Error): void => void failures.push(error);
    renewal = new Renewal({ intervalMs: 300, retryDelayMs: 100, renewedMs: 0, renew, onFailed }, { clock });
    renewal.start();
  });

  it("counts from when a success was begun, whenever it was answered", async () => {
    clock.advance(350);
    expect(begun).toEqual([300]);
    expect(renewal.renewedMs).toBe(0);
    await answer();
    expect(renewal.renewedMs).toBe(300);
    clock.advance(250);
    expect(begun).toEqual([300, 600]);
  });

  it("has one try at a time, and begins the next at once where one took longer than the interval", async () => {
    clock.advance(1000);
    expect(begun).toEqual([300]);
    await answer();
    clock.advance(0);
    expect(begun).toEqual([300, 1000]);
  });

  it("tries again sooner after a failure", async () => {
    clock.advance(300);
    await answer(new Error("down"));
    clock.advance(100);
    expect(begun).toEqual([300, 400]);
    expect(failures.map((error) => error.message)).toEqual(["down"]);
    expect(renewal.renewedMs).toBe(0);
  });

  it("leaves nothing behind when it is stopped, and says nothing of a try that fails later", async () => {
    clock.advance(300);
    renewal.stop();
    await answer(new Error("down"));
    expect(failures).toEqual([]);
    expect(clock.timerCount).toBe(0);
  });

  async function answer(error?: Error): Promise<void> {
    const { resolve, reject } = answers.shift() ?? { resolve: () => {}, reject: () => {} };
    if (error === undefined) resolve();
    else reject(error);
    for (let i = 0; i < 5; i += 1) await Promise.resolve();
  }
});
