import type { StoreEvent } from "@sluice/coordination";
import type { SluiceError } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { Chance } from "../kernel/chance.js";
import { eventLoopTurn } from "../kernel/event-loop-turn.js";
import { Scheduler } from "../kernel/scheduler.js";
import { SimulatedProcess } from "../kernel/simulated-process.js";
import { Link } from "../network/link.js";
import { EtcdClient } from "./etcd-client.js";
import { SimulatedEtcd } from "./simulated-etcd.js";

function setUp() {
  const scheduler = new Scheduler(new Chance(1, "scheduler"));
  const chance = new Chance(1, "etcd");
  const etcd = new SimulatedEtcd({ scheduler, chance });
  const toEtcd = new Link({ msMin: 1, msMax: 3 }, { scheduler, chance });
  const fromEtcd = new Link({ msMin: 1, msMax: 3 }, { scheduler, chance });
  const faults = { answerLoss: 0 };
  const process = new SimulatedProcess("client", scheduler);
  const client = new EtcdClient(
    { callTimeoutMs: 500 },
    { etcd, process, chance, toEtcd, fromEtcd, answerLoss: () => faults.answerLoss },
  );
  const runFor = async (ms: number): Promise<void> => {
    const endMs = scheduler.nowMs + ms;
    scheduler.schedule(ms, () => undefined);
    while (scheduler.nowMs < endMs && scheduler.runNext()) await eventLoopTurn();
  };
  const settled = async <Result>(call: Promise<Result>): Promise<Result | string> => {
    const outcome = call.catch((error: SluiceError) => error.code);
    await runFor(600);
    return outcome;
  };
  return { etcd, client, toEtcd, fromEtcd, faults, runFor, settled };
}

const put = (key: string, value: string) => ({ type: "put", key, value }) as const;

describe("EtcdClient", () => {
  it("compares and sets", async () => {
    const { client, settled } = setUp();
    expect(await settled(client.transact([], [put("/a", "1")]))).toEqual({ succeeded: true, revision: 1 });
    const stale = [{ key: "/a", target: "modRevision", equals: 0 } as const];
    expect(await settled(client.transact(stale, [put("/a", "2")]))).toEqual({ succeeded: false, revision: 1 });
    expect(await settled(client.get("/a"))).toMatchObject({ value: "1", modRevision: 1 });
  });

  it("says that the outcome is not known where the answer is lost though the transaction was carried out", async () => {
    const { client, etcd, faults, settled } = setUp();
    faults.answerLoss = 1;
    expect(await settled(client.transact([], [put("/a", "1")]))).toBe("INDETERMINATE");
    expect(etcd.state.get("/a")?.value).toBe("1");
  });

  it("carries a transaction out that was held back, after its caller has given up", async () => {
    const { client, etcd, toEtcd, runFor, settled } = setUp();
    toEtcd.cut();
    expect(await settled(client.transact([], [put("/a", "1")]))).toBe("INDETERMINATE");
    expect(etcd.state.get("/a")).toBeUndefined();
    toEtcd.heal();
    await runFor(100);
    expect(etcd.state.get("/a")?.value).toBe("1");
  });

  it("ends a lease that nobody keeps alive, with its keys, and not before its time", async () => {
    const { client, etcd, runFor, settled } = setUp();
    const lease = await settled(client.grantLease(900));
    const { leaseId, ttlMs } = lease as { leaseId: string; ttlMs: number };
    expect(ttlMs).toBe(1000);
    await settled(client.transact([], [{ ...put("/a", "1"), leaseId }]));
    await settled(client.keepLeaseAlive(leaseId));
    expect(etcd.state.get("/a")).toBeDefined();
    await runFor(1600);
    expect(etcd.state.get("/a")).toBeUndefined();
    expect(await settled(client.keepLeaseAlive(leaseId))).toBe("LEASE_EXPIRED");
  });

  it("gives leases their whole time again after a quorum was lost", async () => {
    const { client, etcd, runFor, settled } = setUp();
    const { leaseId } = (await settled(client.grantLease(1000))) as { leaseId: string };
    await settled(client.transact([], [{ ...put("/a", "1"), leaseId }]));
    etcd.loseQuorum();
    await runFor(10_000);
    expect(await settled(client.get("/a"))).toBe("STORE_UNAVAILABLE");
    etcd.regainQuorum();
    await runFor(900);
    expect(etcd.state.get("/a")).toBeDefined();
    await runFor(700);
    expect(etcd.state.get("/a")).toBeUndefined();
  });

  it("tells a watch every change from its revision on, in order, and ends it where the history is gone", async () => {
    const { client, etcd, fromEtcd, runFor } = setUp();
    const seen: string[] = [];
    const listener = {
      onChange: (revision: number, events: readonly StoreEvent[]) => seen.push(`${revision}:${events.length}`),
      onError: (error: Error) => seen.push((error as SluiceError).code),
    };
    etcd.transact([], [put("/a", "1")]);
    etcd.transact([], [put("/a", "2"), put("/b", "1")]);
    client.watch("/", 2, listener);
    await runFor(50);
    etcd.transact([], [put("/a", "3")]);
    await runFor(50);
    expect(seen).toEqual(["2:2", "3:1"]);
    fromEtcd.cut();
    etcd.transact([], [put("/a", "4")]);
    etcd.compact();
    await runFor(50);
    fromEtcd.heal();
    await runFor(50);
    expect(seen.at(-1)).toBe("REVISION_COMPACTED");
  });

  it("gives the leases of a backup their whole time again, and knows no later ones", async () => {
    const { client, etcd, runFor, settled } = setUp();
    const { leaseId } = (await settled(client.grantLease(2000))) as { leaseId: string };
    await settled(client.transact([], [{ ...put("/a", "1"), leaseId }]));
    const backup = etcd.backup();
    await runFor(4000);
    expect(etcd.state.get("/a")).toBeUndefined();
    const { leaseId: later } = (await settled(client.grantLease(60_000))) as { leaseId: string };
    etcd.restore(backup);
    expect(etcd.state.get("/a")).toMatchObject({ value: "1", leaseId });
    expect(await settled(client.keepLeaseAlive(later))).toBe("LEASE_EXPIRED");
    await runFor(3000);
    expect(etcd.state.get("/a")).toBeUndefined();
  });

  it("tells a watch that began after a restore nothing of what never was", async () => {
    const { client, etcd, runFor } = setUp();
    etcd.transact([], [put("/a", "1")]);
    const backup = etcd.backup();
    etcd.transact([], [put("/a", "2")]);
    etcd.restore(backup);
    const seen: number[] = [];
    client.watch("/", 2, { onChange: (revision) => seen.push(revision), onError: () => seen.push(-1) });
    await runFor(50);
    expect(seen).toEqual([]);
    etcd.transact([], [put("/b", "1")]);
    await runFor(50);
    expect(seen).toEqual([2]);
  });
});
