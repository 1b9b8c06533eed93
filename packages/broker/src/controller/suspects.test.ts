import { brokerId } from "@sluice/model";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { leadersOf, ObservedCluster, topic } from "../testing/observed-cluster.js";

const never = new AbortController().signal;

describe("Controller, of brokers that a majority suspects", () => {
  let cluster: ObservedCluster;

  beforeEach(async () => {
    cluster = await ObservedCluster.open();
    await cluster.start({ id: 1 }, { id: 2 }, { id: 3 });
    await cluster.until((image) => image.controller?.broker === 1);
  });
  afterEach(() => cluster.close());

  function createTopic(replicationFactor: number): Promise<unknown> {
    return cluster.brokerAt(0).topicAdmin.createTopic({ ...topic({ partitions: 6 }), replicationFactor }, never);
  }

  /** What broker `by` is told of broker `suspect`. */
  function suspect(by: number, suspects: readonly number[]): void {
    const epochs = suspects.map((id) => {
      const registration = cluster.observer.image.brokers.get(brokerId(id));
      return [brokerId(id), registration?.brokerEpoch ?? 0] as const;
    });
    cluster.brokerAt(by - 1).controller.suspect(new Map(epochs));
  }

  it("gives their partitions other leaders, before their leases end", async () => {
    await createTopic(3);
    suspect(1, [3]);
    const image = await cluster.until((now) => !leadersOf(now).includes(brokerId(3)));
    expect(leadersOf(image)).not.toContain(undefined);
    expect(image.brokers.has(brokerId(3))).toBe(true);
    for (let i = 0; i < 6; i += 1) {
      const { leader, inSyncReplicas } = cluster.partitionAt(i);
      expect(inSyncReplicas).toContain(leader);
    }
  });

  it("leaves them what nobody else can lead", async () => {
    await createTopic(1);
    const before = leadersOf(cluster.observer.image);
    suspect(1, [3]);
    await cluster.settle();
    expect(leadersOf(cluster.observer.image)).toEqual(before);
  });

  it("does nothing on another broker, while the controller is none of them", async () => {
    await createTopic(3);
    const before = leadersOf(cluster.observer.image);
    cluster.standIn = 2;
    suspect(2, [3]);
    await cluster.settle();
    expect(leadersOf(cluster.observer.image)).toEqual(before);
  });

  it("elects on the broker that stands in, where the controller is one of them", async () => {
    await createTopic(3);
    cluster.standIn = 2;
    suspect(3, [1]);
    await cluster.settle();
    expect(leadersOf(cluster.observer.image)).toContain(1);
    suspect(2, [1]);
    const image = await cluster.until((now) => !leadersOf(now).includes(brokerId(1)));
    expect(leadersOf(image)).not.toContain(undefined);
    expect(image.controller?.broker).toBe(1);
  });
});
