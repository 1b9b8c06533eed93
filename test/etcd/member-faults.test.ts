/** What happens to an etcd of three members: one killed, the leader killed, one paused, no majority, all restarted. */

import { brokerKey, formatBrokerValue } from "@sluice/cluster";
import { type ClusterStore, ImageWatcher } from "@sluice/coordination";
import { brokerId, isSluiceError, type SluiceError } from "@sluice/model";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { EtcdCluster, type EtcdMemberProcess } from "../support/etcd-process.js";
import { clock, openTestStore } from "../support/etcd-store.js";

const eventually = { timeout: 30_000, interval: 20 };

let etcd: EtcdCluster;
let store: ClusterStore;
let images: ImageWatcher;
let testCount = 0;

beforeAll(async () => {
  etcd = await EtcdCluster.start({ members: 3 });
});
afterAll(() => etcd.dispose());

beforeEach(async () => {
  testCount += 1;
  store = await openTestStore({ endpoints: etcd.endpoints, prefix: `/test-${testCount}`, callTimeoutMs: 1000 });
  images = new ImageWatcher({ onError: () => undefined }, { store, clock });
  onTestFinished(() => images.close());
  await images.start();
});
afterEach(async () => {
  for (const member of etcd.members) {
    member.resume();
    if (!member.isRunning) member.start();
  }
  await etcd.untilHealthy();
});

it("goes on while any one member is down", async () => {
  for (const [index, member] of etcd.members.entries()) {
    await member.kill();
    await untilPut(index);
    await vi.waitFor(() => expect(images.image.brokers.has(brokerId(index))).toBe(true), eventually);
    member.start();
    await etcd.untilHealthy();
  }
});

it("goes on after the death of etcd's leader, and no transaction is carried out twice or lost", async () => {
  let revision = await putCounter(0, 1);
  const leader = await leaderOf();
  for (let count = 2; count <= 60; count += 1) {
    if (count === 10) await leader.kill();
    revision = await putCounter(revision, count);
  }
  expect(await store.get("counter")).toMatchObject({ value: "60", modRevision: revision });
});

it("finds another member when the one in use is paused", async () => {
  const { revision } = await store.list("");
  const told: number[] = [];
  // Each watch begins at the member in use.
  store.watch("", revision + 1, { onChange: (at) => told.push(at), onError: () => undefined });
  for (const [index, member] of etcd.members.entries()) {
    member.pause();
    await untilPut(index);
    member.resume();
    await etcd.untilHealthy();
  }
  await vi.waitFor(() => expect(images.image.brokers.size).toBe(3), eventually);
});

it("refuses without a majority, ends the watches, and goes on by itself when there is one again", async () => {
  // The survivor's connection stands, and it has nothing more to tell.
  const survivor = await openTestStore({ endpoints: etcd.endpoints.slice(2), prefix: `/test-${testCount}` });
  const { revision } = await survivor.list("");
  const told: number[] = [];
  const ended = new Promise<Error>((resolve) => {
    survivor.watch("", revision + 1, { onChange: (at) => told.push(at), onError: resolve });
  });
  await untilPut(6);
  await vi.waitFor(() => expect(told).toHaveLength(1), eventually);
  const [first, second] = [etcd.members[0] as EtcdMemberProcess, etcd.members[1] as EtcdMemberProcess];
  await Promise.all([first.kill(), second.kill()]);
  const failures = await Promise.all([
    errorOf(store.transact([absent("a")], [{ type: "put", key: "a", value: "1" }])),
    errorOf(store.get("a")),
    errorOf(store.grantLease(2000)),
  ]);
  expect(failures[0]?.retriable).toBe(true);
  expect(failures.slice(1).map(({ code }) => code)).toEqual(["STORE_UNAVAILABLE", "STORE_UNAVAILABLE"]);
  expect(isSluiceError(await ended, "STORE_UNAVAILABLE")).toBe(true);
  first.start();
  second.start();
  await etcd.untilHealthy();
  await untilPut(7);
  await vi.waitFor(() => expect(images.image.brokers.has(brokerId(7))).toBe(true), eventually);
});

it("keeps leases, and shows the image as it is, after a restart of all members", async () => {
  const { leaseId } = await store.grantLease(20_000);
  await store.transact([], [putBroker(1, leaseId)]);
  await Promise.all(etcd.members.map((member) => member.kill()));
  for (const member of etcd.members) member.start();
  await etcd.untilHealthy();
  await vi.waitFor(() => store.keepLeaseAlive(leaseId), eventually);
  await untilPut(2);
  await vi.waitFor(() => expect([...images.image.brokers.keys()]).toEqual([1, 2]), eventually);
});

async function leaderOf(): Promise<EtcdMemberProcess> {
  const { leader } = await etcd.client.maintenance.status();
  const { members } = await etcd.client.cluster.memberList({});
  const [url] = members.find(({ ID }) => ID === leader)?.clientURLs ?? [];
  const process = etcd.members.find((_, index) => etcd.endpoints[index] === url);
  if (process === undefined) throw new Error(`etcd has no leader that is known here: ${leader}`);
  return process;
}

/** Counts up by compare-and-set; returns the new revision. An outcome that is not known is asked for again, as the port says. */
async function putCounter(revision: number, count: number): Promise<number> {
  for (;;) {
    try {
      const result = await store.transact(
        [{ key: "counter", target: "modRevision", equals: revision }],
        [{ type: "put", key: "counter", value: `${count}` }],
      );
      expect(result.succeeded).toBe(true);
      return result.revision;
    } catch (error) {
      if (!isSluiceError(error, "STORE_UNAVAILABLE")) throw error;
    }
  }
}

/** Puts a broker, however often it takes. */
async function untilPut(id: number): Promise<void> {
  await vi.waitFor(() => store.transact([], [putBroker(id)]), eventually);
}

function putBroker(
  id: number,
  leaseId?: string,
): { type: "put"; key: string; value: string; leaseId: string | undefined } {
  const value = formatBrokerValue({ incarnation: "a", host: "127.0.0.1", port: 9092, listeners: {}, rack: "" });
  return { type: "put", key: brokerKey(brokerId(id)), value, leaseId };
}

function absent(key: string): { key: string; target: "createRevision"; equals: number } {
  return { key, target: "createRevision", equals: 0 };
}

function errorOf(call: Promise<unknown>): Promise<SluiceError> {
  return call.then(
    () => Promise.reject(new Error("it did not fail")),
    (error: SluiceError) => error,
  );
}
