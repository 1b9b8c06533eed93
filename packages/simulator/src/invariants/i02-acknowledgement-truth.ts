/** I2: at the moment of an acknowledgement the leader has exactly the batch that was sent, at that offset and in that epoch. */

import type { LoggedBatch } from "../ghost/batch-pool.js";
import type { InvariantDefinition } from "./invariant.js";

/** What the checksum covers, and the checksum: all that a leader does not stamp. */
const stampedBytes = 17;

export const acknowledgementTruth: InvariantDefinition = {
  id: "I2",
  title: "what is acknowledged is what was sent",
  create: ({ cluster, violated }) => ({
    onProduceAnswered({ broker, partition, request, response }) {
      const { baseOffset, leaderEpoch, duplicate } = response;
      const batch = cluster.logs.of(broker, partition)?.batchAt(baseOffset);
      // acks=none and acks=leader are answered before the write.
      if (batch === undefined && request.acks !== "all") return;
      if (batch === undefined)
        return violated(`broker ${broker} acknowledged ${partition}@${baseOffset} and has nothing there`);
      if (!isSame(batch, request.records))
        violated(`broker ${broker} acknowledged ${partition}@${baseOffset} and has another batch`);
      if (!duplicate && batch.leaderEpoch !== leaderEpoch) {
        violated(
          `broker ${broker} acknowledged ${partition}@${baseOffset} in epoch ${leaderEpoch}, and has it in ${batch.leaderEpoch}`,
        );
      }
    },
  }),
};

function isSame(batch: LoggedBatch, sent: Buffer): boolean {
  return batch.bytes.subarray(stampedBytes).compare(sent.subarray(stampedBytes)) === 0;
}
