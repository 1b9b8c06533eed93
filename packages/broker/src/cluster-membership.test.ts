import { brokerKey } from "@sluice/cluster";
import { ImageWatcher, MemoryClusterStore } from "@sluice/coordination";
import { brokerId } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ClusterMembership } from "./cluster-membership.js";
import { silentLogger } from "./logging.js";

describe("ClusterMembership", () => {
  const clock = new VirtualClock();
  const random = new SeededRandom(1);
  let store: MemoryClusterStore;
  let images: ImageWatcher;
  let epochs: (number | undefined)[];
  /** Epochs of the lives that were recorded in the data directory. */
  let recorded: number[];
  const memberships: ClusterMembership[] = [];

  beforeEach(async () => {
    epochs = [];
    recorded = [];
    store = new MemoryClusterStore({ clock, random });
    images = new ImageWatcher(
      {
        onError: (error) => {
          throw error;
        },
      },
      { store, clock },
    );
    await images.start();
  });

  afterEach(async () => {
    for (const membership of memberships.splice(0)) await membership.close();
    images.close();
    await store.close();
  });

  function newMembership(): ClusterMembership {
    const membership = new ClusterMembership(
      {
        brokerId: brokerId(1),
        host: "h",
        port: 1,
        rack: "",
        leaseMs: 9000,
        groupOffsetsPartitions: 1,
        groupOffsetsBrokersMin: 1,
      },
      {
        store,
        images,
        clock,
        random,
        logger: silentLogger,
        recordLife: async (life) => void recorded.push(life.brokerEpoch),
        onBrokerEpoch: (epoch) => epochs.push(epoch),
      },
    );
    memberships.push(membership);
    return membership;
  }

  it("is registered from its start to its close", async () => {
    const membership = newMembership();
    expect(membership.isRegistered).toBe(false);
    await membership.start();
    const entry = await store.get(brokerKey(brokerId(1)));
    expect([membership.isRegistered, membership.brokerEpoch]).toEqual([true, entry?.createRevision]);
    await membership.close();
    expect(await store.get(brokerKey(brokerId(1)))).toBeUndefined();
    expect(epochs).toEqual([entry?.createRevision]);
  });

  it("leads nothing from the moment its lease is lost, and registers again under a new epoch", async () => {
    const membership = newMembership();
    await membership.start();
    const [first] = epochs as [number];
    const { leaseId } = (await store.get(brokerKey(brokerId(1)))) ?? {};
    await store.revokeLease(leaseId as string);
    clock.advance(3000);
    while (epochs.length < 3) await new Promise((resolve) => setImmediate(resolve));
    expect(epochs[1]).toBeUndefined();
    expect(epochs[2]).toBeGreaterThan(first);
    expect([membership.isRegistered, membership.brokerEpoch]).toEqual([true, epochs[2]]);
    expect(recorded).toEqual([first, epochs[2]]);
  });

  it("does not take the id of another process", async () => {
    await newMembership().start();
    const other = newMembership();
    await expect(other.start()).rejects.toMatchObject({ code: "BROKER_ID_TAKEN" });
    expect([other.isRegistered, other.brokerEpoch]).toEqual([false, undefined]);
  });
});
