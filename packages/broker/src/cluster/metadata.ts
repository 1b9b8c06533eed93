/**
 * The cluster image as clients are told of it. Answers at once, from the image of this broker: it may be a moment behind, and
 * clients go by revisions and leader epochs.
 */

import type { BrokerRegistration, ClusterImage, PartitionImage, TopicImage } from "@sluice/cluster";
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

/**
 * Answer of Cluster.Describe. A topic that cannot be described has its error in band.
 *
 * @param failures why a topic does not exist, where more is known than that, by name
 */
export function describeCluster(
  image: ClusterImage,
  request: DescribeClusterRequest,
  failures: ReadonlyMap<string, SluiceError> = new Map(),
): DescribeClusterResponse {
  const { controller } = image;
  return {
    clusterId: image.clusterId ?? "",
    controllerIdPlusOne: controller === undefined ? 0 : controller.broker + 1,
    brokers: [...image.brokers.values()].sort((a, b) => a.id - b.id).map(describeBroker),
    topics: request.brokersOnly ? [] : describeTopics(image, request.topics, failures),
    revision: image.revision,
  };
}

/**
 * Answer of Cluster.DescribeTopic.
 *
 * @throws SluiceError INVALID_TOPIC_NAME, UNKNOWN_TOPIC
 */
export function describeTopic(image: ClusterImage, name: string): DescribeTopicResponse {
  const topic = topicOrThrow(image, name);
  return { topic: toWireTopic(topic), configs: toWireConfigs(topic) };
}

/** A topic as it travels. */
export function toWireTopic(topic: TopicImage): Topic {
  return {
    name: topic.name,
    id: topic.id,
    internal: isInternalTopic(topic.name),
    partitions: topic.partitions.map(describePartition),
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
  return [...image.topics.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).map(toWireTopic);
}

function describeOneTopic(image: ClusterImage, name: string, failure: SluiceError | undefined): Topic {
  try {
    return toWireTopic(topicOrThrow(image, name));
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

function describeBroker(broker: BrokerRegistration): Broker {
  return { id: broker.id, host: broker.host, port: broker.port, rack: broker.rack };
}

function describePartition(partition: PartitionImage): Partition {
  return {
    partition: partition.partition,
    leaderIdPlusOne: partition.leader === undefined ? 0 : partition.leader + 1,
    leaderEpoch: partition.leaderEpoch,
    replicas: [...partition.replicas],
    inSyncReplicas: [...partition.inSyncReplicas],
  };
}
