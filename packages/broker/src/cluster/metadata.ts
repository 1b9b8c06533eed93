/**
 * The cluster image as clients are told of it. Answers at once, from the image of this broker: it may be a moment behind, and
 * clients go by revisions and leader epochs.
 */

import {
  type BrokerRegistration,
  type ClusterImage,
  diffImages,
  type PartitionChange,
  type PartitionImage,
  type TopicImage,
} from "@sluice/cluster";
import { isInternalTopic, SluiceError, topicConfigTable, topicName, toSluiceError } from "@sluice/model";
import {
  type Broker,
  type ConfigSetting,
  type DescribeClusterRequest,
  type DescribeClusterResponse,
  type DescribeTopicResponse,
  type Partition,
  type Topic,
  toWireError,
} from "@sluice/protocol";
import { type DialledListener, endpointFor } from "./dialled-listener.js";

/** Of a request, what says which part of the cluster it is about. */
export type DescribedPart = Pick<DescribeClusterRequest, "topics" | "brokersOnly">;

export interface DescribeOptions {
  readonly dialled: DialledListener;
  /** Why a topic does not exist, where more is known than that, by name. Default: no more is known. */
  readonly failures?: ReadonlyMap<string, SluiceError> | undefined;
}

/** Answer of Cluster.Describe. A topic that cannot be described has its error in band. */
export function describeCluster(
  image: ClusterImage,
  part: DescribedPart,
  { dialled, failures = new Map() }: DescribeOptions,
): DescribeClusterResponse {
  return {
    ...describeHead(image),
    brokers: describeBrokers(image, dialled),
    topics: part.brokersOnly ? [] : describeTopics(image, part.topics, failures),
    deletedTopics: [],
    isDelta: false,
  };
}

/**
 * What has changed of that part since an earlier image, as a watch tells it; undefined where nothing has. Brokers are all of them, or
 * none where none changed; a topic is told whole.
 */
export function describeChanges(
  before: ClusterImage,
  image: ClusterImage,
  { part, dialled }: { readonly part: DescribedPart; readonly dialled: DialledListener },
): DescribeClusterResponse | undefined {
  const delta = diffImages(before, image);
  const asked = new Set(part.topics);
  const isAsked = (name: string): boolean => !part.brokersOnly && (asked.size === 0 || asked.has(name));
  const changed = new Set([...delta.topicsCreated, ...delta.topicsChanged, ...delta.partitionsChanged.map(topicOf)]);
  const topics = [...changed].filter(({ name }) => isAsked(name)).map((topic) => toWireTopic(topic, image));
  const deletedTopics = delta.topicsDeleted
    .map(({ name }) => name)
    .filter((name) => isAsked(name) && !image.topics.has(name));
  const brokers = delta.brokersChanged.length === 0 ? [] : describeBrokers(image, dialled);
  const isSame = topics.length === 0 && deletedTopics.length === 0 && delta.brokersChanged.length === 0;
  if (isSame && !delta.isControllerChanged) return undefined;
  return { ...describeHead(image), brokers, topics, deletedTopics, isDelta: true };
}

/**
 * Answer of Cluster.DescribeTopic.
 *
 * @throws SluiceError INVALID_TOPIC_NAME, UNKNOWN_TOPIC
 */
export function describeTopic(image: ClusterImage, name: string): DescribeTopicResponse {
  const topic = topicOrThrow(image, name);
  return { topic: toWireTopic(topic, image), configs: toWireConfigs(topic) };
}

/** A topic as it travels. @param image who is running */
export function toWireTopic(topic: TopicImage, image: Pick<ClusterImage, "brokers">): Topic {
  return {
    name: topic.name,
    id: topic.id,
    internal: isInternalTopic(topic.name),
    partitions: topic.partitions.map((partition) => describePartition(partition, image)),
    error: null,
    maxMessageBytes: topic.config["max.message.bytes"],
  };
}

/** All settings of a topic as they travel, with those marked that nobody has set. */
export function toWireConfigs(topic: Pick<TopicImage, "config" | "configOverrides">): ConfigSetting[] {
  const values: Readonly<Record<string, unknown>> = topic.config;
  return Object.keys(topicConfigTable).map((key) => ({
    key,
    value: String(values[key]),
    isDefault: !Object.hasOwn(topic.configOverrides, key),
  }));
}

function describeTopics(
  image: ClusterImage,
  names: readonly string[],
  failures: ReadonlyMap<string, SluiceError>,
): Topic[] {
  if (names.length > 0) return names.map((name) => describeOneTopic(image, name, failures.get(name)));
  return [...image.topics.values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((topic) => toWireTopic(topic, image));
}

function describeOneTopic(image: ClusterImage, name: string, failure: SluiceError | undefined): Topic {
  try {
    return toWireTopic(topicOrThrow(image, name), image);
  } catch (error) {
    const wireError = toWireError(failure ?? toSluiceError(error));
    return { name, id: "", internal: isInternalTopic(name), partitions: [], error: wireError, maxMessageBytes: 0 };
  }
}

function topicOrThrow(image: ClusterImage, name: string): TopicImage {
  const topic = image.topics.get(topicName(name));
  if (topic === undefined) throw new SluiceError("UNKNOWN_TOPIC", { topic: name });
  return topic;
}

function describeHead(image: ClusterImage) {
  const { clusterId = "", controller, revision } = image;
  return { clusterId, controllerIdPlusOne: controller === undefined ? 0 : controller.broker + 1, revision };
}

function describeBrokers(image: ClusterImage, dialled: DialledListener): Broker[] {
  const brokers = [...image.brokers.values()].sort((a, b) => a.id - b.id);
  return brokers.map((broker) => describeBroker(broker, { image, dialled }));
}

/** A broker as it travels, with the address at which whoever came that way reaches it. */
export function describeBroker(
  broker: BrokerRegistration,
  { image, dialled }: { readonly image: Pick<ClusterImage, "drainedBrokers">; readonly dialled: DialledListener },
): Broker {
  const { id, rack, brokerEpoch, isActive } = broker;
  const drained = image.drainedBrokers.has(id);
  return { id, ...endpointFor(broker, dialled), rack, brokerEpoch, fenced: !isActive, drained };
}

function describePartition(partition: PartitionImage, { brokers }: Pick<ClusterImage, "brokers">): Partition {
  return {
    partition: partition.partition,
    leaderIdPlusOne: partition.leader === undefined ? 0 : partition.leader + 1,
    leaderEpoch: partition.leaderEpoch,
    replicas: [...partition.replicas],
    inSyncReplicas: [...partition.inSyncReplicas],
    eligibleLeaderReplicas: [...partition.eligibleLeaderReplicas],
    offlineReplicas: partition.replicas.filter((id) => !brokers.has(id)),
    addingReplicas: [...partition.addingReplicas],
    removingReplicas: [...partition.removingReplicas],
  };
}

function topicOf({ topic }: PartitionChange): TopicImage {
  return topic;
}
