/** Brokers that keep replicas and are not running: the cluster lists only those that are. */

import { counted } from "../quantities.js";

/** A line for each, by id; empty where there is none. */
export function absentBrokersText(partitions: readonly { readonly offlineReplicas: readonly number[] }[]): string {
  const kept = new Map<number, number>();
  for (const id of partitions.flatMap(({ offlineReplicas }) => offlineReplicas)) kept.set(id, (kept.get(id) ?? 0) + 1);
  const lines = [...kept]
    .sort(([left], [right]) => left - right)
    .map(([id, count]) => `broker ${id} is not running, and keeps ${counted(count, "replica")}\n`);
  return lines.join("");
}
