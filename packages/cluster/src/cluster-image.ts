/**
 * Cluster image: what the cluster store holds, as one immutable value at one revision.
 *
 * Every broker builds its own from the same keys and reaches the same image at the same revision.
 */

import type { BrokerId, LeaderEpoch, TopicConfig, TopicId, TopicName } from "@sluice/model";
import { SharedMap } from "./shared-map.js";

export interface ClusterImage {
  /** Revision of the store that this image shows. */
  readonly revision: number;
  /** Which cluster it is. Undefined until the first broker ever has named it. */
  readonly clusterId: string | undefined;
  /** Registered brokers; the same object in images between which none of them changed. */
  readonly brokers: ReadonlyMap<BrokerId, BrokerRegistration>;
  /** `changedKeys` tells cheaply what differs between two images. A topic is another object when one of its partitions is. */
  readonly topics: ReadonlyMap<TopicName, TopicImage>;
  /** The same topics by id. */
  readonly topicsById: ReadonlyMap<TopicId, TopicImage>;
  /**
   * Partitions that belong to no topic: those of topics that do not exist, and those beyond the count of one that does. They are
   * half created, or left over by a crash. By topic id, then partition number.
   */
  readonly unlistedPartitions: ReadonlyMap<TopicId, ReadonlyMap<number, PartitionImage>>;
  /** How many partitions of topics each broker is the preferred leader of, registered or not; none: not in it. */
  readonly preferredLeaders: ReadonlyMap<BrokerId, number>;
  readonly controller: ControllerImage | undefined;
}

export interface BrokerRegistration {
  readonly id: BrokerId;
  /** One per process life: tells two processes with one id apart. A UUID. */
  readonly incarnation: string;
  /** Revision at which this life registered. */
  readonly brokerEpoch: number;
  /** Host and port that clients and other brokers dial. */
  readonly host: string;
  readonly port: number;
  readonly rack: string;
}

export interface TopicImage {
  readonly id: TopicId;
  readonly name: TopicName;
  /** Settings that differ from the default, as they were given. */
  readonly configOverrides: Readonly<Record<string, string>>;
  /** All settings in force. */
  readonly config: TopicConfig;
  readonly replicationFactor: number;
  /** Index = partition number. */
  readonly partitions: readonly PartitionImage[];
  /** Revision of the last change of the topic itself, its partitions aside. */
  readonly version: number;
}

export interface PartitionImage {
  readonly topicId: TopicId;
  readonly partition: number;
  /** Undefined: no leader at present. */
  readonly leader: BrokerId | undefined;
  /** Registration under which the leader was elected. It leads under no other. */
  readonly leaderBrokerEpoch: number;
  readonly leaderEpoch: LeaderEpoch;
  readonly inSyncReplicas: readonly BrokerId[];
  /** The preferred leader first. */
  readonly replicas: readonly BrokerId[];
  /** Revision of the last change: what a compare-and-set of this partition compares. */
  readonly version: number;
}

export interface ControllerImage {
  readonly broker: BrokerId;
  /** Revision at which it became controller: its term. */
  readonly controllerEpoch: number;
}

/** What a store without keys shows. */
export const emptyImage: ClusterImage = {
  revision: 0,
  clusterId: undefined,
  brokers: new Map(),
  topics: SharedMap.from<TopicName, TopicImage>(new Map()),
  topicsById: SharedMap.from<TopicId, TopicImage>(new Map()),
  unlistedPartitions: new Map(),
  preferredLeaders: new Map(),
  controller: undefined,
};
