import { brokerTickKey } from "@sluice/cluster";
import { brokerId, type SluiceError } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BrokerLease } from "./broker-lease.js";
import type { Compare, Operation, TransactionResult, Watch, WatchListener } from "./cluster-store.js";
import { ImageWatcher } from "./image-watcher.js";
import { MemoryClusterStore } from "./memory-cluster-store.js";

/** A store whose keep-alives can fail or hang, whose transactions can fail, and whose watches can fall silent. */
class FlakyStore extends MemoryClusterStore {
  readonly failures: Error[] = [];
  held: (() => void) | undefined;
  isHolding = false;
  keepAliveCount = 0;
  transactionFailure: Error | undefined;
  isSilent = false;

  override async transact(compares: readonly Compare[], operations: readonly Operation[]): Promise<TransactionResult> {
    if (this.transactionFailure !== undefined) throw this.transactionFailure;
    return super.transact(compares, operations);
  }

  override watch(prefix: string, fromRevision: number, listener: WatchListener): Watch {
    return super.watch(prefix, fromRevision, {
      onChange: (revision, events) => {
        if (!this.isSilent) listener.onChange(revision, events);
      },
      onError: (error) => listener.onError(error),
    });
  }

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
  let images: ImageWatcher;
  let lost: SluiceError[];
  let failed: Error[];
  let lease: BrokerLease;

  beforeEach(async () => {
    clock = new VirtualClock();
    store = new FlakyStore({ clock, random: new SeededRandom(1) });
    images = new ImageWatcher({ onError: (error) => failed.push(error) }, { store, clock });
    await images.start();
    lost = [];
    failed = [];
    const callbacks = {
      onLost: (error: SluiceError) => lost.push(error),
      onKeepAliveFailed: (error: Error) => failed.push(error),
    };
    lease = new BrokerLease({ brokerId: brokerId(1), ttlMs: 9000, ...callbacks }, { store, images, clock });
    await lease.start();
    await store.transact([], [{ type: "put", key: "mine", value: "x", leaseId: lease.leaseId }]);
  });
  afterEach(() => images.close());

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

  it("proves by a tick every third of its time that the store takes writes and the watch tells of them", async () => {
    await pass(3000);
    await pass(3000);
    expect(await store.get(brokerTickKey(brokerId(1)))).toMatchObject({ value: "3", leaseId: lease.leaseId });
    expect(lease.deadlineMs).toBe(6000 + 8100 - 200);
  });

  it("counts its deadline from the tick where keep-alives go on and the store takes no writes", async () => {
    store.transactionFailure = new Error("no space");
    await pass(3000);
    for (let i = 0; i < 5; i += 1) await pass(900);
    expect(store.keepAliveCount).toBe(2);
    expect(lease.deadlineMs).toBe(8100 - 200);
    store.transactionFailure = undefined;
    await pass(900);
    expect(lease.deadlineMs).toBe(6000 + 8100 - 200);
    expect(new Set(failed.map((error) => error.message))).toEqual(new Set(["no space"]));
  });

  it("takes no tick for a proof that its own watch has not told of, and has a silent watch replaced", async () => {
    store.isSilent = true;
    await pass(3000);
    await pass(2999);
    expect(lease.deadlineMs).toBe(8100 - 200);
    store.isSilent = false;
    await pass(1);
    await vi.waitFor(() => expect(lease.deadlineMs).toBe(3000 + 8100 - 200));
    await pass(0);
    expect(lease.deadlineMs).toBe(6000 + 8100 - 200);
  });

  it("does not begin before its first tick was told of, and ends nothing when that fails", async () => {
    store.transactionFailure = new Error("no space");
    const early = newLease();
    await expect(early.start()).rejects.toThrow("no space");
    expect(early.isWithinDeadline()).toBe(false);
    await early.close();
    expect(await store.get("mine")).toBeDefined();
  });

  it("is past its deadline before the store gives up the keys, when no keep-alive is answered", async () => {
    store.failures.push(...Array.from({ length: 100 }, () => new Error("no connection")));
    await pass(3000);
    for (let i = 0; i < 5; i += 1) await pass(900);
    await pass(399);
    expect(lease.deadlineMs).toBe(7900);
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
    // The tick is older now than the keep-alive that succeeded at last.
    expect(lease.deadlineMs).toBe(3000 + 8100 - 200);
    await pass(1200);
    expect(lease.deadlineMs).toBe(4800 + 8100 - 200);
  });

  it("says once that it was lost, and stops", async () => {
    await store.revokeLease(lease.leaseId);
    await pass(3000);
    await pass(30_000);
    expect(lost.map((error) => error.code)).toEqual(["LEASE_EXPIRED"]);
    expect(lease.isWithinDeadline()).toBe(false);
    await lease.close();
    images.close();
    expect(clock.timerCount).toBe(0);
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
    images.close();
    expect(clock.timerCount).toBe(0);
    expect(lost).toEqual([]);
  });

  it.each([0, 1, 2, 3])("gives back a lease that is granted while it is closed, %i turns later", async (turns) => {
    const early = newLease();
    const timersBefore = clock.timerCount;
    const starting = early.start();
    for (let i = 0; i < turns; i += 1) await Promise.resolve();
    await early.close();
    await starting;
    expect(clock.timerCount).toBe(timersBefore);
    expect(await store.get(brokerTickKey(brokerId(2)))).toBeUndefined();
  });

  function newLease(): BrokerLease {
    const ignore = (): void => undefined;
    const options = { brokerId: brokerId(2), ttlMs: 9000, onLost: ignore, onKeepAliveFailed: ignore };
    return new BrokerLease(options, { store, images, clock });
  }

  /** Time passes, and what it set off runs until it waits for more. */
  async function pass(durationMs: number): Promise<void> {
    clock.advance(durationMs);
    for (let i = 0; i < 10; i += 1) await Promise.resolve();
  }
});
