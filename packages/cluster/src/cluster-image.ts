/**
 * Cluster image: what the cluster store holds, as one immutable value at one revision.
 *
 * Every broker builds its own from the same keys and reaches the same image at the same revision.
 */

import type { BrokerId, TopicConfig, TopicId, TopicName } from "@sluice/model";
import type { PartitionValue } from "./cluster-values.js";
import { SharedMap } from "./shared-map.js";

export interface ClusterImage {
  /** Revision of the store that this image shows. */
  readonly revision: number;
  /** Which cluster it is. Undefined until the first broker ever has named it. */
  readonly clusterId: string | undefined;
  /** Which history of the store this is: it has another one after a restore from a backup. */
  readonly history: HistoryImage;
  /** Registered brokers; the same object in images between which none of them changed. */
  readonly brokers: ReadonlyMap<BrokerId, BrokerRegistration>;
  /** The last registration of every broker that ever was. */
  readonly lastRegistrations: ReadonlyMap<BrokerId, LastRegistration>;
  /** Brokers on which nothing new is placed. */
  readonly drainedBrokers: ReadonlySet<BrokerId>;
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
  /** How many replicas of partitions of topics each broker keeps, registered or not; none: not in it. */
  readonly replicaCounts: ReadonlyMap<BrokerId, number>;
  readonly controller: ControllerImage | undefined;
  /**
   * Topics that the store says were deleted, and the brokers that have not said since that they have nothing of them. A topic that is
   * neither here nor among the topics may just have been forgotten, by a restore from a backup.
   */
  readonly deletedTopics: ReadonlyMap<TopicId, ReadonlySet<BrokerId>>;
}

export interface HistoryImage {
  /** It grows by 1 with every restored backup that an operator accepts. */
  readonly number: number;
  /** The store was restored from a backup, and no operator has accepted that yet: no broker leads or follows. */
  readonly isRestored: boolean;
  /** Revision of the key; 0: there is none. */
  readonly version: number;
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
  /** By listener name, what clients that came through that listener dial. Empty: host and port, for everybody. */
  readonly listeners: Readonly<Record<string, BrokerEndpoint>>;
  readonly rack: string;
  /** It has caught up with the cluster's state and may be elected. False: it is fenced. */
  readonly isActive: boolean;
  /** Revision of what says so: what an election of this broker compares. 0: nothing says so yet. */
  readonly stateVersion: number;
}

export interface BrokerEndpoint {
  readonly host: string;
  readonly port: number;
}

/** The last registration of a broker, running or not. */
export interface LastRegistration {
  readonly brokerEpoch: number;
  readonly isActive: boolean;
  /** Revision of the key. */
  readonly version: number;
}

export interface TopicImage {
  readonly id: TopicId;
  readonly name: TopicName;
  /** Settings that differ from the default, as they were given. */
  readonly configOverrides: Readonly<Record<string, string>>;
  /** All settings in force. */
  readonly config: TopicConfig;
  /** Index = partition number. */
  readonly partitions: readonly PartitionImage[];
  /** Revision of the last change of the topic itself, its partitions aside. */
  readonly version: number;
}

/** What the store holds of a partition, and where. */
export interface PartitionImage extends PartitionValue {
  readonly topicId: TopicId;
  readonly partition: number;
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
  history: { number: 0, isRestored: false, version: 0 },
  brokers: new Map(),
  lastRegistrations: new Map(),
  drainedBrokers: new Set(),
  topics: SharedMap.from<TopicName, TopicImage>(new Map()),
  topicsById: SharedMap.from<TopicId, TopicImage>(new Map()),
  unlistedPartitions: new Map(),
  preferredLeaders: new Map(),
  replicaCounts: new Map(),
  controller: undefined,
  deletedTopics: SharedMap.from<TopicId, ReadonlySet<BrokerId>>(new Map()),
};
