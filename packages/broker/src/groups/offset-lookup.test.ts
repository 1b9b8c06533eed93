import { brokerId, leaderEpoch, offset, SluiceError } from "@sluice/model";
import { describe, expect, it } from "vitest";
import type { PartitionQuery } from "../internal-client.js";
import type { LedPartition, LedPartitions, OffsetAnswer } from "../partition/partition-access.js";
import { imageOf } from "../testing/image-of.js";
import { OffsetLookup } from "./offset-lookup.js";

const latest = (topic: string, partition = 0): PartitionQuery => ({ topic, partition, query: { type: "latest" } });
const at = (value: number): OffsetAnswer => ({ offset: offset(value), timestampMs: -1, leaderEpoch: leaderEpoch(0) });
const refused = new SluiceError("NOT_LEADER", { topic: "b", partition: 1, broker: 2, leader: 3 });

function lookup(asked: string[]): OffsetLookup {
  const image = imageOf(1, [
    { name: "a", partitions: 2, leader: 1 },
    { name: "b", partitions: 2, leader: 2 },
    { name: "c", leader: 3 },
    { name: "none", leader: null },
  ]);
  const led = { listOffset: () => Promise.resolve(at(1)) } as unknown as LedPartition;
  const partitions = { ledOrThrow: () => led } as unknown as LedPartitions;
  const listOffsets = (broker: number, queries: readonly PartitionQuery[]) => {
    asked.push(`${broker}: ${queries.map(({ topic, partition }) => `${topic}-${partition}`).join(" ")}`);
    return Promise.resolve(
      queries.map(({ topic, partition }) => (topic === "b" && partition === 1 ? refused : at(broker * 10))),
    );
  };
  return new OffsetLookup(
    { brokerId: brokerId(1) },
    { partitions, internalClient: { listOffsets }, image: () => image },
  );
}

describe("OffsetLookup", () => {
  it("asks each leader once and answers in the order of the questions", async () => {
    const asked: string[] = [];
    const answers = await lookup(asked).lookUp([latest("c"), latest("a"), latest("b"), latest("a", 1), latest("c")]);
    expect(answers.map((answer) => answer.offset)).toEqual([30, 1, 20, 1, 30]);
    expect(asked).toEqual(["3: c-0 c-0", "2: b-0"]);
  });

  it("fails as a whole when one question has no answer", async () => {
    const code = (expected: string): unknown => expect.objectContaining({ code: expected });
    await expect(lookup([]).lookUp([latest("a"), latest("b", 1)])).rejects.toBe(refused);
    await expect(lookup([]).lookUp([latest("none")])).rejects.toThrowError(code("LEADER_NOT_AVAILABLE"));
    await expect(lookup([]).lookUp([latest("x")])).rejects.toThrowError(code("UNKNOWN_TOPIC"));
    await expect(lookup([]).lookUp([latest("a", 5)])).rejects.toThrowError(code("UNKNOWN_PARTITION"));
  });
});
