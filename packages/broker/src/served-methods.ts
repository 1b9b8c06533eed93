/** Every gRPC method that a broker serves, in one list. */

import type { ClusterStore, ImageWatcher } from "@sluice/coordination";
import type { BrokerId, Clock, Random, ServedMethod } from "@sluice/model";
import type { BrokerConfig } from "./broker-config.js";
import type { BrokerCounters } from "./broker-counters.js";
import { serveCreateTopic } from "./cluster/create-topic-handler.js";
import { serveDeleteTopic } from "./cluster/delete-topic-handler.js";
import { serveDescribeCluster } from "./cluster/describe-handler.js";
import { serveDescribeTopic } from "./cluster/describe-topic-handler.js";
import { TopicAdmin } from "./cluster/topic-admin.js";
import type { GroupCoordinator } from "./groups/group-coordinator.js";
import { OffsetLookup } from "./groups/offset-lookup.js";
import { servedGroupMethods } from "./groups/served-group-methods.js";
import { serveFetch } from "./handlers/fetch-handler.js";
import { serveListOffsets } from "./handlers/list-offsets-handler.js";
import type { OpenStreams } from "./handlers/open-streams.js";
import { serveProduce } from "./handlers/produce-handler.js";
import { servePublish } from "./handlers/publish-handler.js";
import { serveSubscribe } from "./handlers/subscribe-handler.js";
import type { InternalClient } from "./internal-client.js";
import type { Logger } from "./logging.js";
import type { PartitionRegistry } from "./partition/partition-registry.js";

export interface ServedMethodsDependencies {
  readonly store: ClusterStore;
  readonly images: ImageWatcher;
  readonly partitions: PartitionRegistry;
  readonly coordinator: GroupCoordinator;
  readonly internalClient: InternalClient;
  readonly counters: BrokerCounters;
  readonly streams: OpenStreams;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Replicas of a partition, unless a topic's creator says otherwise. */
const replicationFactorDefault = 1;

/** The methods of one broker. */
export function servedMethods(
  options: { readonly brokerId: BrokerId; readonly config: BrokerConfig },
  dependencies: ServedMethodsDependencies,
): ServedMethod[] {
  const { brokerId, config } = options;
  const { fetchMaxBytes, defaultPartitions: partitionsDefault } = config;
  const { images } = dependencies;
  const topicAdmin = new TopicAdmin({ partitionsDefault, replicationFactorDefault }, dependencies);
  const { coordinator } = dependencies;
  const data = { ...dependencies, brokerId, image: () => images.image };
  return [
    serveProduce(data),
    serveFetch({ brokerId, fetchMaxBytes }, data),
    serveListOffsets(data),
    servePublish(data),
    serveSubscribe(data),
    serveDescribeCluster({ images }),
    serveDescribeTopic({ images }),
    serveCreateTopic({ topicAdmin, rolesTaken: () => data.partitions.settled() }),
    serveDeleteTopic({ topicAdmin }),
    ...servedGroupMethods({ coordinator, images, offsets: new OffsetLookup({ brokerId }, data) }),
  ];
}
