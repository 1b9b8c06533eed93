/** Every gRPC method that a broker serves, in one list. */

import type { ClusterStore, ImageWatcher } from "@sluice/coordination";
import type { BrokerId, Clock, Random, ServedMethod, TopicId } from "@sluice/model";
import type { BrokerConfig } from "./broker-config.js";
import type { BrokerCounters } from "./broker-counters.js";
import { brokerVersion } from "./broker-version.js";
import { serveAlterTopicConfigs } from "./cluster/alter-topic-configs-handler.js";
import { serveCreatePartitions } from "./cluster/create-partitions-handler.js";
import { serveCreateTopic } from "./cluster/create-topic-handler.js";
import { serveDeleteTopic } from "./cluster/delete-topic-handler.js";
import { type BrokerSelf, brokerSettings, serveDescribeBroker } from "./cluster/describe-broker-handler.js";
import { serveDescribeCluster } from "./cluster/describe-handler.js";
import { serveDescribeTopic } from "./cluster/describe-topic-handler.js";
import { serveInitProducerId } from "./cluster/init-producer-id-handler.js";
import { MissingTopics } from "./cluster/missing-topics.js";
import { ProducerIdAllocator } from "./cluster/producer-id-allocator.js";
import { servedClusterMethods } from "./cluster/served-cluster-methods.js";
import { TopicAdmin } from "./cluster/topic-admin.js";
import type { HandedPartition, LeaderHandover } from "./controller/leader-handover.js";
import type { GroupCoordinator } from "./groups/group-coordinator.js";
import { OffsetLookup } from "./groups/offset-lookup.js";
import { servedGroupMethods } from "./groups/served-group-methods.js";
import { serveDeleteRecords } from "./handlers/delete-records-handler.js";
import { serveFetch } from "./handlers/fetch-handler.js";
import { serveListOffsets } from "./handlers/list-offsets-handler.js";
import type { OpenStreams } from "./handlers/open-streams.js";
import { serveProduce } from "./handlers/produce-handler.js";
import { servePublish } from "./handlers/publish-handler.js";
import { serveSubscribe } from "./handlers/subscribe-handler.js";
import type { InternalClient } from "./internal-client.js";
import type { Logger } from "./logging.js";
import type { PartitionRegistry } from "./partition/partition-registry.js";
import type { Readiness } from "./readiness.js";
import type { SlowRequestLog } from "./slow-request-log.js";
import type { StoreHistory } from "./store-history.js";

export interface ServedMethodsDependencies {
  readonly store: ClusterStore;
  readonly images: ImageWatcher;
  readonly storeHistory: StoreHistory;
  readonly partitions: PartitionRegistry;
  readonly coordinator: GroupCoordinator;
  readonly internalClient: InternalClient;
  /** Gives leaderships of this broker away. */
  readonly handover: Pick<LeaderHandover, "handOver">;
  readonly counters: BrokerCounters;
  readonly streams: OpenStreams;
  readonly slowRequests: SlowRequestLog;
  readiness(): Readiness;
  /** By key of the configuration, where its value came from, in words. Keys that have their default are not in it. */
  readonly configOrigins: ReadonlyMap<string, string>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The disk of the data directory, in bytes. */
  diskBytes(): Promise<{ readonly total: number; readonly free: number }>;
}

export interface ServedMethodsOptions {
  readonly brokerId: BrokerId;
  readonly config: BrokerConfig;
  /** Name of the listener at which they are served. Empty: the only one. */
  readonly listener: string;
}

/** The methods of one listener of a broker, as clients call them. */
export function servedMethods(options: ServedMethodsOptions, dependencies: ServedMethodsDependencies): ServedMethod[] {
  const { brokerId, config, listener } = options;
  const { fetchMaxBytes, defaultPartitions: partitionsDefault } = config;
  const replicationFactorDefault = config.defaultReplicationFactor;
  const { images, clock } = dependencies;
  const topicAdmin = new TopicAdmin({ partitionsDefault, replicationFactorDefault }, dependencies);
  const { coordinator, partitions, handover } = dependencies;
  const led = (topicId: TopicId, partition: number) => partitions.handed(topicId, partition);
  const handOver = (handed: HandedPartition, candidate: BrokerId) => handover.handOver(handed, candidate);
  const topics = { topicAdmin, images, rolesTaken: (topic: string) => partitions.settled(topic) };
  const missingTopics = config.autoCreateTopics ? new MissingTopics(topics) : undefined;
  const data = { ...dependencies, brokerId, image: () => images.image };
  return [
    serveProduce(data),
    serveFetch({ brokerId, fetchMaxBytes }, data),
    serveListOffsets(data),
    serveDeleteRecords(data),
    servePublish(data),
    serveSubscribe(data),
    serveInitProducerId({ producerIds: new ProducerIdAllocator(dependencies) }),
    serveDescribeCluster({ images, listener, missingTopics }),
    serveDescribeTopic({ images }),
    serveCreateTopic(topics),
    serveDeleteTopic(topics),
    serveCreatePartitions(topics),
    serveAlterTopicConfigs(topics),
    serveDescribeBroker({ brokerId }, { images, listener, clock, self: selfOf(config, dependencies) }),
    ...servedClusterMethods({ brokerId, listener }, { ...dependencies, led, handOver }),
    ...servedGroupMethods({ coordinator, images, offsets: new OffsetLookup({ brokerId }, data) }),
  ];
}

/** Made when the broker starts. */
function selfOf(config: BrokerConfig, dependencies: ServedMethodsDependencies): BrokerSelf {
  const { clock, configOrigins, partitions } = dependencies;
  return {
    version: brokerVersion(),
    startedAtMs: clock.nowMs(),
    settings: () => brokerSettings(config, configOrigins),
    readiness: () => dependencies.readiness(),
    diskBytes: () => dependencies.diskBytes(),
    leaderPartitions: () => partitions.totals().led,
  };
}
