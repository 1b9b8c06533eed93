import { formatPartitionValue, partitionKey } from "@sluice/cluster";
import { type BrokerId, brokerId, leaderEpoch, offset } from "@sluice/model";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ReplicaAnswer } from "../cluster/replica-inquiry.js";
import { silentLogger } from "../logging.js";
import { ObservedCluster, topic } from "../testing/observed-cluster.js";
import { UncleanRecovery } from "./unclean-recovery.js";

const never = new AbortController().signal;

describe("Controller, of a partition all of whose replicas may have lost records", () => {
  let cluster: ObservedCluster;
  /** Last epoch and log end that each broker tells; who is not in it does not answer. */
  let logs: Map<number, [lastEpoch: number, logEndOffset: number]>;

  beforeEach(async () => {
    logs = new Map();
    cluster = await ObservedCluster.open();
    await cluster.start(...[1, 2, 3].map((id) => ({ id, inquire: answer })));
    const request = { ...topic({ partitions: 1 }), replicationFactor: 3 };
    await cluster.brokerAt(0).topicAdmin.createTopic(request, never);
  });
  afterEach(() => cluster.close());

  async function answer(wanted: ReadonlyMap<BrokerId, readonly { topicId: string; partition: number }[]>) {
    const { brokers } = cluster.observer.image;
    return [...wanted].flatMap(([replica, names]) => {
      const [lastEpoch, logEndOffset] = logs.get(replica) ?? [];
      if (lastEpoch === undefined) return [];
      const brokerEpoch = brokers.get(replica)?.brokerEpoch ?? 0;
      const position = { lastEpoch: leaderEpoch(lastEpoch), logEndOffset: offset(logEndOffset ?? 0), sizeBytes: 0 };
      return names.map((name) => ({ ...name, replica, brokerEpoch, ...position }) as ReplicaAnswer);
    });
  }

  /** All its replicas have been excluded. */
  async function losesAll(lastEligible: readonly number[]): Promise<void> {
    const { topicId, partition, version: _version, ...value } = cluster.partitionAt(0);
    const lost = {
      ...value,
      leader: undefined,
      leaderBrokerEpoch: 0,
      leaderEpoch: leaderEpoch(value.leaderEpoch + 1),
      inSyncReplicas: [],
      eligibleLeaderReplicas: [],
      lastEligibleLeaderReplicas: lastEligible.map(brokerId),
    };
    await cluster.store.transact(
      [],
      [{ type: "put", key: partitionKey(topicId, partition), value: formatPartitionValue(lost) }],
    );
  }

  it("elects the one with the greatest last epoch and then the longest log, when all have said what they have", async () => {
    logs = new Map([
      [1, [4, 900]],
      [2, [5, 100]],
      [3, [5, 200]],
    ]);
    await losesAll([1, 2]);
    await cluster.until(() => cluster.partitionAt(0).leader === 3);
    expect(cluster.partitionAt(0)).toMatchObject({ inSyncReplicas: [3], lastEligibleLeaderReplicas: [] });
  });

  it("waits for all of them, and after a while only for those that were eligible last", async () => {
    logs = new Map([[1, [4, 900]]]);
    await losesAll([1, 2]);
    await cluster.passTime(40_000);
    expect(cluster.partitionAt(0).leader).toBeUndefined();
    logs.set(2, [3, 1]);
    await cluster.passTime(2000);
    await cluster.until(() => cluster.partitionAt(0).leader === 1);
  });

  it("elects again when that happens again, whatever else has changed in between", async () => {
    logs = new Map([1, 2, 3].map((id) => [id, [4, 100 * id]]));
    await losesAll([1]);
    await cluster.until(() => cluster.partitionAt(0).leader === 3);
    await cluster.brokerAt(0).topicAdmin.createTopic({ ...topic({ partitions: 1 }), name: "other" }, never);
    logs.set(2, [4, 900]);
    await losesAll([1]);
    await cluster.passTime(2000);
    await cluster.until(() => cluster.partitionAt(0).leader === 2);
  });

  it("is found among the topics that changed: of thousands, the others are not looked at with every image", async () => {
    const { store, clock, observer: images } = cluster;
    const asked: number[] = [];
    const recovery = new UncleanRecovery(
      { waitMsMax: 0 },
      {
        ...{ store, clock, images, logger: silentLogger },
        inquire: async (wanted) => {
          asked.push(...wanted.keys());
          return [];
        },
      },
    );
    recovery.observe(images.image, 1);
    await cluster.brokerAt(0).topicAdmin.createTopic({ ...topic({ partitions: 1 }), name: "other" }, never);
    const { image } = images;
    const looksAtAll = vi.spyOn(image.topics, "values");
    recovery.observe(image, 1);
    expect(looksAtAll).not.toHaveBeenCalled();
    expect(asked).toEqual([]);
    await losesAll([1, 2]);
    await cluster.until(() => cluster.partitionAt(0).leader === undefined);
    recovery.observe(images.image, 1);
    await recovery.close();
    expect(asked.sort()).toEqual([1, 2, 3]);
  });
});
