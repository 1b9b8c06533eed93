import { brokerId } from "@sluice/model";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../logging.js";
import { ObservedCluster, topic } from "../testing/observed-cluster.js";
import { ReplicaWithdrawal } from "./replica-withdrawal.js";

const never = new AbortController().signal;

/** Three brokers that keep four partitions of `flights`; some replicas of broker 2 fail. */
describe("ReplicaWithdrawal", () => {
  let cluster: ObservedCluster;
  let withdrawal: ReplicaWithdrawal;
  /** Partitions whose replicas on broker 2 have failed. */
  let failed: number[];
  let withdrawnCount: number;

  beforeEach(async () => {
    cluster = await ObservedCluster.open();
    await cluster.start({ id: 1 }, { id: 2 }, { id: 3 });
    [failed, withdrawnCount] = [[], 0];
    const { store, images, brokerEpoch } = cluster.brokerAt(1);
    withdrawal = new ReplicaWithdrawal(
      { brokerId: brokerId(2) },
      {
        store,
        images,
        clock: cluster.clock,
        logger: silentLogger,
        brokerEpoch: () => brokerEpoch,
        failed: () => failed.map((partition) => ({ topicId: cluster.partitionAt(partition).topicId, partition })),
        onWithdrawn: () => {
          withdrawnCount += 1;
        },
      },
    );
  });
  afterEach(async () => {
    withdrawal.close();
    await cluster.close();
  });

  async function create(replicationFactor: number): Promise<void> {
    await cluster.brokerAt(0).topicAdmin.createTopic({ ...topic({ partitions: 4 }), replicationFactor }, never);
  }

  it("takes failed replicas out of sync, and has another leader elected where one of them led", async () => {
    await create(3);
    const { partition: led, leaderEpoch } = cluster.partitionLedBy(2);
    const { partition: followed } = cluster.partitionLedBy(1);
    failed = [led, followed];
    withdrawal.replicaFailed();
    await cluster.until(() => failed.every((at) => !cluster.partitionAt(at).inSyncReplicas.includes(brokerId(2))));
    await cluster.until(() => cluster.partitionAt(led).leader !== undefined);
    expect(cluster.partitionAt(led).leader).not.toBe(2);
    expect(cluster.partitionAt(led).leaderEpoch).toBeGreaterThan(leaderEpoch);
    expect(cluster.partitionAt(followed)).toMatchObject({ leader: 1, inSyncReplicas: [1, 3] });
    await cluster.settle();
    expect(withdrawnCount).toBeGreaterThan(0);
  });

  it("leaves alone what nobody else has", async () => {
    await create(1);
    const { partition } = cluster.partitionLedBy(2);
    const before = cluster.partitionAt(partition);
    failed = [partition];
    withdrawal.replicaFailed();
    await cluster.settle();
    expect([cluster.partitionAt(partition), withdrawnCount]).toEqual([before, 1]);
  });

  it("tries again after an error of the store", async () => {
    await create(3);
    failed = [cluster.partitionLedBy(2).partition];
    cluster.brokerAt(1).store.failures.push(new Error("no answer"));
    withdrawal.replicaFailed();
    await cluster.settle();
    expect(cluster.partitionAt(failed[0] ?? 0).leader).toBe(2);
    cluster.clock.advance(500);
    await cluster.until(() => cluster.partitionAt(failed[0] ?? 0).leader !== 2);
  });
});
