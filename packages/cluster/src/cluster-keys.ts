/**
 * Keys of the cluster store: the whole schema. What the values hold is in `cluster-values`.
 *
 *     /sluice/cluster                           which cluster this is; written once
 *     /sluice/history                           how often the store was restored from a backup, and whether that was accepted
 *     /sluice/controller               (lease)  who is controller; createRevision = controllerEpoch
 *     /sluice/brokers/ids/<id>         (lease)  a registered broker; createRevision = brokerEpoch; written once in a life
 *     /sluice/brokers/last/<id>                 the last registration of a broker, and whether it may be elected
 *     /sluice/brokers/tick/<id>        (lease)  a counter by which a broker proves that its watch lives; in no image
 *     /sluice/brokers/drained/<id>              nothing new is placed on that broker
 *     /sluice/topics/<name>                     a topic; it exists exactly when this key does
 *     /sluice/topics-deleted/<topicId>/<id>     that topic was deleted, and broker <id> has not said yet that it has none of it
 *     /sluice/parts/<topicId>/<n>               partition n of it; modRevision = version of the partition
 *     /sluice/producer-ids                      the first producer id that was never given to a broker
 *
 * Keys of other families may lie under the prefix: they belong to a newer version and are none of ours.
 */

import {
  type BrokerId,
  brokerId,
  isSluiceError,
  topicId as parseTopicId,
  topicName as parseTopicName,
  SluiceError,
  type TopicId,
  type TopicName,
} from "@sluice/model";

/** All keys of Sluice begin with this. */
export const keyPrefix = "/sluice/";

const brokersPrefix = `${keyPrefix}brokers/ids/`;
const lastRegistrationsPrefix = `${keyPrefix}brokers/last/`;
const brokerTicksPrefix = `${keyPrefix}brokers/tick/`;
const drainedBrokersPrefix = `${keyPrefix}brokers/drained/`;
const topicsPrefix = `${keyPrefix}topics/`;
const partitionsPrefix = `${keyPrefix}parts/`;
const deletedTopicsPrefix = `${keyPrefix}topics-deleted/`;

/** Families with one key for each broker. */
const brokerFamilies = [
  [brokersPrefix, "broker"],
  [lastRegistrationsPrefix, "lastRegistration"],
  [brokerTicksPrefix, "brokerTick"],
  [drainedBrokersPrefix, "drainedBroker"],
] as const;

export const clusterKey = `${keyPrefix}cluster`;
export const historyKey = `${keyPrefix}history`;
export const controllerKey = `${keyPrefix}controller`;
export const producerIdsKey = `${keyPrefix}producer-ids`;

export function brokerKey(id: BrokerId): string {
  return `${brokersPrefix}${id}`;
}

export function lastRegistrationKey(id: BrokerId): string {
  return `${lastRegistrationsPrefix}${id}`;
}

export function brokerTickKey(id: BrokerId): string {
  return `${brokerTicksPrefix}${id}`;
}

export function drainedBrokerKey(id: BrokerId): string {
  return `${drainedBrokersPrefix}${id}`;
}

export function topicKey(name: TopicName): string {
  return `${topicsPrefix}${name}`;
}

export function partitionKey(topicId: TopicId, partition: number): string {
  return `${partitionsKeyPrefix(topicId)}${partition}`;
}

/** What the keys of all partitions of a topic, and no other keys, begin with. */
export function partitionsKeyPrefix(topicId: TopicId): string {
  return `${partitionsPrefix}${topicId}/`;
}

/** Of a topic that was deleted, and of a broker that kept replicas of it. */
export function deletedTopicKey(topicId: TopicId, id: BrokerId): string {
  return `${deletedTopicsPrefix}${topicId}/${id}`;
}

export type ClusterKey =
  | { readonly type: "cluster" }
  | { readonly type: "history" }
  | { readonly type: "controller" }
  | { readonly type: "producerIds" }
  | { readonly type: "broker" | "lastRegistration" | "brokerTick" | "drainedBroker"; readonly id: BrokerId }
  | { readonly type: "topic"; readonly name: TopicName }
  | { readonly type: "deletedTopic"; readonly topicId: TopicId; readonly id: BrokerId }
  | { readonly type: "partition"; readonly topicId: TopicId; readonly partition: number };

/**
 * What a key stands for. Undefined: it belongs to a family that this version does not know.
 *
 * @throws SluiceError CORRUPT_CLUSTER_KEY where the family is known and the rest makes no sense
 */
export function parseClusterKey(key: string): ClusterKey | undefined {
  if (key === clusterKey) return { type: "cluster" };
  if (key === historyKey) return { type: "history" };
  if (key === controllerKey) return { type: "controller" };
  if (key === producerIdsKey) return { type: "producerIds" };
  for (const [prefix, type] of brokerFamilies) {
    if (key.startsWith(prefix)) return { type, id: brokerId(parseNumber(key, key.slice(prefix.length))) };
  }
  if (key.startsWith(topicsPrefix)) return { type: "topic", name: readName(key) };
  if (key.startsWith(partitionsPrefix)) {
    const { topicId, number: partition } = parseTopicIdAndNumber(key, partitionsPrefix);
    return { type: "partition", topicId, partition };
  }
  if (key.startsWith(deletedTopicsPrefix)) {
    const { topicId, number } = parseTopicIdAndNumber(key, deletedTopicsPrefix);
    return { type: "deletedTopic", topicId, id: brokerId(number) };
  }
  return undefined;
}

/** The error for a key whose name or value makes no sense. */
export function corruptKey(key: string, reason: string, cause?: unknown): SluiceError {
  return new SluiceError("CORRUPT_CLUSTER_KEY", { key, reason }, cause === undefined ? undefined : { cause });
}

function readName(key: string): TopicName {
  try {
    return parseTopicName(key.slice(topicsPrefix.length));
  } catch (error) {
    throw isSluiceError(error) ? corruptKey(key, "not a topic name", error) : error;
  }
}

function parseTopicIdAndNumber(key: string, prefix: string): { readonly topicId: TopicId; readonly number: number } {
  const [id = "", number = "", ...rest] = key.slice(prefix.length).split("/");
  if (rest.length > 0) throw corruptKey(key, "too many parts");
  try {
    return { topicId: parseTopicId(id), number: parseNumber(key, number) };
  } catch (error) {
    throw isSluiceError(error, "INVALID_REQUEST") ? corruptKey(key, "not a topic id", error) : error;
  }
}

/** A number as it is written in keys: int32, without sign and leading zeros, so that one number has one key. */
function parseNumber(key: string, text: string): number {
  const value = /^(0|[1-9]\d{0,9})$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= 0x7fffffff)) throw corruptKey(key, `'${text}' is not a number`);
  return value;
}
