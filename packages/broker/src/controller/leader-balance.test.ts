import { brokerId } from "@sluice/model";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../logging.js";
import { leadersOf, ObservedCluster, topic } from "../testing/observed-cluster.js";
import { LeaderBalance } from "./leader-balance.js";
import type { HandedPartition } from "./leader-handover.js";

const never = new AbortController().signal;
const intervalMs = 60_000;

describe("LeaderBalance", () => {
  let cluster: ObservedCluster;
  let balance: LeaderBalance;
  /** Partition and candidate of each handover. */
  let handed: [number, number][];
  let unreachable: Set<number>;
  let failure: Error | undefined;

  beforeEach(async () => {
    [handed, unreachable, failure] = [[], new Set(), undefined];
    cluster = await ObservedCluster.open();
    await cluster.start({ id: 1 }, { id: 2 }, { id: 3 });
    const request = { ...topic({ partitions: 6 }), replicationFactor: 3 };
    await cluster.brokerAt(0).topicAdmin.createTopic(request, never);
    // Whatever led is led by broker 1 now.
    const suspects = [2, 3].map((id) => {
      return [brokerId(id), cluster.observer.image.brokers.get(brokerId(id))?.brokerEpoch ?? 0] as const;
    });
    await cluster.until((image) => image.controller?.broker === 1);
    cluster.brokerAt(0).controller.suspect(new Map(suspects));
    await cluster.until((image) => leadersOf(image).every((leader) => leader === 1));
    await cluster.settle();
    balance = newBalance();
    balance.start();
  });

  afterEach(async () => {
    balance.close();
    await cluster.close();
  });

  function newBalance(): LeaderBalance {
    return new LeaderBalance(
      { brokerId: brokerId(1), intervalMs },
      {
        images: cluster.brokerAt(0).images,
        clock: cluster.clock,
        logger: silentLogger,
        led: (topicId, partition) => ({ topicId, partition }) as HandedPartition,
        isReachable: (broker) => !unreachable.has(broker),
        handOver: async ({ partition }, candidate) => {
          handed.push([partition, candidate]);
          if (failure !== undefined) throw failure;
        },
      },
    );
  }

  /** Partitions whose preferred leader is one of these. */
  function preferring(...ids: number[]): number[] {
    return [0, 1, 2, 3, 4, 5].filter((partition) => ids.includes(cluster.partitionAt(partition).replicas[0] ?? -1));
  }

  /** Leaders that were deposed are in sync again. */
  async function inSyncAgain(): Promise<void> {
    const { entries } = await cluster.store.list("/sluice/parts/");
    await cluster.store.transact(
      [],
      entries.map(({ key, value }) => {
        const isr = (JSON.parse(value) as { replicas: number[] }).replicas;
        return { type: "put", key, value: JSON.stringify({ ...(JSON.parse(value) as object), isr, elr: [] }) };
      }),
    );
  }

  it("hands over to preferred leaders that are in sync, once in an interval", async () => {
    await inSyncAgain();
    await cluster.passTime(intervalMs - 1000);
    expect(handed).toEqual([]);
    await cluster.passTime(1000);
    expect(handed.map(([partition]) => partition)).toEqual(preferring(2, 3));
    for (const [partition, candidate] of handed) expect(cluster.partitionAt(partition).replicas[0]).toBe(candidate);
    await cluster.passTime(intervalMs);
    expect(handed).toHaveLength(2 * preferring(2, 3).length);
  });

  it("leaves alone what its preferred leader cannot lead, or cannot be reached for", async () => {
    await cluster.passTime(intervalMs);
    expect(handed).toEqual([]);
    await inSyncAgain();
    unreachable.add(2);
    await cluster.passTime(intervalMs);
    expect(handed.map(([partition]) => partition)).toEqual(preferring(3));
  });

  it("tries again later what failed", async () => {
    await inSyncAgain();
    failure = new Error("no");
    await cluster.passTime(2 * intervalMs);
    expect(handed).toHaveLength(2 * preferring(2, 3).length);
  });
});
