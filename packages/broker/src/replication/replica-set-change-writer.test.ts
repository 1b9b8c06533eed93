import {
  brokerKey,
  formatBrokerValue,
  formatPartitionValue,
  formatTopicValue,
  type PartitionValue,
  parsePartitionValue,
  partitionKey,
  topicKey,
} from "@sluice/cluster";
import { type ClusterStore, ImageWatcher, MemoryClusterStore, type TransactionResult } from "@sluice/coordination";
import { brokerId, leaderEpoch, SluiceError, topicName } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import type { ReplicaSets } from "@sluice/replication";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../logging.js";
import { replicaName } from "../testing/replica-fakes.js";
import { ReplicaSetChangeWriter } from "./replica-set-change-writer.js";
import type { ReplicaSetsChange } from "./replica-set-changes.js";

const self = brokerId(1);
const { topicId } = replicaName(1);
const partitionCount = 200;
const epoch = leaderEpoch(3);

let clock: VirtualClock;
let store: ClusterStore;
let images: ImageWatcher;
let writer: ReplicaSetChangeWriter;
let brokerEpoch: number | undefined;
/** Registrations of the brokers, by id. */
let registrations: Map<number, number>;
/** Transactions that reached the store, and what becomes of each: an error, before or after it is applied. */
let transactions = 0;
let fate: (count: number) => "answered" | "lost" | "notDone";
/** What the writer said, by partition. */
let told: Map<number, ReplicaSets | "refused">;

beforeEach(async () => {
  clock = new VirtualClock();
  store = new MemoryClusterStore({ clock, random: new SeededRandom(1) });
  transactions = 0;
  fate = () => "answered";
  told = new Map();
  registrations = new Map();
  for (const id of [1, 2, 3]) registrations.set(id, await register(id));
  brokerEpoch = registrations.get(1);
  for (let partition = 0; partition < partitionCount; partition += 1) await put(partition, {});
  const topic = { id: topicId, partitions: partitionCount, configs: {} };
  await putKey(topicKey(topicName("flights")), formatTopicValue(topic));
  images = new ImageWatcher({ onError: () => undefined }, { store, clock });
  await images.start();
  const dependencies = { store: { get: (key: string) => store.get(key), transact }, images, clock };
  writer = new ReplicaSetChangeWriter(
    { brokerId: self },
    { ...dependencies, logger: silentLogger, brokerEpoch: () => brokerEpoch },
  );
});

afterEach(async () => {
  writer.close();
  images.close();
  await store.close();
});

async function transact(...request: Parameters<ClusterStore["transact"]>): Promise<TransactionResult> {
  transactions += 1;
  const becomes = fate(transactions);
  const lost = new SluiceError("STORE_UNAVAILABLE", { endpoints: "tests", reason: "no answer" });
  if (becomes === "notDone") throw lost;
  const result = await store.transact(...request);
  if (becomes === "lost") throw lost;
  return result;
}

async function putKey(key: string, value: string): Promise<number> {
  return (await store.transact([], [{ type: "put", key, value }])).revision;
}

function register(id: number): Promise<number> {
  const value = { incarnation: "a", host: "127.0.0.1", port: 9000 + id, rack: "", listeners: {} };
  return putKey(brokerKey(brokerId(id)), formatBrokerValue(value));
}

/** Broker 1 leads, all are in sync, unless said otherwise. */
function put(partition: number, changed: Partial<PartitionValue>): Promise<number> {
  const value: PartitionValue = {
    leader: self,
    leaderBrokerEpoch: registrations.get(1) ?? 0,
    leaderEpoch: epoch,
    inSyncReplicas: [1, 2, 3].map(brokerId),
    eligibleLeaderReplicas: [],
    lastEligibleLeaderReplicas: [],
    replicas: [1, 2, 3].map(brokerId),
    addingReplicas: [],
    removingReplicas: [],
    ...changed,
  };
  return putKey(partitionKey(topicId, partition), formatPartitionValue(value));
}

async function stored(partition: number): Promise<PartitionValue & { readonly version: number }> {
  const key = partitionKey(topicId, partition);
  const entry = await store.get(key);
  if (entry === undefined) throw new Error(`no partition ${partition}`);
  return { ...parsePartitionValue(key, entry.value), version: entry.modRevision };
}

function versionOf(partition: number): number {
  return images.image.topicsById.get(topicId)?.partitions[partition]?.version ?? 0;
}

/** Broker 3 leaves the in-sync replicas of that partition. */
function propose(partition: number, changed: Partial<ReplicaSetsChange> = {}): void {
  const change: ReplicaSetsChange = {
    topicId,
    partition,
    leaderEpoch: epoch,
    version: versionOf(partition),
    inSyncReplicas: [1, 2],
    eligibleLeaderReplicas: [],
    lastEligibleLeaderReplicas: [],
    added: [],
    ...changed,
  };
  writer.propose(change, {
    onTaken: (leaderEpochThen, replicaSets) => {
      expect([leaderEpochThen, told.has(partition)]).toEqual([epoch, false]);
      told.set(partition, replicaSets);
    },
    onRefused: (leaderEpochThen, version) => {
      expect([leaderEpochThen, version, told.has(partition)]).toEqual([epoch, change.version, false]);
      told.set(partition, "refused");
    },
  });
}

async function settle(): Promise<void> {
  for (let i = 0; i < 2_000; i += 1) await Promise.resolve();
}

describe("a change", () => {
  it("is taken, and told with the version that it has now", async () => {
    propose(7);
    await settle();
    const { version, inSyncReplicas } = await stored(7);
    expect(inSyncReplicas).toEqual([1, 2]);
    expect(told.get(7)).toMatchObject({ version, inSyncReplicas: [1, 2], replicas: [1, 2, 3] });
  });

  it("of a partition that has another leader by now is refused without asking the store", async () => {
    const version = versionOf(7);
    await put(7, { leader: brokerId(2), leaderEpoch: leaderEpoch(4) });
    await settle();
    propose(7, { version });
    await settle();
    expect([told.get(7), transactions]).toEqual(["refused", 0]);
  });

  it("of a partition that has changed in the same epoch is told what the store holds", async () => {
    propose(7);
    const version = await put(7, { inSyncReplicas: [brokerId(1)] });
    await settle();
    expect(told.get(7)).toMatchObject({ version, inSyncReplicas: [1] });
  });

  it("of a partition to which this broker was elected anew is refused: that is another epoch", async () => {
    propose(7);
    await put(7, { leaderEpoch: leaderEpoch(4) });
    await settle();
    expect(told.get(7)).toBe("refused");
  });

  it("that adds a replica whose registration is over is refused: nothing newer is there", async () => {
    await store.transact([], [{ type: "delete", key: brokerKey(brokerId(3)) }]);
    propose(7, { inSyncReplicas: [1, 2, 3], added: [{ replica: 3, brokerEpoch: registrations.get(3) ?? 0 }] });
    await settle();
    expect(told.get(7)).toBe("refused");
  });

  it("of a broker without a registration is refused", async () => {
    brokerEpoch = undefined;
    propose(7);
    await settle();
    expect([told.get(7), transactions]).toEqual(["refused", 0]);
  });

  it("of a topic that was deleted is refused", async () => {
    propose(7);
    await store.transact([], [{ type: "delete", key: partitionKey(topicId, 7) }]);
    await settle();
    expect(told.get(7)).toBe("refused");
  });

  it("that was decided from what the image does not show yet waits for it", async () => {
    const version = (await stored(7)).version + 1_000;
    propose(7, { version });
    await settle();
    expect(told.size).toBe(0);
    for (let i = 0; i < 1_000; i += 1) await putKey("/sluice/other", String(i));
    await settle();
    expect(told.get(7)).toBe("refused");
  });
});

describe("many changes", () => {
  it("go in few transactions", async () => {
    for (let partition = 0; partition < partitionCount; partition += 1) propose(partition);
    await settle();
    expect(told.size).toBe(partitionCount);
    expect([...told.values()].every((outcome) => outcome !== "refused" && outcome.inSyncReplicas.length === 2)).toBe(
      true,
    );
    expect(transactions).toBeLessThan(5);
  });

  it("are taken but for the one that is refused", async () => {
    for (let partition = 0; partition < 20; partition += 1) propose(partition);
    await put(5, { leader: brokerId(2), leaderEpoch: leaderEpoch(4) });
    await settle();
    expect([...told].filter(([, outcome]) => outcome === "refused").map(([partition]) => partition)).toEqual([5]);
    expect(told.size).toBe(20);
    expect((await stored(6)).inSyncReplicas).toEqual([1, 2]);
  });

  it("that come while the store is busy are not held up by what it does not answer", async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const original = store.transact.bind(store);
    store.transact = async (...request) => {
      if (transactions === 1) await held;
      return original(...request);
    };
    propose(1);
    await settle();
    propose(2);
    await settle();
    expect([told.has(1), told.has(2)]).toEqual([false, true]);
    release();
    await settle();
    expect(told.get(1)).toMatchObject({ inSyncReplicas: [1, 2] });
  });
});

describe("an outcome that is not known", () => {
  it.each(["lost", "notDone"] as const)("(%s) is found out by sending the same again", async (becomes) => {
    fate = (count) => (count <= 3 ? becomes : "answered");
    for (const partition of [7, 8]) propose(partition);
    await settle();
    expect(told.size).toBe(0);
    for (let i = 0; i < 20; i += 1) {
      clock.advance(100);
      await settle();
    }
    for (const partition of [7, 8]) {
      const { version } = await stored(partition);
      expect(told.get(partition)).toMatchObject({ version, inSyncReplicas: [1, 2] });
    }
  });

  it("is that of another writer, where that one was first", async () => {
    fate = (count) => (count === 1 ? "notDone" : "answered");
    propose(7);
    await settle();
    const version = await put(7, { inSyncReplicas: [1, 3].map(brokerId) });
    clock.advance(100);
    await settle();
    expect(told.get(7)).toMatchObject({ version, inSyncReplicas: [1, 3] });
  });

  it("is told to nobody after closing", async () => {
    const { timerCount } = clock;
    fate = () => "notDone";
    propose(7);
    await settle();
    writer.close();
    await settle();
    expect([told.size, clock.timerCount]).toEqual([0, timerCount]);
  });
});
