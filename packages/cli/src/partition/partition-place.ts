/** Where a partition is, as answers for programs have it, and as columns of tables for people. */

import type { PartitionMetadata } from "@sluice/client";
import type { Cell, Column } from "../table.js";
import { idsText } from "./moves.js";

export interface PartitionPlace {
  readonly partition: number;
  /** Null: it has none. */
  readonly leader: number | null;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly inSyncReplicas: readonly number[];
  readonly offlineReplicas: readonly number[];
}

export const placeColumns: readonly Column[] = [
  { title: "PARTITION", align: "right" },
  { title: "LEADER", align: "right" },
  { title: "EPOCH", align: "right" },
  { title: "REPLICAS" },
  { title: "IN-SYNC" },
  { title: "OFFLINE" },
];

export function placeOf(described: PartitionMetadata): PartitionPlace {
  const { partition, leaderId, leaderEpoch, replicas, inSyncReplicas, offlineReplicas } = described;
  return { partition, leader: leaderId ?? null, leaderEpoch, replicas, inSyncReplicas, offlineReplicas };
}

/** The cells of `placeColumns`. */
export function placeCells(place: PartitionPlace): readonly Cell[] {
  const { partition, leader, leaderEpoch, replicas, inSyncReplicas, offlineReplicas } = place;
  return [partition, leader, leaderEpoch, idsText(replicas), idsText(inSyncReplicas), idsText(offlineReplicas)];
}

/** Whether a replica is not in sync that should be: those that a move adds are still being copied. */
export function isUnderReplicated(
  partition: Pick<PartitionMetadata, "replicas" | "inSyncReplicas" | "addingReplicas">,
): boolean {
  const { replicas, inSyncReplicas, addingReplicas } = partition;
  return replicas.some((id) => !inSyncReplicas.includes(id) && !addingReplicas.includes(id));
}
