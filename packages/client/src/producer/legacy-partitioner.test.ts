import fc from "fast-check";
import { Partitioners as KafkaJsPartitioners } from "kafkajs";
import { describe, expect, it } from "vitest";
import { type KafkaJsPartitionMetadata, Partitioners } from "./partitioner.js";

function partitions(count: number, leaderless: readonly number[] = []): KafkaJsPartitionMetadata[] {
  return Array.from({ length: count }, (_, partitionId) => {
    const leader = leaderless.includes(partitionId) ? -1 : 1;
    return { partitionErrorCode: 0, partitionId, leader, replicas: [1], isr: [1], offlineReplicas: [] };
  });
}

describe("Partitioners.LegacyPartitioner", () => {
  it("sends every key where kafkajs's own sends it", () => {
    const ours = Partitioners.LegacyPartitioner();
    const theirs = KafkaJsPartitioners.LegacyPartitioner();
    const keys = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 1000 }), (key, count) => {
        const choice = { topic: "t", partitionMetadata: partitions(count), message: { key, value: null } };
        expect(ours(choice)).toBe(theirs(choice));
      }),
    );
  });

  it("sends messages without a key to the partitions that have a leader, in turn, topic by topic", () => {
    const choose = Partitioners.LegacyPartitioner();
    const next = (topic: string): number =>
      choose({ topic, partitionMetadata: partitions(3, [1]), message: { value: null } });
    expect([next("t"), next("t"), next("u"), next("t")]).toEqual([0, 2, 0, 0]);
  });
});
