/**
 * I14: at most one leader in an epoch; every change of leader is a new epoch and nothing else is; epochs in a log never decrease.
 */

import type { LoggedBatch } from "../ghost/batch-pool.js";
import { partitionKeyOf } from "../ghost/replica-logs.js";
import { changedPartitions } from "./changed-partitions.js";
import type { InvariantDefinition } from "./invariant.js";

export const oneLeaderPerEpoch: InvariantDefinition = {
  id: "I14",
  title: "one leader for each epoch, and epochs only grow",
  create: ({ cluster, violated }) => {
    const leaderOf = new Map<string, number>();
    return {
      onImage(image, previous) {
        for (const { now, before } of changedPartitions(image, previous)) {
          if (before === undefined) continue;
          const key = partitionKeyOf(now.topicId, now.partition);
          const isNewLeader = now.leader !== before.leader || now.leaderBrokerEpoch !== before.leaderBrokerEpoch;
          if (now.leaderEpoch < before.leaderEpoch)
            violated(`${key}: epoch ${now.leaderEpoch} after ${before.leaderEpoch}`);
          if (isNewLeader && cluster.isStoreTrusted && now.leaderEpoch !== before.leaderEpoch + 1) {
            violated(
              `${key}: leader ${before.leader} became ${now.leader}, epoch ${before.leaderEpoch} ${now.leaderEpoch}`,
            );
          }
        }
      },
      onAdvertised({ broker, partition, leaderEpoch }) {
        const name = `${partition} in epoch ${leaderEpoch}`;
        const known = leaderOf.get(name) ?? broker;
        leaderOf.set(name, known);
        if (known !== broker) violated(`${name} was led by broker ${known} and by broker ${broker}`);
      },
      onWritten(broker, partition, fromOffset) {
        const log = cluster.logs.of(broker, partition);
        if (log === undefined) return;
        for (let index = Math.max(1, log.indexOf(fromOffset)); index < log.batches.length; index += 1) {
          const [before, batch] = [log.batches[index - 1] as LoggedBatch, log.batches[index] as LoggedBatch];
          if (batch.leaderEpoch < before.leaderEpoch) {
            violated(
              `broker ${broker}: ${partition}@${batch.baseOffset} is of epoch ${batch.leaderEpoch}, after ${before.leaderEpoch}`,
            );
          }
        }
      },
    };
  },
};
