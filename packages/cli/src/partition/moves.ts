/** Moves of replicas, as a plan of the cluster or of a person has them, beside what is now. Pure. */

import type { ReassignmentPlan, TopicAssignment, TopicMetadata } from "@sluice/client";
import { bytesText, counted } from "../quantities.js";
import { formatTable } from "../table.js";

/** What a plan comes to for one partition. */
export interface Move {
  readonly topic: string;
  readonly partition: number;
  /** Replicas now, the preferred leader first. */
  readonly current: readonly number[];
  /** Replicas then. */
  readonly new: readonly number[];
}

/** What moves cost; bytes where the cluster has said. */
export interface MoveCost {
  /** Replicas that are copied. */
  readonly replicasMoved: number;
  /** Partitions that only get another preferred leader. */
  readonly leadersMoved: number;
  /** Null: not known. */
  readonly bytesMoved: number | null;
}

/** The moves of a plan that change something, by topic and partition. */
export function movesOf(plan: readonly TopicAssignment[], topics: readonly TopicMetadata[]): readonly Move[] {
  const known = new Map(topics.map((topic) => [topic.name, topic.partitions]));
  return plan
    .flatMap(({ topic, partitionAssignment }) =>
      partitionAssignment.map(({ partition, replicas }) => {
        const current = known.get(topic)?.[partition]?.replicas ?? [];
        return { topic, partition, current, new: replicas };
      }),
    )
    .filter((move) => move.current.join() !== move.new.join())
    .sort((left, right) =>
      left.topic === right.topic ? left.partition - right.partition : left.topic < right.topic ? -1 : 1,
    );
}

/** What moves cost whose bytes nobody has counted. */
export function costOf(moves: readonly Move[]): MoveCost {
  const added = moves.map((move) => move.new.filter((id) => !move.current.includes(id)).length);
  const replicasMoved = added.reduce((sum, count) => sum + count, 0);
  const leadersMoved = moves.filter((move, index) => added[index] === 0 && move.new[0] !== move.current[0]).length;
  return { replicasMoved, leadersMoved, bytesMoved: null };
}

/** The cost of a plan of the cluster. */
export function costOfPlan({ replicasMoved, leadersMoved, bytesMoved }: ReassignmentPlan): MoveCost {
  return { replicasMoved, leadersMoved, bytesMoved };
}

/** What `alterPartitionReassignments` takes. */
export function assignmentsOf(moves: readonly Move[]): readonly TopicAssignment[] {
  const topics = [...new Set(moves.map(({ topic }) => topic))];
  return topics.map((topic) => {
    const own = moves.filter((move) => move.topic === topic);
    return { topic, partitionAssignment: own.map((move) => ({ partition: move.partition, replicas: move.new })) };
  });
}

/** A table of moves, and below it what they cost. */
export function movesText(moves: readonly Move[], cost: MoveCost): string {
  if (moves.length === 0) return "";
  const table = formatTable(
    [{ title: "TOPIC" }, { title: "PARTITION", align: "right" }, { title: "CURRENT" }, { title: "NEW" }],
    moves.map((move) => [move.topic, move.partition, idsText(move.current), idsText(move.new)]),
  );
  return `${table}\n${costText(cost)}.\n`;
}

/** `Copies 3 replicas (1.2 MiB); 2 partitions only get another preferred leader`. What there is none of is left out. */
export function costText({ replicasMoved, leadersMoved, bytesMoved }: MoveCost): string {
  const bytes = bytesMoved === null ? "" : ` (${bytesText(bytesMoved)})`;
  const copies = replicasMoved === 0 ? "Copies nothing" : `Copies ${counted(replicasMoved, "replica")}${bytes}`;
  if (leadersMoved === 0) return copies;
  const gets = leadersMoved === 1 ? "gets" : "get";
  return `${copies}; ${counted(leadersMoved, "partition")} only ${gets} another preferred leader`;
}

/** `1 partition moves`, `2 partitions move`. */
export function movingText(count: number): string {
  return `${counted(count, "partition")} ${count === 1 ? "moves" : "move"}`;
}

/** Whether replicas come or go: else only their order changes. */
export function changesReplicas({ current, new: next }: Move): boolean {
  return current.length !== next.length || next.some((id) => !current.includes(id));
}

/** Ids of brokers in one cell. */
export function idsText(ids: readonly number[]): string | null {
  return ids.length === 0 ? null : ids.join(",");
}
