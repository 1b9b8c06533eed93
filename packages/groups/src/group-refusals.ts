/** Errors that a group refuses requests with, each made in one place. */

import { isOffset, SluiceError } from "@sluice/model";
import type { AssignedPartition, ResetToMake, TopicShapes } from "./group-event.js";
import type { Member } from "./member.js";

/** Why these offsets cannot be stored, or undefined: UNKNOWN_TOPIC, UNKNOWN_PARTITION or INVALID_COMMIT_OFFSET of the first bad one. */
export function offsetsRefusal(
  offsets: readonly (AssignedPartition & { readonly offset: number })[],
  topics: TopicShapes,
): SluiceError | undefined {
  for (const { topic, partition, offset } of offsets) {
    const error = partitionRefusal({ topic, partition }, topics);
    if (error !== undefined) return error;
    const reason = "it is not a whole number from 0 on";
    if (!isOffset(offset)) return new SluiceError("INVALID_COMMIT_OFFSET", { topic, partition, offset, reason });
  }
  return undefined;
}

/** Why there is no such partition, or undefined: UNKNOWN_TOPIC or UNKNOWN_PARTITION. */
export function partitionRefusal(
  { topic, partition }: AssignedPartition,
  topics: TopicShapes,
): SluiceError | undefined {
  const shape = topics.get(topic);
  if (shape === undefined) return new SluiceError("UNKNOWN_TOPIC", { topic });
  if (Number.isInteger(partition) && partition >= 0 && partition < shape.partitions) return undefined;
  return new SluiceError("UNKNOWN_PARTITION", { topic, partition });
}

/** Nobody of that id is in the group. `reason`: why it is not (any more), where that is known. */
export function unknownMember(group: string, memberId: string, reason?: string): SluiceError {
  const known = reason ?? "it left, was put out, or never joined";
  return new SluiceError("UNKNOWN_MEMBER", { member: memberId, group, reason: known });
}

/** Something else is committed than when the move was planned. Undefined: nothing. */
export function offsetsChanged(
  group: string,
  { topic, partition, current: planned }: ResetToMake,
  current: number | undefined,
): SluiceError {
  const shown = { current: current ?? "nothing", planned: planned ?? "nothing" };
  return new SluiceError("OFFSETS_CHANGED", { group, topic, partition, ...shown });
}

/** The group has as many, or as much, as it may have. */
export function groupIsFull(group: string, limit: string): SluiceError {
  return new SluiceError("RESOURCE_EXHAUSTED", { resource: `Group '${group}'`, limit });
}

/** The member speaks for a generation that it was not told last and has not acknowledged last. */
export function staleGeneration(group: string, member: Member, generation: number): SluiceError {
  const { memberId, generation: currentGeneration } = member;
  return new SluiceError("STALE_GENERATION", { group, member: memberId, generation, currentGeneration });
}

/** Only a group without members is changed from outside; names the members, with their clients, for people. */
export function notEmpty(group: string, members: readonly Member[]): SluiceError {
  const names = members.map(({ memberId, identity }) => `${identity.clientId} (${memberId})`);
  return new SluiceError("GROUP_NOT_EMPTY", { group, members: names.join(", ") });
}

/** The state here may be ahead of the log, and has to be read from it again. */
export function loading(group: string): SluiceError {
  return new SluiceError("COORDINATOR_LOADING", { group });
}

export function invalidRequest(reason: string): SluiceError {
  return new SluiceError("INVALID_REQUEST", { reason });
}
