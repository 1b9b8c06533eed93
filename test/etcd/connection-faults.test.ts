/** What the network does between a broker and etcd: cuts, stalls, lost answers, half-open connections, delay. */

import { brokerKey, formatBrokerValue } from "@sluice/cluster";
import { BrokerLease, type ClusterStore, ImageWatcher, type StoreEvent } from "@sluice/coordination";
import { brokerId, isSluiceError, type SluiceError } from "@sluice/model";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { EtcdCluster } from "../support/etcd-process.js";
import { clock, openTestStore } from "../support/etcd-store.js";
import { TcpProxy } from "../support/tcp-proxy.js";

const eventually = { timeout: 20_000, interval: 10 };

let etcd: EtcdCluster;
let testCount = 0;
let prefix: string;
/** Two ways to the same etcd. */
let proxies: [TcpProxy, TcpProxy];
/** Goes straight to etcd. */
let direct: ClusterStore;

beforeAll(async () => {
  etcd = await EtcdCluster.start();
});
afterAll(() => etcd.dispose());

beforeEach(async () => {
  testCount += 1;
  prefix = `/test-${testCount}`;
  const port = etcd.members[0]?.port ?? 0;
  proxies = [await TcpProxy.start(port), await TcpProxy.start(port)];
  for (const proxy of proxies) onTestFinished(() => proxy.dispose());
  direct = await openTestStore({ endpoints: etcd.endpoints, prefix, callTimeoutMs: 3000 });
});

describe("transactions", () => {
  it("know their success though the answer was lost, and are carried out once", async () => {
    const store = await throughFirst();
    const { revision } = await direct.transact([], [{ type: "put", key: "a", value: "0" }]);
    await makeMarkLease(store);
    proxies[0].stall("toClient");
    const changing = store.transact(
      [{ key: "a", target: "modRevision", equals: revision }],
      [{ type: "put", key: "a", value: "1" }],
    );
    await vi.waitFor(async () => expect((await direct.get("a"))?.value).toBe("1"), eventually);
    await direct.transact([], [{ type: "put", key: "a", value: "2" }]);
    proxies[0].cut();
    proxies[0].resume();
    expect(await changing).toEqual({ succeeded: true, revision: revision + 2 });
    expect((await direct.get("a"))?.value).toBe("2");
  });

  it("are carried out once where the request was lost", async () => {
    const store = await throughFirst();
    await makeMarkLease(store);
    proxies[0].stall("toTarget");
    const creating = store.transact(
      [{ key: "a", target: "createRevision", equals: 0 }],
      [{ type: "put", key: "a", value: "1" }],
    );
    await vi.waitFor(() => expect(proxies[0].heldCount).toBeGreaterThan(0), eventually);
    proxies[0].cut();
    proxies[0].resume();
    const { succeeded, revision } = await creating;
    expect(succeeded).toBe(true);
    expect(await direct.get("a")).toMatchObject({ createRevision: revision, modRevision: revision });
  });

  it("have one winner and know it, while all connections of all writers are cut again and again", async () => {
    const stores = await Promise.all([throughFirst(), throughFirst(), throughFirst()]);
    await direct.transact([], [{ type: "put", key: "counter", value: "0" }]);
    let isOver = false;
    const cutting = (async () => {
      for (; !isOver; await passTime(15)) proxies[0].cut();
    })();
    const wins = await Promise.all(stores.map((store) => countUp(store, "counter", 30)));
    isOver = true;
    await cutting;
    const won = wins.reduce((sum, { known }) => sum + known, 0);
    const maybe = wins.reduce((sum, { unknown }) => sum + unknown, 0);
    const counted = Number((await direct.get("counter"))?.value);
    expect(won).toBe(90);
    expect(counted).toBeGreaterThanOrEqual(won);
    expect(counted).toBeLessThanOrEqual(won + maybe);
  });

  it("say INDETERMINATE, and reads STORE_UNAVAILABLE, when nobody answers for longer than patience lasts", async () => {
    const store = await throughFirst();
    await store.get("a");
    for (const proxy of proxies) proxy.stall("both");
    const refused = await Promise.all([
      errorOf(store.transact([], [{ type: "put", key: "a", value: "1" }])),
      errorOf(store.get("a")),
      errorOf(store.list("")),
      errorOf(store.grantLease(1000)),
    ]);
    expect(refused.map(({ code }) => code)).toEqual([
      "INDETERMINATE",
      "STORE_UNAVAILABLE",
      "STORE_UNAVAILABLE",
      "STORE_UNAVAILABLE",
    ]);
    expect(refused.every(({ retriable }) => retriable)).toBe(true);
    for (const proxy of proxies) proxy.resume();
    await vi.waitFor(async () => expect(await store.list("")).toBeDefined(), eventually);
  });

  it("go another way when the one in use falls silent", async () => {
    const store = await throughBoth();
    await store.get("a");
    const used = proxies.find(({ connectionCount }) => connectionCount > 0);
    used?.stall("both");
    await store.transact([], [{ type: "put", key: "a", value: "1" }]);
    expect(await store.get("a")).toMatchObject({ value: "1" });
  });

  it("are answered before closing ends, and what is tried again then ends with it", async () => {
    const store = await throughFirst();
    await store.get("a");
    proxies[0].stall("both");
    const waiting = errorOf(store.transact([], [{ type: "put", key: "a", value: "1" }]));
    await store.close();
    expect((await waiting).code).toBe("INDETERMINATE");
  });
});

describe("watches", () => {
  it("end with STORE_UNAVAILABLE at the first cut, and tell nothing after it", async () => {
    const store = await throughFirst();
    const { revision } = await direct.list("");
    const told: number[] = [];
    const errors: Error[] = [];
    store.watch("", revision + 1, {
      onChange: (at) => told.push(at),
      onError: (error) => errors.push(error),
    });
    await direct.transact([], [{ type: "put", key: "a", value: "1" }]);
    await vi.waitFor(() => expect(told).toHaveLength(1), eventually);
    proxies[0].cut();
    await vi.waitFor(() => expect(errors).toHaveLength(1), eventually);
    await direct.transact([], [{ type: "put", key: "a", value: "2" }]);
    await store.list("");
    expect(told).toHaveLength(1);
    expect(isSluiceError(errors[0], "STORE_UNAVAILABLE")).toBe(true);
  });

  it("end with STORE_UNAVAILABLE where etcd does not answer within the call timeout", async () => {
    const store = await throughFirst();
    proxies[0].stall("both");
    const error = await new Promise<Error>((resolve) => {
      store.watch("", 1, { onChange: () => {}, onError: resolve });
    });
    expect(isSluiceError(error, "STORE_UNAVAILABLE")).toBe(true);
  });

  it("leave no connection behind when they are cancelled", async () => {
    const store = await throughFirst();
    await store.get("a");
    const before = proxies[0].connectionCount;
    const watches = Array.from({ length: 5 }, () => store.watch("", 1, { onChange: () => {}, onError: () => {} }));
    await vi.waitFor(() => expect(proxies[0].connectionCount).toBe(before + 5), eventually);
    for (const watch of watches) watch.cancel();
    await vi.waitFor(() => expect(proxies[0].connectionCount).toBe(before), eventually);
  });
});

describe("the image", () => {
  it("lacks nothing of 2,500 changes made while it was cut off, and cut again in the middle of catching up", async () => {
    const images = await watchImages(await throughFirst());
    proxies[0].refuse(true);
    proxies[0].cut();
    await putBrokers(2500);
    // A little at a time, so that the next cut falls into the catching up.
    proxies[0].delay(5);
    proxies[0].refuse(false);
    await vi.waitFor(() => expect(proxies[0].connectionCount).toBeGreaterThan(0), eventually);
    await passTime(20);
    proxies[0].cut();
    proxies[0].delay(0);
    await vi.waitFor(() => expect(images.image.brokers.size).toBe(2500), eventually);
  });

  it("is right after a compaction while it was cut off", async () => {
    const images = await watchImages(await throughFirst());
    proxies[0].refuse(true);
    proxies[0].cut();
    await putBrokers(10);
    await direct.transact([], [{ type: "delete", key: brokerKey(brokerId(3)) }]);
    await compact();
    proxies[0].refuse(false);
    await vi.waitFor(() => expect(images.image.brokers.size).toBe(9), eventually);
  });

  it("shows every revision of a stream of changes, in order, through delay and many cuts", async () => {
    const images = await watchImages(await throughBoth());
    const revisions: number[] = [];
    images.subscribe(({ revision }) => revisions.push(revision));
    for (const proxy of proxies) proxy.delay(3);
    for (let round = 0; round < 10; round += 1) {
      await putBrokers(20, round * 20);
      for (const proxy of proxies) proxy.cut();
    }
    await vi.waitFor(() => expect(images.image.brokers.size).toBe(200), eventually);
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
  });
});

describe("a broker's lease", () => {
  it("is past its deadline before etcd gives up its keys, when nothing gets through any more", async () => {
    const store = await throughBoth();
    const lease = await startLease(store, { ttlMs: 2000 });
    await store.transact([], [{ type: "put", key: "mine", value: "x", leaseId: lease.leaseId }]);
    const { revision } = await direct.list("");
    for (const proxy of proxies) proxy.stall("both");
    const goneAfterDeadline = await new Promise<boolean>((resolve) => {
      direct.watch("mine", revision, {
        onChange: (_, events) => {
          if (events.some(isDelete)) resolve(!lease.isWithinDeadline());
        },
        onError: () => resolve(false),
      });
    });
    expect(goneAfterDeadline).toBe(true);
  });

  it("knows at once after a stall of three lease times that it is past its deadline", async () => {
    const lease = await startLease(await throughBoth(), { ttlMs: 1000 });
    expect(lease.isWithinDeadline()).toBe(true);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);
    expect(lease.isWithinDeadline()).toBe(false);
  });

  it("survives stalls of a third of its time, each with a cut of every connection", async () => {
    const lost: SluiceError[] = [];
    const lease = await startLease(await throughBoth(), { ttlMs: 3000, lost });
    for (let round = 0; round < 5; round += 1) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
      for (const proxy of proxies) proxy.cut();
      const renewedSinceMs = clock.monotonicMs() + 3000 * 0.9 - 200;
      await vi.waitFor(() => expect(lease.deadlineMs).toBeGreaterThan(renewedSinceMs), eventually);
    }
    expect(lost).toEqual([]);
  });

  it("does not trust a watch that is half open, and has it replaced before the lease is over", async () => {
    const store = await throughFirst({ endpoints: [proxies[0], proxies[1]] });
    const lost: SluiceError[] = [];
    const lease = await startLease(store, { ttlMs: 3000, lost });
    // The way in use, of the watch as of the calls; calls find the other way.
    const used = proxies.find(({ connectionCount }) => connectionCount > 1);
    used?.stall("toClient");
    const { deadlineMs } = lease;
    await vi.waitFor(() => expect(lease.deadlineMs).toBeGreaterThan(deadlineMs), eventually);
    expect(lost).toEqual([]);
  });
});

function throughFirst({ endpoints = [proxies[0]] }: { endpoints?: readonly TcpProxy[] } = {}): Promise<ClusterStore> {
  return openTestStore({ endpoints: endpoints.map(({ port }) => `http://127.0.0.1:${port}`), prefix });
}

function throughBoth(): Promise<ClusterStore> {
  return throughFirst({ endpoints: proxies });
}

async function watchImages(store: ClusterStore): Promise<ImageWatcher> {
  const images = new ImageWatcher({ onError: () => undefined }, { store, clock });
  onTestFinished(() => images.close());
  await images.start();
  return images;
}

async function startLease(
  store: ClusterStore,
  { ttlMs, lost = [] }: { readonly ttlMs: number; readonly lost?: SluiceError[] },
): Promise<BrokerLease> {
  const images = await watchImages(store);
  const onLost = (error: SluiceError): void => void lost.push(error);
  const options = { brokerId: brokerId(1), ttlMs, onLost, onKeepAliveFailed: () => undefined };
  const lease = new BrokerLease(options, { store, images, clock });
  await lease.start();
  onTestFinished(async () => {
    // There may be no way to etcd at the end of the test; the lease runs out by itself.
    await lease.close().catch(() => undefined);
  });
  return lease;
}

/** One revision each. */
async function putBrokers(count: number, firstId = 0): Promise<void> {
  const ids = Array.from({ length: count }, (_, index) => brokerId(firstId + index));
  for (let at = 0; at < count; at += 50) {
    const some = ids.slice(at, at + 50);
    await Promise.all(some.map((id) => direct.transact([], [{ type: "put", key: brokerKey(id), value: aBroker }])));
  }
}

/** The first transaction with compares asks for a lease before it is sent: not what the test is about. */
async function makeMarkLease(store: ClusterStore): Promise<void> {
  await store.transact(
    [{ key: "other", target: "createRevision", equals: 0 }],
    [{ type: "put", key: "other", value: "" }],
  );
}

const aBroker = formatBrokerValue({ incarnation: "a", host: "127.0.0.1", port: 9092, listeners: {}, rack: "" });

/** Adds 1 by compare-and-set, that many times. `unknown`: tries whose outcome was not told. */
async function countUp(store: ClusterStore, key: string, times: number): Promise<{ known: number; unknown: number }> {
  let known = 0;
  let unknown = 0;
  while (known < times) {
    try {
      const entry = await store.get(key);
      const { succeeded } = await store.transact(
        [{ key, target: "modRevision", equals: entry?.modRevision ?? 0 }],
        [{ type: "put", key, value: String(Number(entry?.value) + 1) }],
      );
      if (succeeded) known += 1;
    } catch (error) {
      if (isSluiceError(error, "INDETERMINATE")) unknown += 1;
      else if (!isSluiceError(error, "STORE_UNAVAILABLE")) throw error;
    }
  }
  return { known, unknown };
}

async function compact(): Promise<void> {
  const { header } = await etcd.client.kv.range({ key: Buffer.from("any") });
  await etcd.client.kv.compact({ revision: header.revision });
}

async function errorOf(call: Promise<unknown>): Promise<SluiceError> {
  return call.then(
    () => Promise.reject(new Error("it did not fail")),
    (error: SluiceError) => error,
  );
}

function isDelete(event: StoreEvent): boolean {
  return event.type === "delete";
}

function passTime(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
