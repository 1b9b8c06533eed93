import { brokerKey, formatBrokerValue, lastRegistrationKey } from "@sluice/cluster";
import { MemoryClusterStore } from "@sluice/coordination";
import { brokerId, isSluiceError } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { lastBrokerEpochOf, registerBroker, unfenceBroker } from "./broker-registration.js";
import { establishClusterId } from "./cluster-identity.js";

const id = brokerId(1);
const key = brokerKey(id);
const address = { host: "127.0.0.1", port: 9092, rack: "r1", listeners: { external: { host: "", port: 19_092 } } };

describe("registerBroker", () => {
  let clock: VirtualClock;
  let store: MemoryClusterStore;

  beforeEach(() => {
    clock = new VirtualClock();
    store = new MemoryClusterStore({ clock, random: new SeededRandom(1) });
  });

  it("writes the key under the lease and answers with its createRevision", async () => {
    const leaseId = await newLease();
    const brokerEpoch = await registerBroker(life("a", leaseId), { store });
    const entry = await store.get(key);
    expect(entry).toMatchObject({ createRevision: brokerEpoch, modRevision: brokerEpoch, leaseId });
    expect(entry?.value).toBe(formatBrokerValue({ incarnation: "a", ...address }));
    expect(await lastBrokerEpochOf(id, { store })).toBe(brokerEpoch);
  });

  it("refuses an id that another process holds, and gives it once that one's lease has run out", async () => {
    await registerBroker(life("a", await newLease(5000)), { store });
    const other = life("b", await newLease(60_000));
    const refused = registerBroker(other, { store });
    await expect(refused).rejects.toSatisfy((error) => isSluiceError(error, "BROKER_ID_TAKEN"));
    clock.advance(5000);
    const lastBrokerEpoch = await lastBrokerEpochOf(id, { store });
    const brokerEpoch = await registerBroker({ ...other, lastBrokerEpoch }, { store });
    expect(await store.get(key)).toMatchObject({ createRevision: brokerEpoch, leaseId: other.leaseId });
  });

  it("adopts its own registration when the answer was lost, without writing again", async () => {
    const mine = life("a", await newLease());
    const brokerEpoch = await registerBroker(mine, { store });
    expect(await registerBroker(mine, { store })).toBe(brokerEpoch);
    expect((await store.list("")).revision).toBe(brokerEpoch);
  });

  it("begins a new life under a new lease: another brokerEpoch", async () => {
    const before = await registerBroker(life("a", await newLease()), { store });
    const leaseId = await newLease();
    const after = await registerBroker(life("a", leaseId), { store });
    expect(after).toBeGreaterThan(before);
    expect(await store.get(key)).toMatchObject({ createRevision: after, leaseId });
  });

  it("registers again when the answer was lost and the lease is over, with which the registration went", async () => {
    const leaseId = await newLease();
    const lost = await registerBroker(life("a", leaseId), { store });
    await store.revokeLease(leaseId);
    expect(await registerBroker(life("a", await newLease()), { store })).toBeGreaterThan(lost);
  });

  it("does not register where another process had the id since: this disk may be the older one", async () => {
    const first = await newLease();
    const lastBrokerEpoch = await registerBroker(life("a", first), { store });
    await store.revokeLease(first);
    const second = await newLease();
    await registerBroker({ ...life("b", second), lastBrokerEpoch }, { store });
    await store.revokeLease(second);
    const refused = registerBroker({ ...life("a", await newLease()), lastBrokerEpoch }, { store });
    await expect(refused).rejects.toSatisfy((error) => isSluiceError(error, "BROKER_ID_TAKEN"));
  });

  it("does not register in a store that went back to before its last registration", async () => {
    const refused = registerBroker({ ...life("a", await newLease()), lastBrokerEpoch: 7 }, { store });
    await expect(refused).rejects.toSatisfy((error) => isSluiceError(error, "STORE_RESTORED"));
  });

  it("unfences the life that stands, once, and remembers it when the registration is gone", async () => {
    const leaseId = await newLease();
    const brokerEpoch = await registerBroker(life("a", leaseId), { store });
    const revision = await unfenceBroker({ id, brokerEpoch, leaseId }, { store });
    expect(revision).toBeGreaterThan(brokerEpoch);
    expect(await unfenceBroker({ id, brokerEpoch, leaseId }, { store })).toBe(revision);
    await store.revokeLease(leaseId);
    expect(await lastBrokerEpochOf(id, { store })).toBe(brokerEpoch);
    expect(await store.get(lastRegistrationKey(id))).toMatchObject({ modRevision: revision });
  });

  it("does not unfence a life that is over", async () => {
    const leaseId = await newLease();
    const brokerEpoch = await registerBroker(life("a", leaseId), { store });
    await store.revokeLease(leaseId);
    const refused = unfenceBroker({ id, brokerEpoch, leaseId }, { store });
    await expect(refused).rejects.toSatisfy((error) => isSluiceError(error, "LEASE_EXPIRED"));
  });

  it("fails under a lease that has expired", async () => {
    const leaseId = await newLease(1000);
    clock.advance(1000);
    const refused = registerBroker(life("a", leaseId), { store });
    await expect(refused).rejects.toSatisfy((error) => isSluiceError(error, "LEASE_EXPIRED"));
  });

  async function newLease(ttlMs = 10_000): Promise<string> {
    return (await store.grantLease(ttlMs)).leaseId;
  }

  function life(incarnation: string, leaseId: string): Parameters<typeof registerBroker>[0] {
    return { id, incarnation, ...address, leaseId, lastBrokerEpoch: undefined };
  }
});

describe("establishClusterId", () => {
  it("gives one id to all who ask at the same time, and to all who ask later", async () => {
    const store = new MemoryClusterStore({ clock: new VirtualClock(), random: new SeededRandom(1) });
    const asked = [1, 2, 3].map((seed) => establishClusterId({ store, random: new SeededRandom(seed) }));
    const ids = new Set(await Promise.all(asked));
    expect(ids.size).toBe(1);
    expect(ids).toContain(await establishClusterId({ store, random: new SeededRandom(4) }));
    expect([...ids][0]).toMatch(/^[0-9a-f-]{36}$/);
  });
});
