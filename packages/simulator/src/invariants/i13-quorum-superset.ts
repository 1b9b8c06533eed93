/**
 * I13: the quorum of a leader includes all that the store calls in sync, and its gate is one that the store has opened. Seen from
 * outside, when a leader first tells of a high watermark: every in-sync replica of the store has all below it, on its platter where the
 * topic says flush=always; and so have all the in-sync replicas of some moment of the epoch at which the store held enough of them, and
 * no others eligible.
 */

import type { PartitionImage, TopicImage } from "@sluice/cluster";
import type { ObservedCluster } from "../ghost/observed-cluster.js";
import { type PartitionKey, partitionKeyOf } from "../ghost/replica-logs.js";
import { partitionByKey, partitionsOfChangedTopics } from "./changed-partitions.js";
import type { InvariantDefinition } from "./invariant.js";

/** An in-sync replica, with how often it had lost records by then: what it has lost since, it may have acknowledged before. */
type Member = readonly [broker: number, lossCount: number];

/** Sets of in-sync replicas with which the gate was open in one epoch, by their text. */
interface OpenGates {
  readonly leaderEpoch: number;
  readonly members: Map<string, readonly Member[]>;
}

export const quorumSuperset: InvariantDefinition = {
  id: "I13",
  title: "the quorum of a leader includes all in-sync replicas, and is large enough",
  create: ({ cluster, violated }) => {
    const gates = new Map<PartitionKey, OpenGates>();
    const noteOpen = (key: PartitionKey, { leaderEpoch, inSyncReplicas }: PartitionImage): void => {
      const known = gates.get(key);
      const open = known?.leaderEpoch === leaderEpoch ? known : { leaderEpoch, members: new Map() };
      gates.set(key, open);
      const members = inSyncReplicas.map((member): Member => [member, cluster.lossCount(member, key)]);
      open.members.set(members.join(";"), members);
    };
    return {
      onImage(image, previous) {
        if (!cluster.isStoreTrusted) return;
        for (const { now, topic } of partitionsOfChangedTopics(image, previous)) {
          if (isGateOpen(cluster, now, topic)) noteOpen(partitionKeyOf(now.topicId, now.partition), now);
        }
      },
      onCommitted(key, highWatermark, { broker, leaderEpoch }) {
        if (!cluster.isStoreTrusted) return;
        const partition = partitionByKey(cluster.image, key);
        // A leader that was deposed counts with the sets that it knew.
        if (partition?.leader !== broker || partition.leaderEpoch !== leaderEpoch) return;
        // What earlier epochs appended may have been committed by them, though nobody was told.
        const isOwn = cluster.logs.of(broker, key)?.batchAt(highWatermark - 1)?.leaderEpoch === leaderEpoch;
        const open = gates.get(key);
        const quorums = open?.leaderEpoch === leaderEpoch ? [...open.members.values()] : [];
        const isQuorum = (members: readonly Member[]): boolean =>
          members.every(([member, losses]) => {
            const hasLost = cluster.isLossy(member, key) || cluster.lossCount(member, key) > losses;
            return hasLost || hasAcknowledged(cluster, partition, member, highWatermark);
          });
        if (isOwn && !quorums.some(isQuorum)) {
          violated(
            `${key} has high watermark ${highWatermark} in epoch ${leaderEpoch}, which no quorum has acknowledged`,
          );
        }
        const missing = partition.inSyncReplicas.find(
          (member) => !cluster.isLossy(member, key) && !hasAcknowledged(cluster, partition, member, highWatermark),
        );
        if (missing === undefined) return;
        violated(`${key} has high watermark ${highWatermark}, and broker ${missing}, in sync, has not acknowledged it`);
      },
    };
  },
};

function isGateOpen(cluster: ObservedCluster, partition: PartitionImage, topic: TopicImage): boolean {
  const { inSyncReplicas, eligibleLeaderReplicas } = partition;
  return inSyncReplicas.length >= cluster.inSyncFloors.of(topic) && eligibleLeaderReplicas.length === 0;
}

/** Whether a replica has all below that offset, durably where its topic says so. */
function hasAcknowledged(
  cluster: ObservedCluster,
  { topicId, partition }: PartitionImage,
  member: number,
  highWatermark: number,
): boolean {
  const isFlushed = cluster.image.topicsById.get(topicId)?.config.flush === "always";
  const log = cluster.logs.of(member, partitionKeyOf(topicId, partition));
  return ((isFlushed ? log?.durableEndOffset : log?.endOffset) ?? 0) >= highWatermark;
}
