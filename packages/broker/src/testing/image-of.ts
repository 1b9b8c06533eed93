/** Cluster images for tests: one broker and some topics that it leads, unless said otherwise. */

import { type ClusterImage, emptyImage, type PartitionImage, type TopicImage } from "@sluice/cluster";
import {
  type BrokerId,
  brokerId,
  type ConfigValues,
  leaderEpoch,
  readConfig,
  type TopicId,
  topicConfigTable,
  topicId,
  topicName,
} from "@sluice/model";

export interface TopicSketch {
  readonly name: string;
  /** Default 1. */
  readonly partitions?: number;
  readonly leaderEpoch?: number;
  /** Broker id; null: none. Default 1. */
  readonly leader?: number | null;
  /** Registration under which the leader was elected. Default: `brokerEpochOfTests`. */
  readonly leaderBrokerEpoch?: number;
  /** Brokers that keep it. Default: broker 1. */
  readonly replicas?: readonly number[];
  readonly config?: Record<string, string>;
  /** Tells two topics of one name apart. Default 0. */
  readonly incarnation?: number;
}

/** The registration that broker 1 has in these images. */
export const brokerEpochOfTests = 10;

/** What an image shows beside its topics. Default: broker 1 alone. */
export interface ImageSketch {
  /** Other brokers that are registered. */
  readonly others?: readonly number[];
  /** Topics of which the store says that they were deleted. */
  readonly deleted?: readonly TopicId[];
}

/** An image with these topics. */
export function imageOf(
  revision: number,
  sketches: readonly TopicSketch[],
  { others = [], deleted = [] }: ImageSketch = {},
): ClusterImage {
  const topics = sketches.map(topicOf);
  const life = { incarnation: "a", brokerEpoch: brokerEpochOfTests, isActive: true, stateVersion: brokerEpochOfTests };
  const registration = { ...life, host: "127.0.0.1", port: 9, rack: "", listeners: {} };
  const ids = [1, ...others].map(brokerId);
  return {
    ...emptyImage,
    revision,
    brokers: new Map(ids.map((id) => [id, { id, ...registration }])),
    topics: new Map(topics.map((topic) => [topic.name, topic])),
    topicsById: new Map(topics.map((topic) => [topic.id, topic])),
    preferredLeaders: countsOf(topics, ({ replicas }) => replicas.slice(0, 1)),
    replicaCounts: countsOf(topics, ({ replicas }) => replicas),
    deletedTopics: new Map(deleted.map((id) => [id, new Set(ids)])),
  };
}

function countsOf(
  topics: readonly TopicImage[],
  brokersOf: (partition: PartitionImage) => readonly BrokerId[],
): ReadonlyMap<BrokerId, number> {
  const counts = new Map<BrokerId, number>();
  for (const id of topics.flatMap(({ partitions }) => partitions.flatMap(brokersOf))) {
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

function topicOf(sketch: TopicSketch): TopicImage {
  const id = idOf(sketch);
  const config: ConfigValues<typeof topicConfigTable> = readConfig(
    topicConfigTable,
    "topic",
    Object.entries(sketch.config ?? {}).map(([key, raw]) => ({ key, raw })),
  );
  return {
    id,
    name: topicName(sketch.name),
    configOverrides: sketch.config ?? {},
    config,
    partitions: Array.from({ length: sketch.partitions ?? 1 }, (_, index) => partitionOf(sketch, id, index)),
    version: 1,
  };
}

function partitionOf(sketch: TopicSketch, id: TopicId, partition: number): PartitionImage {
  const leader = sketch.leader === undefined ? 1 : sketch.leader;
  const replicas = (sketch.replicas ?? [1]).map(brokerId);
  return {
    topicId: id,
    partition,
    leader: leader === null ? undefined : brokerId(leader),
    leaderBrokerEpoch: sketch.leaderBrokerEpoch ?? brokerEpochOfTests,
    leaderEpoch: leaderEpoch(sketch.leaderEpoch ?? 0),
    inSyncReplicas: replicas,
    eligibleLeaderReplicas: [],
    lastEligibleLeaderReplicas: [],
    replicas,
    addingReplicas: [],
    removingReplicas: [],
    version: 1,
  };
}

/** Id of that topic: a UUID made from the name. */
export function idOf(sketch: Pick<TopicSketch, "name" | "incarnation">): TopicId {
  const hex = Buffer.from(sketch.name).toString("hex").slice(0, 12).padEnd(12, "0");
  const incarnation = String(sketch.incarnation ?? 0).padStart(8, "0");
  return topicId(`${incarnation}-0000-4000-8000-${hex}`);
}
