/** A cluster as its brokers describe it, and how one answer of theirs becomes that. */

import type { BrokerAddress, SluiceError } from "@sluice/model";
import { type Broker, type DescribeClusterResponse, fromWireError, type Topic } from "@sluice/protocol";

/** A broker of the cluster. */
export interface BrokerMetadata {
  /** Id of the broker. */
  readonly id: number;
  /** Host and port as the broker gives them. */
  readonly host: string;
  /** TCP port of gRPC, as the broker gives it. */
  readonly port: number;
  /** Empty when not set. */
  readonly rack: string;
  /** It is registered and takes no part yet: it may not be elected. */
  readonly isFenced: boolean;
  /** Nothing new is placed on it. */
  readonly isDrained: boolean;
  /** Where this client dials it: through `addressMap`. */
  readonly address: BrokerAddress;
}

/** A partition, and who leads it. */
export interface PartitionMetadata {
  /** Partition, from 0. */
  readonly partition: number;
  /** Undefined: none at present. */
  readonly leaderId: number | undefined;
  /** Leadership term: one more at each change of the leader. */
  readonly leaderEpoch: number;
  /** Ids of the brokers that keep it, the preferred leader first. */
  readonly replicas: readonly number[];
  /** Ids of the brokers that have all that is acknowledged. */
  readonly inSyncReplicas: readonly number[];
  /** Ids of those that are not in sync any more, and still have all that was acknowledged. */
  readonly eligibleLeaderReplicas: readonly number[];
  /** Ids of those whose broker is not running. */
  readonly offlineReplicas: readonly number[];
  /** Ids of those that a move under way adds. */
  readonly addingReplicas: readonly number[];
  /** Ids of those that a move under way will remove. */
  readonly removingReplicas: readonly number[];
}

/** A topic and its partitions. */
export interface TopicMetadata {
  /** Name of the topic. */
  readonly name: string;
  /** A UUID, never used twice. */
  readonly id: string;
  /** It belongs to the cluster, as `__consumer_offsets` does. */
  readonly isInternal: boolean;
  /** By number. */
  readonly partitions: readonly PartitionMetadata[];
  /** Bytes of the largest record batch that it takes; 0: the broker does not say. */
  readonly maxMessageBytes: number;
}

export interface ClusterMetadata {
  readonly clusterId: string;
  /** Undefined: none at present. */
  readonly controllerId: number | undefined;
  readonly brokers: readonly BrokerMetadata[];
  readonly topics: readonly TopicMetadata[];
}

/** Where to send what is meant for one partition. */
export interface PartitionLeader {
  readonly brokerId: number;
  readonly address: BrokerAddress;
  readonly leaderEpoch: number;
}

/** What one broker answered, at one revision of the cluster. */
export interface ClusterAnswer extends ClusterMetadata {
  /** The state that it shows. It grows with every change of the cluster. */
  readonly revision: number;
  /** Why topics that were asked for cannot be described, by name. */
  readonly errors: ReadonlyMap<string, SluiceError>;
  /** Of a watch: names that no longer exist. */
  readonly deletedTopics: readonly string[];
  /** Of a watch: what is not in it is as it was. */
  readonly isDelta: boolean;
}

/** @param dialled where this client dials for an address that a broker gives. */
export function clusterAnswerOf(
  response: DescribeClusterResponse,
  dialled: (address: BrokerAddress) => BrokerAddress,
): ClusterAnswer {
  const topics: TopicMetadata[] = [];
  const errors = new Map<string, SluiceError>();
  for (const topic of response.topics) {
    if (topic.error) errors.set(topic.name, fromWireError(topic.error));
    else topics.push(topicOf(topic));
  }
  return {
    clusterId: response.clusterId,
    controllerId: idOf(response.controllerIdPlusOne),
    brokers: response.brokers.map((broker) => brokerOf(broker, dialled)),
    topics,
    errors,
    revision: response.revision,
    deletedTopics: response.deletedTopics,
    isDelta: response.isDelta,
  };
}

function brokerOf(
  { id, host, port, rack, fenced, drained }: Broker,
  dialled: (address: BrokerAddress) => BrokerAddress,
): BrokerMetadata {
  return { id, host, port, rack, isFenced: fenced, isDrained: drained, address: dialled({ host, port }) };
}

function topicOf({ name, id, internal, maxMessageBytes, partitions }: Topic): TopicMetadata {
  const known = partitions.map(({ leaderIdPlusOne, ...rest }) => ({ ...rest, leaderId: idOf(leaderIdPlusOne) }));
  known.sort((left, right) => left.partition - right.partition);
  return { name, id, isInternal: internal, partitions: known, maxMessageBytes };
}

function idOf(idPlusOne: number): number | undefined {
  return idPlusOne === 0 ? undefined : idPlusOne - 1;
}
