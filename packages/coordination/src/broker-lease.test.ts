import type { SluiceError } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { BrokerLease } from "./broker-lease.js";
import { MemoryClusterStore } from "./memory-cluster-store.js";

/** A store whose keep-alives can fail or hang. */
class FlakyStore extends MemoryClusterStore {
  readonly failures: Error[] = [];
  held: (() => void) | undefined;
  isHolding = false;
  keepAliveCount = 0;

  override async keepLeaseAlive(leaseId: string): Promise<void> {
    this.keepAliveCount += 1;
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    await super.keepLeaseAlive(leaseId);
    if (this.isHolding) await new Promise<void>((resolve) => (this.held = resolve));
  }
}

describe("BrokerLease", () => {
  let clock: VirtualClock;
  let store: FlakyStore;
  let lost: SluiceError[];
  let failed: Error[];
  let lease: BrokerLease;

  beforeEach(async () => {
    clock = new VirtualClock();
    store = new FlakyStore({ clock, random: new SeededRandom(1) });
    lost = [];
    failed = [];
    const callbacks = {
      onLost: (error: SluiceError) => lost.push(error),
      onKeepAliveFailed: (error: Error) => failed.push(error),
    };
    lease = new BrokerLease({ ttlMs: 9000, ...callbacks }, { store, clock });
    await lease.start();
    await store.transact([], [{ type: "put", key: "mine", value: "x", leaseId: lease.leaseId }]);
  });

  it("keeps its keys for as long as it runs", async () => {
    for (let i = 0; i < 20; i += 1) await pass(3000);
    expect(await store.get("mine")).toBeDefined();
    expect(lease.isWithinDeadline()).toBe(true);
    expect(store.keepAliveCount).toBe(20);
  });

  it("counts its deadline from when the keep-alive was sent, not from when it was answered", async () => {
    store.isHolding = true;
    await pass(3000);
    await pass(2000);
    store.held?.();
    await vi.waitFor(() => expect(lease.deadlineMs).toBe(3000 + 8100 - 200));
    expect(lease.isWithinDeadline()).toBe(true);
  });

  it("is past its deadline before the store gives up the keys, when no keep-alive is answered", async () => {
    store.failures.push(...Array.from({ length: 100 }, () => new Error("no connection")));
    await pass(3000);
    for (let i = 0; i < 5; i += 1) await pass(900);
    await pass(399);
    expect(lease.isWithinDeadline()).toBe(true);
    await pass(1);
    expect(lease.isWithinDeadline()).toBe(false);
    expect(await store.get("mine")).toBeDefined();
    expect(lost).toEqual([]);
  });

  it("tries again after a failure, and goes on when it succeeds", async () => {
    store.failures.push(new Error("no connection"), new Error("no connection"));
    await pass(3000);
    await pass(900);
    await pass(900);
    expect(failed).toHaveLength(2);
    expect(lease.deadlineMs).toBe(4800 + 8100 - 200);
  });

  it("says once that it was lost, and stops", async () => {
    await store.revokeLease(lease.leaseId);
    await pass(3000);
    await pass(30_000);
    expect(lost.map((error) => error.code)).toEqual(["LEASE_EXPIRED"]);
    expect(lease.isWithinDeadline()).toBe(false);
    expect(clock.timerCount).toBe(0);
    await lease.close();
  });

  it("is lost with a store that is closed", async () => {
    await store.close();
    await pass(3000);
    expect(lost.map((error) => error.code)).toEqual(["CLOSED"]);
  });

  it("gives up its keys at once when it is closed, and leaves no timer", async () => {
    await lease.close();
    await lease.close();
    expect(await store.get("mine")).toBeUndefined();
    expect(clock.timerCount).toBe(0);
    expect(lost).toEqual([]);
  });

  it("gives back a lease that is granted while it is closed", async () => {
    const ignore = (): void => undefined;
    const early = new BrokerLease({ ttlMs: 9000, onLost: ignore, onKeepAliveFailed: ignore }, { store, clock });
    const timersBefore = clock.timerCount;
    const starting = early.start();
    await early.close();
    await starting;
    expect(clock.timerCount).toBe(timersBefore);
  });

  /** Time passes, and what it set off runs until it waits for more. */
  async function pass(durationMs: number): Promise<void> {
    clock.advance(durationMs);
    for (let i = 0; i < 10; i += 1) await Promise.resolve();
  }
});
