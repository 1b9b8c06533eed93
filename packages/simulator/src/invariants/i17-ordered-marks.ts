/**
 * I17: log start, high watermark and log end of a leader are in that order, and its log start never goes back; and no machine has
 * recorded as durable what it has not, whenever it records it and whatever a power loss takes.
 */

import type { InvariantDefinition } from "./invariant.js";

export const orderedMarks: InvariantDefinition = {
  id: "I17",
  title: "log start <= high watermark <= log end, and recovery point <= what is durable",
  create: ({ cluster, violated }) => {
    const logStarts = new Map<string, number>();
    return {
      onAdvertised({ broker, partition, leaderEpoch, highWatermark, logStartOffset }) {
        const name = `${partition} at broker ${broker} in epoch ${leaderEpoch}`;
        const logEndOffset = cluster.logs.of(broker, partition)?.endOffset ?? 0;
        if (logStartOffset > highWatermark)
          violated(`${name}: log start ${logStartOffset} above high watermark ${highWatermark}`);
        if (highWatermark > logEndOffset)
          violated(`${name}: high watermark ${highWatermark} above log end ${logEndOffset}`);
        const before = logStarts.get(name) ?? 0;
        if (logStartOffset < before) violated(`${name}: log start ${logStartOffset} after ${before}`);
        logStarts.set(name, logStartOffset);
      },
      onRecoveryPoint(broker, partition, recoveryPoint) {
        const durableEndOffset = cluster.logs.of(broker, partition)?.durableEndOffset ?? 0;
        if (recoveryPoint <= durableEndOffset) return;
        violated(`${partition} at broker ${broker}: recovery point ${recoveryPoint}, durable ${durableEndOffset}`);
      },
    };
  },
};
