import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { describe, expect, it } from "vitest";
import { describeClusterStore } from "./cluster-store.compliance.js";
import { MemoryClusterStore } from "./memory-cluster-store.js";

describeClusterStore("MemoryClusterStore", async (options) => {
  const clock = new VirtualClock();
  const store = new MemoryClusterStore({ clock, random: new SeededRandom(1) }, options);
  return {
    store,
    passTime: async (durationMs) => clock.advance(durationMs),
    leaseMarginMs: 1,
    forgetHistory: () => Promise.resolve(),
    dispose: () => store.close(),
  };
});

describe("MemoryClusterStore", () => {
  it("leaves no timer behind when it is closed", async () => {
    const clock = new VirtualClock();
    const store = new MemoryClusterStore({ clock, random: new SeededRandom(1) });
    await store.grantLease(1000);
    await store.close();
    expect(clock.timerCount).toBe(0);
  });
});
