import {
  brokerKey,
  formatPartitionValue,
  formatTopicValue,
  type LossyReplica,
  partitionKey,
  topicKey,
} from "@sluice/cluster";
import { ImageWatcher, MemoryClusterStore } from "@sluice/coordination";
import { brokerId, leaderEpoch, topicId, topicName } from "@sluice/model";
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
  let lossy: LossyReplica[];
  /** Of which it was told that nothing counts on them any more. */
  let confirmed: LossyReplica[];
  /** What `whenTrusted` says. */
  let trusted: (signal: AbortSignal) => Promise<void>;
  /** Codes of what it was told when the store had been restored. */
  let restored: string[];
  const memberships: ClusterMembership[] = [];

  beforeEach(async () => {
    epochs = [];
    recorded = [];
    lossy = [];
    confirmed = [];
    trusted = async () => undefined;
    restored = [];
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

  function newMembership(lastBrokerEpoch?: number): ClusterMembership {
    const membership = new ClusterMembership(
      {
        brokerId: brokerId(1),
        host: "h",
        port: 1,
        listeners: {},
        rack: "",
        leaseMs: 9000,
        idWaitMsMax: 0,
        lastBrokerEpoch,
        groupOffsetsPartitions: 1,
        groupOffsetsBrokersMin: 1,
        defaultReplicationFactor: 1,
        uncleanRecoveryWaitMs: 30_000,
      },
      {
        store,
        images,
        clock,
        random,
        logger: silentLogger,
        recordLife: async (life) => void recorded.push(life.brokerEpoch),
        lossyReplicas: async () => lossy,
        onExcluded: async (excluded) => void confirmed.push(...excluded),
        whenTrusted: (signal) => trusted(signal),
        onStoreRestored: (error) => restored.push(error.code),
        onBrokerEpoch: (epoch) => epochs.push(epoch),
        standsIn: () => false,
        inquire: async () => [],
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

  it("says so where the store has forgotten the registration that it was to follow", async () => {
    const membership = newMembership(1_000_000);
    await expect(membership.start()).rejects.toMatchObject({ code: "STORE_RESTORED" });
    expect(restored).toEqual(["STORE_RESTORED"]);
    expect(membership.brokerEpoch).toBeUndefined();
  });

  it("is unfenced, and told that it takes part, after its lossy replicas are out of sync and not before", async () => {
    const id = topicId("00000000-0000-4000-8000-000000000001");
    const key = partitionKey(id, 0);
    const partition = {
      leader: brokerId(1),
      leaderBrokerEpoch: 1,
      leaderEpoch: leaderEpoch(4),
      inSyncReplicas: [brokerId(1), brokerId(2)],
      eligibleLeaderReplicas: [],
      lastEligibleLeaderReplicas: [],
      replicas: [brokerId(1), brokerId(2)],
      addingReplicas: [],
      removingReplicas: [],
    };
    const topic = { id, partitions: 1, configs: {} };
    await store.transact(
      [],
      [
        { type: "put", key, value: formatPartitionValue(partition) },
        { type: "put", key: topicKey(topicName("t")), value: formatTopicValue(topic) },
      ],
    );
    lossy = [{ topicId: id, partition: 0 }];
    const fencedWhenExcluded: boolean[] = [];
    images.subscribe(({ topicsById, brokers }) => {
      const isExcluded = topicsById.get(id)?.partitions[0]?.inSyncReplicas.includes(brokerId(1)) === false;
      const registration = brokers.get(brokerId(1));
      if (isExcluded && registration !== undefined) fencedWhenExcluded.push(!registration.isActive);
    });
    const membership = newMembership();
    await membership.start();
    expect(fencedWhenExcluded[0]).toBe(true);
    expect(confirmed).toEqual(lossy);
    const after = images.image.topicsById.get(id)?.partitions[0];
    expect(after).toMatchObject({ leader: undefined, leaderEpoch: 5, inSyncReplicas: [2] });
    await images.waitFor(({ brokers }) => brokers.get(brokerId(1))?.isActive === true);
    expect(membership.isActive).toBe(true);
  });

  it("stays fenced until the store can be trusted, and waits anew in the next life where its lease is lost", async () => {
    const waiting: (() => void)[] = [];
    trusted = (signal) => {
      return new Promise((resolve, reject) => {
        waiting.push(resolve);
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      });
    };
    const membership = newMembership();
    const started = membership.start();
    const lost = expect(started).rejects.toMatchObject({ code: "LEASE_EXPIRED" });
    await images.waitFor(({ brokers }) => brokers.has(brokerId(1)));
    while (waiting.length < 1) await new Promise((resolve) => setImmediate(resolve));
    expect([membership.isRegistered, membership.isActive]).toEqual([true, false]);
    const { leaseId } = (await store.get(brokerKey(brokerId(1)))) ?? {};
    await store.revokeLease(leaseId as string);
    clock.advance(3000);
    await lost;
    const again = membership.start();
    while (waiting.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(epochs).toEqual([]);
    waiting[1]?.();
    await again;
    expect([membership.isActive, epochs]).toEqual([true, [membership.brokerEpoch]]);
  });

  it("does not take the id of another process", async () => {
    const first = newMembership();
    await first.start();
    const other = newMembership(first.brokerEpoch);
    await expect(other.start()).rejects.toMatchObject({ code: "BROKER_ID_TAKEN" });
    expect([other.isRegistered, other.brokerEpoch]).toEqual([false, undefined]);
  });
});
