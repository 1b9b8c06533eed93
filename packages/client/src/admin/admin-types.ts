/** What an admin takes and answers about topics and the cluster. */

import type { PartitionMetadata, TopicMetadata } from "../cluster-metadata.js";
import type { AnyTopic } from "../topics/topic.js";

export type { AdminError, AdminFailure } from "./admin-failures.js";

/** A topic to create, with the names of kafkajs. */
export interface NewTopic {
  /** Its name. */
  readonly topic: string;
  /** Default: the broker's. */
  readonly numPartitions?: number | undefined;
  /** Default: the broker's. */
  readonly replicationFactor?: number | undefined;
  /** Settings that differ from the default; docs/configuration.md lists them. */
  readonly configEntries?: readonly { readonly name: string; readonly value: string | number | boolean }[] | undefined;
}

/** What `admin.createTopics` takes. */
export interface CreateTopics {
  /** Topics to create; one of `defineTopic` says itself how. */
  readonly topics: readonly (NewTopic | AnyTopic)[];
  /** Check everything and create nothing. Default false. */
  readonly validateOnly?: boolean | undefined;
  /** Taken for the sake of kafkajs: an answer is always given when the leaders are known. */
  readonly waitForLeaders?: boolean | undefined;
}

/** How many partitions a topic is to have, with the names of kafkajs. */
export interface NewPartitions {
  /** Name of the topic. */
  readonly topic: string;
  /** How many there are to be: more than there are. */
  readonly count: number;
}

/** What `admin.createPartitions` takes. */
export interface CreatePartitions {
  /** Topics, each with the number of partitions that it shall have. */
  readonly topicPartitions: readonly NewPartitions[];
  /** Check everything and add nothing. Default false. */
  readonly validateOnly?: boolean | undefined;
}

/** A setting of a topic. docs/configuration.md lists them. */
export interface TopicConfigEntry {
  /** Name of the setting. */
  readonly name: string;
  /** Its value in force, as text. */
  readonly value: string;
  /** Nobody set it for this topic. */
  readonly isDefault: boolean;
}

/** What `admin.alterTopicConfigs` takes. */
export interface AlterTopicConfigs {
  /** By name, or as `defineTopic` gave it. */
  readonly topic: string | AnyTopic;
  /** Settings to change, by name. */
  readonly set?: Readonly<Record<string, string | number | boolean>> | undefined;
  /** Names of settings that get their default back. */
  readonly reset?: readonly string[] | undefined;
  /** Check everything and change nothing. Default false. */
  readonly dryRun?: boolean | undefined;
}

/** What `admin.describeTopic` answers. */
export interface TopicDescription extends TopicMetadata {
  /** Its settings in force. */
  readonly configs: readonly TopicConfigEntry[];
}

/** A partition with the names of kafkajs beside those of Sluice. */
export interface DescribedPartition extends PartitionMetadata {
  /** 0: none. Number of LEADER_NOT_AVAILABLE where there is no leader. */
  readonly partitionErrorCode: number;
  /** The same as `partition`. */
  readonly partitionId: number;
  /** The same as `leaderId`; -1: none at present. */
  readonly leader: number;
  /** The same as `inSyncReplicas`. */
  readonly isr: readonly number[];
}

/** A topic with its partitions. */
export interface DescribedTopic extends TopicMetadata {
  /** By number. */
  readonly partitions: readonly DescribedPartition[];
}

/** First and end offset of one partition. */
export interface TopicOffset {
  /** Partition, from 0. */
  readonly partition: number;
  /** Offset of the next message: the same as `high`. */
  readonly offset: number;
  /** First offset that can be read. */
  readonly low: number;
  /** Offset of the next message. */
  readonly high: number;
}

/** What `admin.describeCluster` answers. */
export interface ClusterDescription {
  /** Identity of the cluster, which never changes. */
  readonly clusterId: string;
  /** Undefined: none at present. */
  readonly controller: number | undefined;
  /** The brokers that are there now. */
  readonly brokers: readonly {
    readonly nodeId: number;
    readonly host: string;
    readonly port: number;
    /** Empty when not set. */
    readonly rack: string;
    /** It is registered and takes no part yet. */
    readonly isFenced: boolean;
    /** Nothing new is placed on it. */
    readonly isDrained: boolean;
  }[];
}

/** The record with the greatest timestamp of a partition. */
export interface LatestRecord {
  /** Partition, from 0. */
  readonly partition: number;
  /** Its offset; -1: the partition is empty. */
  readonly offset: number;
  /** Its timestamp, milliseconds since 1970; -1: the partition is empty. */
  readonly timestamp: number;
}

/** Which records to delete, with the names of kafkajs. */
export interface DeleteTopicRecords {
  /** By name, or as `defineTopic` gave it. */
  readonly topic: string | AnyTopic;
  /** Up to where to delete, by partition. */
  readonly partitions: readonly {
    readonly partition: number;
    /** Offset of the first record to keep, as a number or as its digits. -1: keep none of those that are there. */
    readonly offset: number | string;
  }[];
}

/** What `admin.deleteTopicRecords` answers, of one partition. */
export interface DeletedTopicRecords {
  /** Partition, from 0. */
  readonly partition: number;
  /** First offset that can still be read. */
  readonly low: number;
}

/** What settings belong to, as kafkajs has it. */
export interface ConfigResource {
  /** `ConfigResourceTypes.TOPIC` or `ConfigResourceTypes.BROKER`. */
  readonly type: number;
  /** Name of the topic, or id of the broker as text. */
  readonly name: string;
}

/** What `admin.describeConfigs` takes, as kafkajs has it. */
export interface DescribeConfigs {
  /** Topics and brokers to describe. */
  readonly resources: readonly (ConfigResource & {
    /** Default: all. */
    readonly configNames?: readonly string[] | undefined;
  })[];
  /** Taken for the sake of kafkajs: settings have no synonyms here. */
  readonly includeSynonyms?: boolean | undefined;
}

/** One setting, as kafkajs has it. */
export interface DescribedConfig {
  /** Name of the setting. */
  readonly configName: string;
  /** Its value in force, as text. */
  readonly configValue: string;
  /** Nobody has set it. */
  readonly isDefault: boolean;
  /** One of `ConfigSource`. */
  readonly configSource: number;
  /** Always false: what is secret is not told. */
  readonly isSensitive: boolean;
  /** It cannot be altered while the broker runs. */
  readonly readOnly: boolean;
  /** Always empty. */
  readonly configSynonyms: readonly never[];
}

/** One topic or broker with its settings, as kafkajs has it. */
export interface DescribedResource {
  /** Its settings. */
  readonly configEntries: readonly DescribedConfig[];
  /** Always 0: the call rejects where something fails. */
  readonly errorCode: number;
  /** Always empty. */
  readonly errorMessage: string;
  /** Name of the topic, or id of the broker. */
  readonly resourceName: string;
  /** One of `ConfigResourceTypes`. */
  readonly resourceType: number;
}

/** What `admin.describeConfigs` answers, as kafkajs has it. */
export interface DescribeConfigsResponse {
  /** In the order of the request. */
  readonly resources: readonly DescribedResource[];
  /** Always 0. */
  readonly throttleTime: number;
}

/** What `admin.alterConfigs` takes, as kafkajs has it. */
export interface AlterConfigs {
  /** Topics, each with all the settings that it shall have. */
  readonly resources: readonly (ConfigResource & {
    /** All settings that shall differ from the default. */
    readonly configEntries: readonly { readonly name: string; readonly value: string | number | boolean }[];
  })[];
  /** Check everything and change nothing. Default false. */
  readonly validateOnly?: boolean | undefined;
}

/** What `admin.alterConfigs` answers. */
export interface AlterConfigsResponse {
  /** Those that were altered, in the order of the request. */
  readonly resources: readonly Omit<DescribedResource, "configEntries">[];
  /** Always 0. */
  readonly throttleTime: number;
}

/** A broker as it describes itself. */
export interface BrokerDescription {
  /** Id of the broker. */
  readonly brokerId: number;
  /** Host and port that clients dial. */
  readonly host: string;
  /** TCP port of gRPC, as the broker gives it. */
  readonly port: number;
  /** Empty when not set. */
  readonly rack: string;
  /** Version of Sluice that it runs. */
  readonly version: string;
  /** When it started, by its clock, milliseconds since 1970. */
  readonly startedAtMs: number;
  /** Its clock when it answered, milliseconds since 1970. */
  readonly nowMs: number;
  /** It serves everything that it should. */
  readonly isReady: boolean;
  /** What is not as it should be, in words. */
  readonly problems: readonly string[];
  /** The disk of its data directory. */
  readonly diskBytesTotal: number;
  /** Bytes that are free there. */
  readonly diskBytesFree: number;
  /** Partitions that it leads. */
  readonly leaderPartitions: number;
  /** Its settings, by name, secrets masked; `origin` is where a value came from, in words. */
  readonly configs: readonly { readonly name: string; readonly value: string; readonly origin: string }[];
}
