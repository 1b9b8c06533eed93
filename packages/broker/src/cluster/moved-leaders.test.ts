import { type PartitionValue, planOneWrite, planReassignment, storedValueOf } from "@sluice/cluster";
import { brokerId } from "@sluice/model";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HandedPartition } from "../controller/leader-handover.js";
import { silentLogger } from "../logging.js";
import { ObservedCluster, topic } from "../testing/observed-cluster.js";
import { MovedLeaders } from "./moved-leaders.js";

const never = new AbortController().signal;
const retryDelayMs = 5000;

describe("MovedLeaders", () => {
  let cluster: ObservedCluster;
  let movedLeaders: MovedLeaders;
  /** Broker 1 leads it, and it is being moved to the others. */
  let moved: number;
  /** Partition and candidate of each handover. */
  let handed: [number, number][];
  let unreachable: Set<number>;
  let failure: Error | undefined;
  /** What handovers wait for. */
  let gate: Promise<void> | undefined;

  beforeEach(async () => {
    [handed, unreachable, failure, gate] = [[], new Set(), undefined, undefined];
    cluster = await ObservedCluster.open();
    await cluster.start({ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 });
    const request = { ...topic({ partitions: 4 }), replicationFactor: 3 };
    await cluster.brokerAt(0).topicAdmin.createTopic(request, never);
    await cluster.settle();
    moved = cluster.partitionLedBy(1).partition;
    const { images } = cluster.brokerAt(0);
    movedLeaders = new MovedLeaders(
      { brokerId: brokerId(1) },
      {
        images,
        clock: cluster.clock,
        logger: silentLogger,
        led: (topicId, partition) => ({ topicId, partition }) as HandedPartition,
        isReachable: (broker) => !unreachable.has(broker),
        handOver: async ({ partition }, candidate) => {
          handed.push([partition, candidate]);
          await gate;
          if (failure !== undefined) throw failure;
          await write({ leader: candidate, leaderBrokerEpoch: images.image.brokers.get(candidate)?.brokerEpoch ?? 0 });
        },
      },
    );
    images.subscribe((image) => movedLeaders.apply(image));
    const replicas = [2, 3, 4].map(brokerId);
    const move = planReassignment(images.image, { topic: "flights", partition: moved, replicas });
    if (move === undefined) throw new Error("broker 1 keeps it");
    await cluster.store.transact([], planOneWrite("test", move).operations);
    await cluster.settle();
  });

  afterEach(async () => {
    movedLeaders.close();
    await cluster.close();
  });

  async function write(more: Partial<PartitionValue>): Promise<void> {
    const partition = cluster.partitionAt(moved);
    const value = { ...storedValueOf(partition), ...more };
    await cluster.store.transact([], planOneWrite("test", { partition, value, compares: [] }).operations);
    await cluster.settle();
  }

  const everybodyInSync = () => write({ inSyncReplicas: [1, 2, 3, 4].map(brokerId) });

  it("hands over once, when everybody that is to stay is in sync, and the move ends", async () => {
    expect(handed).toEqual([]);
    await everybodyInSync();
    expect(handed).toEqual([[moved, 2]]);
    expect(cluster.partitionAt(moved)).toMatchObject({ leader: 2, replicas: [2, 3, 4], removingReplicas: [] });
  });

  it("hands over to one that it can reach", async () => {
    unreachable.add(2);
    await everybodyInSync();
    expect(handed).toEqual([[moved, 3]]);
  });

  it("begins no second handover while one is under way", async () => {
    let open = (): void => undefined;
    gate = new Promise((resolve) => {
      open = resolve;
    });
    await everybodyInSync();
    await everybodyInSync();
    open();
    await cluster.settle();
    expect(handed).toEqual([[moved, 2]]);
  });

  it("leads on where that fails, and tries again after a while, whatever the images say meanwhile", async () => {
    failure = new Error("no");
    await everybodyInSync();
    await everybodyInSync();
    expect(handed).toEqual([[moved, 2]]);
    expect(cluster.partitionAt(moved)).toMatchObject({ leader: 1, removingReplicas: [1] });
    unreachable = new Set([2, 3, 4]);
    await cluster.passTime(retryDelayMs);
    expect(handed).toHaveLength(1);
    [unreachable, failure] = [new Set(), undefined];
    await cluster.passTime(retryDelayMs);
    expect(handed).toHaveLength(2);
    expect(cluster.partitionAt(moved)).toMatchObject({ leader: 2, removingReplicas: [] });
  });

  it("begins nothing once it is closed", async () => {
    movedLeaders.close();
    await everybodyInSync();
    expect(handed).toEqual([]);
  });
});
