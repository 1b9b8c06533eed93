/** Which bytes of a replica rot: some of a batch below its recovery point, behind the header, so that only its checksum tells. */

import { batchHeaderSizeBytes } from "@sluice/record";
import type { RottenBytes } from "../disk/machine-disk.js";
import type { ObservedCluster } from "../ghost/observed-cluster.js";

/** @param place from 0 to 1: among all bytes that may rot; undefined: there are none */
export function drawRottenBytes(cluster: ObservedCluster, broker: number, place: number): RottenBytes | undefined {
  const candidates = cluster.logs.partitionsOf(broker).flatMap((partition) => {
    const log = cluster.logs.of(broker, partition);
    const recoveryPoint = cluster.recoveryPoints.of(broker, partition);
    const durable = log?.batches.filter(({ endOffset }) => endOffset <= recoveryPoint) ?? [];
    return durable.map((batch) => ({ log, batch }));
  });
  const at = place * candidates.length;
  const chosen = candidates[Math.floor(at)];
  const where = chosen?.log?.placeOf(chosen.batch);
  if (chosen === undefined || where === undefined) return undefined;
  const { bytes } = chosen.batch;
  const index = batchHeaderSizeBytes + Math.floor((at % 1) * (bytes.length - batchHeaderSizeBytes));
  return { ...where, bytes, index };
}
