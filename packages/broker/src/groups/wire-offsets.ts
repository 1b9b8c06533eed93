/** Committed offsets and partitions between the wire and the groups. */

import type { AssignedPartition, OffsetToCommit, PartitionOffset } from "@sluice/groups";
import { SluiceError, topicName } from "@sluice/model";
import type { CommittedOffset, OffsetCommit, AssignedPartition as WirePartition } from "@sluice/protocol";

/** Bytes of the free text that goes with a commit. */
const metadataBytesMax = 4096;
/** Offsets in one commit: with their texts they stay well within a record batch. */
export const commitOffsetsMax = 10_000;

/** @throws SluiceError INVALID_TOPIC_NAME */
export function fromWirePartition({ topic, partition }: WirePartition): AssignedPartition {
  return { topic: topicName(topic), partition };
}

export function toWirePartition({ topic, partition }: AssignedPartition): WirePartition {
  return { topic, partition };
}

/** @throws SluiceError INVALID_REQUEST where a request names more partitions than one commit may */
export function checkPartitionCount(partitions: readonly unknown[]): void {
  if (partitions.length <= commitOffsetsMax) return;
  throw new SluiceError("INVALID_REQUEST", { reason: `more than ${commitOffsetsMax} partitions in one request` });
}

/** @throws SluiceError INVALID_TOPIC_NAME, INVALID_REQUEST */
export function fromWireCommits(offsets: readonly OffsetCommit[]): OffsetToCommit[] {
  if (offsets.length > commitOffsetsMax) {
    throw new SluiceError("INVALID_REQUEST", { reason: `a commit of more than ${commitOffsetsMax} offsets` });
  }
  return offsets.map(({ topic, partition, offset, leaderEpochPlusOne, metadata }) => {
    if (Buffer.byteLength(metadata) > metadataBytesMax) {
      throw new SluiceError("INVALID_REQUEST", { reason: `metadata of more than ${metadataBytesMax} bytes` });
    }
    const leaderEpoch = leaderEpochPlusOne > 0 ? leaderEpochPlusOne - 1 : undefined;
    return { topic: topicName(topic), partition, offset, leaderEpoch, metadata };
  });
}

export function toWireOffset(committed: PartitionOffset): CommittedOffset {
  const { topic, partition, offset, leaderEpoch, metadata, committedAtMs } = committed;
  return {
    topic,
    partition,
    offset,
    leaderEpochPlusOne: leaderEpoch === undefined ? 0 : leaderEpoch + 1,
    metadata,
    committedAtMs,
  };
}
