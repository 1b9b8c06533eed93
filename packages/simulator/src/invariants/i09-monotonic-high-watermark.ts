/**
 * I9: the high watermark that a leader tells never goes back within its epoch; and once it has passed the start of the epoch, nothing
 * that earlier epochs committed lies above that start.
 */

import type { Advertisement } from "../ghost/observed-cluster.js";
import type { InvariantDefinition } from "./invariant.js";

export const monotonicHighWatermark: InvariantDefinition = {
  id: "I9",
  title: "the high watermark never goes back",
  create: ({ cluster, violated }) => {
    const told = new Map<string, number>();
    /** First offset that the leader of an epoch appended; undefined: none yet. */
    const epochStart = ({ broker, partition, leaderEpoch }: Advertisement): number | undefined =>
      cluster.logs.of(broker, partition)?.batches.find((batch) => batch.leaderEpoch === leaderEpoch)?.baseOffset;
    const committedBefore = ({ partition, leaderEpoch }: Advertisement): number =>
      cluster.committed.batches(partition).findLast((batch) => batch.leaderEpoch < leaderEpoch)?.endOffset ?? 0;
    return {
      onAdvertised(advertisement) {
        const { broker, partition, leaderEpoch, highWatermark } = advertisement;
        const name = `${partition} in epoch ${leaderEpoch} at broker ${broker}`;
        const before = told.get(name) ?? 0;
        if (highWatermark < before) violated(`${name}: high watermark ${highWatermark} after ${before}`);
        if (highWatermark <= before) return;
        told.set(name, highWatermark);
        const start = epochStart(advertisement);
        if (start !== undefined && highWatermark > start && committedBefore(advertisement) > start) {
          violated(`${name}: it begins at ${start}, below what earlier epochs committed`);
        }
      },
    };
  },
};
