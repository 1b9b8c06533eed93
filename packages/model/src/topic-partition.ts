/**
 * Names of topics and partitions.
 *
 * A topic has a name, which people use and may reuse after a delete, and an id, a UUID that is never used twice. Files
 * and cluster state are keyed by the id, so that a name never becomes a path and a new topic never meets old data.
 */

import type { Brand } from "./brand.js";
import { SluiceError } from "./sluice-error.js";

export type TopicName = Brand<string, "TopicName">;
export type TopicId = Brand<string, "TopicId">;
export type GroupName = Brand<string, "GroupName">;

/** One partition by the name of its topic: what clients say. Partitions are numbered from 0. */
export interface TopicPartition {
  /** Name of the topic. */
  readonly topic: string;
  /** Partition, from 0. */
  readonly partition: number;
}

/** The internal topic that holds the committed offsets and the members of consumer groups. */
export const groupOffsetsTopic = "__consumer_offsets" as TopicName;

const namePattern = /^[A-Za-z0-9._-]{1,249}$/;
const topicIdPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** @throws SluiceError INVALID_TOPIC_NAME */
export function topicName(value: string): TopicName {
  if (!isName(value)) throw new SluiceError("INVALID_TOPIC_NAME", { topic: shown(value) });
  return value as TopicName;
}

/** @throws SluiceError INVALID_GROUP_NAME */
export function groupName(value: string): GroupName {
  if (!isName(value)) throw new SluiceError("INVALID_GROUP_NAME", { group: shown(value) });
  return value as GroupName;
}

/** @throws SluiceError INVALID_REQUEST unless `value` is a lower-case UUID. */
export function topicId(value: string): TopicId {
  if (!topicIdPattern.test(value))
    throw new SluiceError("INVALID_REQUEST", { reason: `'${shown(value)}' is not a topic id` });
  return value as TopicId;
}

/** True for topics that Sluice keeps for itself: clients may read them, and may not produce to, create or delete them. */
export function isInternalTopic(topic: string): boolean {
  return topic.startsWith("__");
}

/** `topic-partition`, as people write it in messages. */
export function topicPartitionText(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

function isName(value: string): boolean {
  return namePattern.test(value) && value !== "." && value !== "..";
}

/** What a bad name looks like in a message: never longer than a line, control characters escaped. */
function shown(value: string): string {
  const text = JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  return text.slice(1, -1);
}
