/** What the registry does with partitions that have more than one replica, beside replicating them. */

import type { TopicImage } from "@sluice/cluster";
import { MemoryFileSystem } from "@sluice/log/testing";
import { brokerId, leaderEpoch, offset } from "@sluice/model";
import { SeededRandom } from "@sluice/model/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ReplicaDescription, ReplicaName, ReplicaSender } from "../replication/replica-access.js";
import type { ReplicaSetsChange } from "../replication/replica-set-changes.js";
import { brokerEpochOfTests, idOf, imageOf } from "../testing/image-of.js";
import { loneBroker } from "../testing/lone-broker.js";
import { batchOf, KeepingSink, RegistryFixture } from "../testing/registry-fixture.js";
import type { PartitionRuntime } from "./partition-runtime.js";

const replicas = [1, 2, 3];

describe("PartitionRegistry with replicas", () => {
  let fixture: RegistryFixture;
  let proposed: ReplicaSetsChange[];
  let isWithinDeadline: boolean;
  let heard: Set<number>;

  beforeEach(async () => {
    proposed = [];
    isWithinDeadline = true;
    heard = new Set();
    fixture = await RegistryFixture.open(new MemoryFileSystem(new SeededRandom(1)), {
      ...loneBroker,
      replicaSetsChanges: { propose: (change) => proposed.push(change) },
      isWithinDeadline: () => isWithinDeadline,
      isHeardFrom: (broker) => heard.has(broker),
    });
  });
  afterEach(() => fixture.close());

  function led(topic = "a"): PartitionRuntime {
    return fixture.registry.ledOrThrow(topic, 0);
  }

  function produce(acks: "all" | "leader" | "none"): KeepingSink {
    const sink = new KeepingSink();
    led().startProduce({ batch: batchOf(fixture.clock, "x"), acks, clientEpoch: undefined }, sink);
    return sink;
  }

  async function partitionsOnDisk(): Promise<number> {
    return (await fixture.logDirectory.partitions()).length;
  }

  it("opens the logs of all its replicas, whoever leads them", async () => {
    await fixture.settle(
      { name: "a", replicas },
      { name: "b", replicas, leader: 2 },
      { name: "c", replicas, leader: null },
    );
    expect(await partitionsOnDisk()).toBe(3);
    expect([...fixture.registry.describeReplicas()]).toHaveLength(3);
    expect(fixture.registry.totals()).toMatchObject({ led: 1, offline: 0 });
  });

  it("tells which replicas have failed with the disk, but for those that are the only ones", async () => {
    let told = 0;
    fixture.registry.onReplicaFailed = () => {
      told += 1;
    };
    await fixture.settle({ name: "a", replicas }, { name: "b", replicas, leader: 2 }, { name: "c" });
    expect([told, fixture.registry.failedReplicas()]).toEqual([0, []]);
    fixture.fileSystem.failAlways("syncData", "EIO");
    await produce("all").settled();
    expect(told).toBeGreaterThan(0);
    const failed = fixture.registry.failedReplicas();
    expect(failed).toEqual(["a", "b"].map((name) => ({ topicId: idOf({ name }), partition: 0 })));
  });

  it("reports what a replica may have lost also where the topic was made with one replica, and has got more since", async () => {
    const image = (revision: number, ...all: number[]) =>
      imageOf(revision, [{ name: "a", replicas: all, config: { flush: "os" } }]);
    fixture.registry.apply(image(1, 1), brokerEpochOfTests);
    await fixture.registry.settled();
    await produce("leader").settled();
    const restarted = await RegistryFixture.open(fixture.fileSystem.crash(), loneBroker);
    restarted.registry.apply(image(2, ...replicas), brokerEpochOfTests);
    expect(await restarted.registry.lossyReplicas()).toEqual([{ topicId: idOf({ name: "a" }), partition: 0 }]);
    await restarted.close();
    fixture = await RegistryFixture.open(new MemoryFileSystem(new SeededRandom(1)), loneBroker);
  });

  it("makes a quarantined replica anew once it was moved away and back", async () => {
    const sketch = { name: "a", leader: 2 };
    await fixture.settle({ name: "a", replicas: [1] });
    await produce("all").settled();
    await fixture.close();
    const { fileSystem } = fixture;
    const directory = `/data/${idOf({ name: "a" })}-0`;
    const segment = (await fileSystem.list(directory)).find((name) => name.endsWith(".log"));
    fileSystem.truncateTo(`${directory}/${segment}`, 0);
    fixture = await RegistryFixture.open(fileSystem, loneBroker);
    await fixture.settle({ ...sketch, replicas, leaderEpoch: 1 });
    const [offline] = fixture.registry.offlineReplicas();
    expect(offline).toMatchObject({ topic: "a", partition: 0, isReplicated: true });
    expect(offline?.failure.code).toBe("PARTITION_QUARANTINED");
    fixture.others = [2, 3];
    await fixture.settle({ ...sketch, replicas: [2, 3], leaderEpoch: 1 });
    expect(await partitionsOnDisk()).toBe(0);
    await fixture.settle({ ...sketch, replicas, leaderEpoch: 1 });
    expect(fixture.registry.offlineReplicas()).toEqual([]);
    expect([...fixture.registry.describeReplicas()]).toMatchObject([{ logEndOffset: 0 }]);
  });

  it("tells that a replica has stopped for a defect", async () => {
    let told = 0;
    fixture.registry.onReplicaFailed = () => {
      told += 1;
    };
    // A leader that is not in sync.
    const image = imageOf(1, [{ name: "a", replicas }]);
    const [topic] = image.topics.values();
    const partitions = topic?.partitions.map((one) => ({ ...one, inSyncReplicas: [brokerId(2)] })) ?? [];
    const broken = { ...topic, partitions } as TopicImage;
    const topics = { topics: new Map([[broken.name, broken]]), topicsById: new Map([[broken.id, broken]]) };
    fixture.registry.apply({ ...image, ...topics }, brokerEpochOfTests);
    await fixture.registry.settled();
    expect([told, fixture.registry.failedReplicas()]).toEqual([1, [{ topicId: broken.id, partition: 0 }]]);
  });

  it("removes a replica that an image gives to others, and makes it anew when it comes back", async () => {
    await fixture.settle({ name: "a", replicas, leaderEpoch: 1 });
    const sink = produce("leader");
    await sink.settled();
    fixture.others = [2, 3];
    fixture.apply({ name: "a", replicas: [2, 3], leader: 2, leaderEpoch: 2 });
    await fixture.settle({ name: "a", replicas, leader: 2, leaderEpoch: 3 });
    const [description] = fixture.registry.describeReplicas();
    expect([description?.logEndOffset, await partitionsOnDisk()]).toEqual([0, 1]);
    // It is in sync there: another image.
    await fixture.settle({ name: "a", replicas, leader: 2, leaderEpoch: 3 });
    await fixture.settle({ name: "a", replicas: [2, 3], leader: 2, leaderEpoch: 4 });
    expect([await partitionsOnDisk(), [...fixture.registry.describeReplicas()]]).toEqual([0, []]);
  });

  it("keeps the files of a replica that a store takes away which knows less than this broker, or has no leader for it", async () => {
    await fixture.settle({ name: "a", replicas, leaderEpoch: 5 });
    await produce("leader").settled();
    fixture.others = [2, 3];
    await fixture.settle({ name: "a", replicas: [2, 3], leader: 2, leaderEpoch: 4 });
    expect([await partitionsOnDisk(), [...fixture.registry.describeReplicas()]]).toEqual([1, []]);
    await fixture.settle({ name: "a", replicas, leaderEpoch: 6 });
    await fixture.settle({ name: "a", replicas: [2, 3], leader: null, leaderEpoch: 7 });
    expect(await partitionsOnDisk()).toBe(1);
    await fixture.settle({ name: "a", replicas, leaderEpoch: 8 });
    expect(fixture.registry.describeReplica({ topicId: led().topicId, partition: 0 })?.logEndOffset).toBe(1);
  });

  it("leaves partitions on disk alone of which no image has shown a replica here", async () => {
    await fixture.settle({ name: "a", replicas });
    await fixture.close();
    fixture = await RegistryFixture.open(fixture.fileSystem);
    await fixture.settle({ name: "a", replicas: [2, 3], leader: 2, leaderEpoch: 1 });
    expect(await partitionsOnDisk()).toBe(1);
  });

  it("says to followers why they are not served", async () => {
    await fixture.settle({ name: "a", replicas }, { name: "b", replicas: [2, 3], leader: 2 });
    const { topicId } = led();
    expect(fixture.registry.replicatedOrThrow({ topicId, partition: 0 })).toBe(led().replication.followers);
    const codeOf = (name: ReplicaName): unknown => {
      try {
        return fixture.registry.replicatedOrThrow(name);
      } catch (error) {
        return (error as { code: unknown }).code;
      }
    };
    expect(codeOf({ topicId, partition: 1 })).toBe("UNKNOWN_PARTITION");
    expect(codeOf({ topicId: idOf({ name: "b" }), partition: 0 })).toBe("NOT_LEADER");
    expect(codeOf({ topicId: idOf({ name: "unknown" }), partition: 0 })).toBe("LEADER_NOT_AVAILABLE");
  });

  it("tells of partitions that followers ask for too early, when they are open", async () => {
    const name = { topicId: idOf({ name: "a" }), partition: 0 };
    const told: unknown[] = [];
    const ask = (): unknown => {
      try {
        return fixture.registry.replicatedOrThrow(name);
      } catch (error) {
        return (error as { code: unknown }).code;
      }
    };
    fixture.registry.watchOpened((opened) => told.push(opened, ask()));
    // Whom it follows by the time that its log is open is not known while it is being opened.
    fixture.apply({ name: "a", replicas, leader: 2 });
    expect([ask(), told]).toEqual(["LEADER_NOT_AVAILABLE", []]);
    fixture.apply({ name: "a", replicas, leaderEpoch: 1 });
    await fixture.registry.settled();
    expect(told).toEqual([name, led().replication.followers]);
    await fixture.settle({ name: "a", replicas, leaderEpoch: 2 });
    expect(told).toHaveLength(2);
  });

  it("serves a follower that asked before the leadership was taken, though it has said more since", async () => {
    await fixture.settle({ name: "a", replicas, leader: 2 });
    const [{ topicId, partition }] = [...fixture.registry.describeReplicas()] as [ReplicaDescription];
    fixture.apply({ name: "a", replicas, leaderEpoch: 1 });
    const served: string[] = [];
    const sender: ReplicaSender = {
      follower: { replica: brokerId(2), brokerEpoch: 20 },
      sendRecords: (epoch, from) => served.push(`from ${from} in epoch ${epoch}`),
      sendDivergence: () => served.push("diverged"),
      refuse: (_, { code }) => served.push(code),
      recordsPlaced: () => undefined,
      marksMoved: () => undefined,
      stop: () => undefined,
    };
    const position = { leaderEpoch: leaderEpoch(1), fetchOffset: offset(0), lastFetchedEpoch: undefined };
    const replicated = fixture.registry.replicatedOrThrow({ topicId, partition });
    replicated.onReplicaFetched(sender, { ...position, flushedOffset: offset(0), isRestart: true });
    replicated.onReplicaFetched(sender, { ...position, flushedOffset: offset(0), isRestart: false });
    expect(served).toEqual([]);
    await fixture.registry.settled();
    expect(served).toEqual(["from 0 in epoch 1"]);
  });

  it("has one timer for all partitions with replicas, and none where there are none", async () => {
    await fixture.settle({ name: "a" });
    expect(fixture.timerCount).toBe(0);
    await fixture.settle({ name: "a" }, { name: "b", replicas, partitions: 5 }, { name: "c", replicas, leader: 2 });
    expect(fixture.timerCount).toBe(1);
    fixture.clock.advance(500);
    expect(fixture.timerCount).toBe(1);
    await fixture.settle({ name: "a" });
    fixture.clock.advance(500);
    expect(fixture.timerCount).toBe(0);
  });

  it("takes followers out of the in-sync replicas when they have lagged for too long", async () => {
    await fixture.settle({ name: "a", replicas });
    fixture.clock.advance(9500);
    expect(proposed).toEqual([]);
    fixture.clock.advance(1000);
    expect(proposed).toMatchObject([{ version: 1, inSyncReplicas: [1], eligibleLeaderReplicas: [2, 3] }]);
  });

  it("takes a follower out at once whose process is gone", async () => {
    await fixture.settle({ name: "a", replicas }, { name: "b", replicas: [1, 2] });
    fixture.registry.replicaGone(brokerId(3), 30);
    expect(proposed).toMatchObject([{ topicId: led().topicId, inSyncReplicas: [1, 2], added: [] }]);
  });

  it("takes a follower out when it begins to lead that was found to be gone before", async () => {
    fixture.registry.replicaGone(brokerId(3), 30);
    await fixture.settle({ name: "a", replicas });
    expect(proposed).toMatchObject([{ inSyncReplicas: [1, 2] }]);
  });

  it("takes no role in an epoch that is older than its log: the store was restored from a backup", async () => {
    await fixture.settle({ name: "a", leaderEpoch: 5 });
    const sink = produce("leader");
    await sink.settled();
    await fixture.close();
    fixture = await RegistryFixture.open(fixture.fileSystem);
    await fixture.settle({ name: "a", leaderEpoch: 4 });
    expect(() => led()).toThrow(expect.objectContaining({ code: "STORE_RESTORED" }));
    await fixture.settle({ name: "a", leaderEpoch: 6 });
    expect(led().leaderEpoch).toBe(6);
  });

  it("refuses what followers do not confirm when it may have been replaced, and goes on with acks=all", async () => {
    await fixture.settle({ name: "a", replicas });
    isWithinDeadline = false;
    for (const acks of ["leader", "none"] as const) expect(produce(acks).refused?.code).toBe("BROKER_FENCED");
    await expect(led().deleteRecordsBefore(0)).rejects.toMatchObject({ code: "BROKER_FENCED" });
    expect(produce("all").refused).toBeUndefined();
    isWithinDeadline = true;
    expect(produce("leader").refused).toBeUndefined();
  });

  it("refuses reads when it may have been replaced, unless nobody else counts", async () => {
    await fixture.settle({ name: "a", replicas }, { name: "alone" });
    isWithinDeadline = false;
    const request = { fromOffset: 0, sizeBytesMax: 1000, waitMsMax: 0 };
    await expect(led().fetch(request)).rejects.toMatchObject({ code: "BROKER_FENCED" });
    expect((await led("alone").fetch(request)).highWatermark).toBe(offset(0));
    expect((await led("alone").listOffset({ type: "latest" })).offset).toBe(0);
  });
});
