import type { TopicMetadata } from "@sluice/client";
import { expect, it } from "vitest";
import { assignmentsOf, changesReplicas, costOf, costText, movesOf, movesText, movingText } from "./moves.js";

const topic = (name: string, ...replicas: readonly (readonly number[])[]): TopicMetadata => ({
  name,
  id: name,
  isInternal: false,
  maxMessageBytes: 0,
  partitions: replicas.map((ids, partition) => ({
    partition,
    leaderId: ids[0],
    leaderEpoch: 0,
    replicas: ids,
    inSyncReplicas: ids,
    eligibleLeaderReplicas: [],
    offlineReplicas: [],
    addingReplicas: [],
    removingReplicas: [],
  })),
});

const plan = [
  {
    topic: "b",
    partitionAssignment: [
      { partition: 1, replicas: [3, 1] },
      { partition: 0, replicas: [1, 2] },
    ],
  },
  { topic: "a", partitionAssignment: [{ partition: 0, replicas: [2, 1] }] },
];
const topics = [topic("a", [1, 2]), topic("b", [1, 2], [1, 2])];

it("are what differs from now, by topic and partition", () => {
  expect(movesOf(plan, topics)).toEqual([
    { topic: "a", partition: 0, current: [1, 2], new: [2, 1] },
    { topic: "b", partition: 1, current: [1, 2], new: [3, 1] },
  ]);
});

it("copy what is added, and change leaders where nothing is", () => {
  expect(costOf(movesOf(plan, topics))).toEqual({ replicasMoved: 1, leadersMoved: 1, bytesMoved: null });
});

it("go to the cluster as they were planned", () => {
  expect(assignmentsOf(movesOf(plan, topics))).toEqual([
    { topic: "a", partitionAssignment: [{ partition: 0, replicas: [2, 1] }] },
    { topic: "b", partitionAssignment: [{ partition: 1, replicas: [3, 1] }] },
  ]);
});

it("are shown with what they cost, and not at all where there are none", () => {
  const moves = movesOf(plan, topics);
  expect(movesText(moves, { replicasMoved: 1, leadersMoved: 1, bytesMoved: 1536 })).toBe(
    "TOPIC  PARTITION  CURRENT  NEW\n" +
      "a              0  1,2      2,1\n" +
      "b              1  1,2      3,1\n" +
      "\nCopies 1 replica (1.5 KiB); 1 partition only gets another preferred leader.\n",
  );
  expect(movesText([], costOf([]))).toBe("");
  expect(costText({ replicasMoved: 2, leadersMoved: 0, bytesMoved: null })).toBe("Copies 2 replicas");
  expect(costText({ replicasMoved: 0, leadersMoved: 2, bytesMoved: 0 })).toBe(
    "Copies nothing; 2 partitions only get another preferred leader",
  );
  expect([1, 2].map(movingText)).toEqual(["1 partition moves", "2 partitions move"]);
});

it("tells moves of replicas from those that only change their order", () => {
  const changes = (current: number[], next: number[]) =>
    changesReplicas({ topic: "t", partition: 0, current, new: next });
  expect(changes([1, 2], [2, 1])).toBe(false);
  expect([changes([1, 2], [1]), changes([1], [1, 2]), changes([1, 2], [1, 3])]).toEqual([true, true, true]);
});
