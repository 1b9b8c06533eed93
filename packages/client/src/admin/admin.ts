/**
 * Admin: topics, offsets, groups (in `group-admin`) and the cluster. Names as in kafkajs where it has them; offsets are numbers.
 *
 * What only reads is tried again for a while where it fails; what changes something is tried again only where it was refused.
 */

import { errorCatalogue, topicName } from "@sluice/model";
import type { Cancellable } from "../cancellation.js";
import type { ClientDependencies } from "../client-dependencies.js";
import type { TopicMetadata } from "../cluster-metadata.js";
import { OffsetFinder } from "../consumer/offset-spec.js";
import { checkOptionNames } from "../option-check.js";
import { type AnyTopic, topicNameOf } from "../topics/topic.js";
import { AdminCalls } from "./admin-calls.js";
import type {
  AlterConfigs,
  AlterConfigsResponse,
  AlterTopicConfigs,
  BrokerDescription,
  ClusterDescription,
  CreatePartitions,
  CreateTopics,
  DeletedTopicRecords,
  DeleteTopicRecords,
  DescribeConfigs,
  DescribeConfigsResponse,
  DescribedTopic,
  LatestRecord,
  TopicConfigEntry,
  TopicDescription,
  TopicOffset,
} from "./admin-types.js";
import { ConfigAdmin } from "./config-admin.js";
import { GroupAdmin } from "./group-admin.js";
import { PartitionAdmin } from "./partition-admin.js";
import type {
  AlterPartitionReassignments,
  ElectedLeader,
  LeaderElection,
  ListPartitionReassignments,
  ListPartitionReassignmentsResponse,
  PlanReassignments,
  ReassignmentPlan,
  SetBrokerDrained,
} from "./partition-admin-types.js";
import { RecordAdmin } from "./record-admin.js";
import { TopicAdmin } from "./topic-admin.js";

export class Admin extends GroupAdmin implements AsyncDisposable {
  readonly #onClosed: (admin: Admin) => void;
  readonly #calls: AdminCalls;
  readonly #topics: TopicAdmin;
  readonly #configs: ConfigAdmin;
  readonly #records: RecordAdmin;
  readonly #partitions: PartitionAdmin;
  readonly #finder: OffsetFinder;

  /** Made by `Sluice.admin`. */
  constructor(dependencies: ClientDependencies & { readonly onClosed: (admin: Admin) => void }) {
    super(dependencies);
    this.#onClosed = dependencies.onClosed;
    this.#calls = new AdminCalls(dependencies);
    this.#topics = new TopicAdmin(this.#calls);
    this.#configs = new ConfigAdmin(this.#calls, this.#topics);
    this.#records = new RecordAdmin(this.#calls);
    this.#partitions = new PartitionAdmin(this.#calls);
    this.#finder = new OffsetFinder(dependencies);
  }

  /** Checks that the cluster answers. Not needed before anything else. @throws SluiceError BROKER_UNREACHABLE, WRONG_PORT */
  async connect(options: Cancellable = {}): Promise<void> {
    await this.#calls.describe([], options);
  }

  /**
   * Creates topics, and resolves when the leaders of their partitions are known. A topic of `defineTopic` says itself how.
   * @param request.validateOnly check everything and create nothing
   * @returns false where some of them exist already and nothing else failed: those are left as they are
   * @throws AdminError INVALID_TOPIC_NAME, INTERNAL_TOPIC, INVALID_PARTITION_COUNT, INVALID_REPLICATION_FACTOR,
   *   UNKNOWN_CONFIG_KEY, INVALID_CONFIG_VALUE ..., after all that could be done was done
   * @throws SluiceError UNKNOWN_OPTION, REPLACED_OPTION, INVALID_REQUEST, BROKER_UNREACHABLE, before anything is done
   */
  createTopics(request: CreateTopics, options: Cancellable = {}): Promise<boolean> {
    return this.#topics.create(request, options);
  }

  /**
   * Deletes topics with their records.
   * @throws AdminError UNKNOWN_TOPIC, INTERNAL_TOPIC ..., after all that could be done was done
   * @throws SluiceError UNKNOWN_OPTION, REPLACED_OPTION, INVALID_TOPIC_NAME, BROKER_UNREACHABLE, before anything is done
   */
  deleteTopics(request: { readonly topics: readonly (string | AnyTopic)[] }, options: Cancellable = {}): Promise<void> {
    return this.#topics.delete(request, options);
  }

  /**
   * Gives topics more partitions, and resolves when their leaders are known. Keys of earlier messages stay where they are.
   * @returns true
   * @throws AdminError UNKNOWN_TOPIC, INVALID_PARTITION_COUNT, INTERNAL_TOPIC ..., after all that could be done was done
   * @throws SluiceError UNKNOWN_OPTION, REPLACED_OPTION, INVALID_REQUEST, BROKER_UNREACHABLE, before anything is done
   */
  createPartitions(request: CreatePartitions, options: Cancellable = {}): Promise<boolean> {
    return this.#topics.addPartitions(request, options);
  }

  /**
   * Changes some settings of a topic, at once and without a restart, and leaves the others. Answers with all of them.
   * @throws SluiceError UNKNOWN_TOPIC, INTERNAL_TOPIC, UNKNOWN_CONFIG_KEY, INVALID_CONFIG_VALUE, INVALID_REQUEST, BROKER_UNREACHABLE
   */
  alterTopicConfigs(request: AlterTopicConfigs, options: Cancellable = {}): Promise<TopicConfigEntry[]> {
    return this.#topics.alterConfigs(request, options);
  }

  /**
   * Gives each topic exactly these settings: what is not named gets its default back, as in kafkajs. `alterTopicConfigs` leaves
   * the others.
   * @throws AdminError UNKNOWN_TOPIC, INTERNAL_TOPIC, UNKNOWN_CONFIG_KEY, INVALID_CONFIG_VALUE ...
   * @throws SluiceError UNKNOWN_OPTION, UNSUPPORTED for settings of brokers
   */
  alterConfigs(request: AlterConfigs, options: Cancellable = {}): Promise<AlterConfigsResponse> {
    return this.#configs.alter(request, options);
  }

  /**
   * Settings in force of topics and brokers, as kafkajs has them.
   * @throws AdminError UNKNOWN_TOPIC ...
   * @throws SluiceError UNKNOWN_OPTION, UNSUPPORTED
   */
  describeConfigs(request: DescribeConfigs, options: Cancellable = {}): Promise<DescribeConfigsResponse> {
    return this.#configs.describe(request, options);
  }

  /**
   * A broker as it describes itself: settings and where they came from, health, disk, version.
   * @param request.brokerId default: any one that answers
   * @throws SluiceError INVALID_REQUEST where there is no such broker, BROKER_UNREACHABLE
   */
  describeBroker(
    request: { readonly brokerId?: number | undefined } = {},
    options: Cancellable = {},
  ): Promise<BrokerDescription> {
    return this.#configs.describeBroker(request, options);
  }

  /** Names of all topics, in order; internal ones only where asked for. @throws SluiceError BROKER_UNREACHABLE */
  async listTopics(options: Cancellable & { readonly includeInternal?: boolean } = {}): Promise<string[]> {
    const { topics } = await this.#calls.describe(undefined, options);
    const shown = topics.filter(({ isInternal }) => options.includeInternal === true || !isInternal);
    return shown.map(({ name }) => name).sort();
  }

  /** Topics with their partitions and leaders; all topics without `topics`. @throws SluiceError UNKNOWN_TOPIC, BROKER_UNREACHABLE */
  async fetchTopicMetadata(
    request: { readonly topics?: readonly (string | AnyTopic)[] | undefined } = {},
    options: Cancellable = {},
  ): Promise<{ readonly topics: readonly DescribedTopic[] }> {
    checkOptionNames("fetchTopicMetadata", request, ["topics"]);
    const names = request.topics?.map(topicNameOf);
    if (names !== undefined && names.length === 0) return { topics: [] };
    const { topics } = await this.#calls.describe(names, options);
    return { topics: topics.map(withKafkaJsNames) };
  }

  /** One topic with its partitions and the settings in force. @throws SluiceError UNKNOWN_TOPIC, BROKER_UNREACHABLE */
  describeTopic(topic: string | AnyTopic, options: Cancellable = {}): Promise<TopicDescription> {
    return this.#topics.describe(topic, options);
  }

  /** First and end offset of each partition. @throws SluiceError UNKNOWN_TOPIC, BROKER_UNREACHABLE ... */
  async fetchTopicOffsets(given: string | AnyTopic, options: Cancellable = {}): Promise<TopicOffset[]> {
    const topic = topicNameOf(given);
    const partitions = await this.#partitionsOf(topic, options);
    const [low, high] = await Promise.all([
      this.#finder.find(
        partitions.map((partition) => ({ topic, partition, offset: "earliest" })),
        options,
      ),
      this.#finder.find(
        partitions.map((partition) => ({ topic, partition, offset: "latest" })),
        options,
      ),
    ]);
    return partitions.map((partition, index) => {
      const end = high[index]?.offset as number;
      return { partition, offset: end, low: low[index]?.offset as number, high: end };
    });
  }

  /**
   * In each partition, the first record at or after a time (milliseconds since 1970, or a Date), else the end; without a time, the
   * end.
   * @throws SluiceError UNKNOWN_TOPIC, BROKER_UNREACHABLE ...
   */
  async fetchTopicOffsetsByTimestamp(
    given: string | AnyTopic,
    timestamp?: number | Date,
    options: Cancellable = {},
  ): Promise<{ readonly partition: number; readonly offset: number }[]> {
    const topic = topicNameOf(given);
    const partitions = await this.#partitionsOf(topic, options);
    const offset = timestamp === undefined ? "latest" : { timestamp };
    const places = partitions.map((partition) => ({ topic, partition, offset }) as const);
    const found = await this.#finder.find(places, options);
    return found.map(({ partition, offset: at }) => ({ partition, offset: at }));
  }

  /** In each partition, the record with the greatest timestamp. @throws AdminError, SluiceError UNKNOWN_TOPIC, BROKER_UNREACHABLE ... */
  fetchTopicLatestRecords(topic: string | AnyTopic, options: Cancellable = {}): Promise<LatestRecord[]> {
    return this.#records.latestRecords(topic, options);
  }

  /**
   * Deletes the records of partitions below an offset; -1: all that are there. Answers with what is the first offset then.
   * @throws AdminError OFFSET_OUT_OF_RANGE, UNKNOWN_PARTITION, LEADER_NOT_AVAILABLE ..., after all that could be done was done
   * @throws SluiceError UNKNOWN_TOPIC, INVALID_REQUEST, BROKER_UNREACHABLE
   */
  deleteTopicRecords(request: DeleteTopicRecords, options: Cancellable = {}): Promise<DeletedTopicRecords[]> {
    return this.#records.deleteRecords(request, options);
  }

  /** Identity, controller and brokers. @throws SluiceError BROKER_UNREACHABLE, WRONG_PORT */
  async describeCluster(options: Cancellable = {}): Promise<ClusterDescription> {
    const { clusterId, controllerId, brokers } = await this.#calls.describe([], options);
    return {
      clusterId,
      controller: controllerId,
      brokers: brokers.map(({ id, address: _address, ...broker }) => ({ nodeId: id, ...broker })),
    };
  }

  /**
   * Gives partitions another leader, and answers with who leads each then. Clients notice nothing but a short wait.
   * @returns in the order of `partitions`, each with why it is not the wanted one where it is not; without `partitions`, those
   *   that were moved
   * @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION, UNKNOWN_BROKER, BROKER_UNREACHABLE
   */
  electLeaders(election: LeaderElection, options: Cancellable = {}): Promise<ElectedLeader[]> {
    return this.#partitions.electLeaders(election, options);
  }

  /**
   * Moves replicas to other brokers. It resolves when the moves are recorded; `listPartitionReassignments` tells how far they
   * are. Empty `replicas` cancel a move.
   * @throws AdminError UNKNOWN_TOPIC, UNKNOWN_PARTITION, INVALID_ASSIGNMENT, REASSIGNMENT_IN_PROGRESS ..., of each that was
   *   refused; the others are recorded
   * @throws SluiceError UNKNOWN_OPTION, REPLACED_OPTION, INVALID_OPTION, BROKER_UNREACHABLE
   */
  alterPartitionReassignments(request: AlterPartitionReassignments, options: Cancellable = {}): Promise<void> {
    return this.#partitions.alterReassignments(request, options);
  }

  /** Moves of replicas that are under way. @throws SluiceError UNKNOWN_OPTION, REPLACED_OPTION, UNKNOWN_TOPIC, BROKER_UNREACHABLE */
  listPartitionReassignments(
    request: ListPartitionReassignments = {},
    options: Cancellable = {},
  ): Promise<ListPartitionReassignmentsResponse> {
    return this.#partitions.listReassignments(request, options);
  }

  /**
   * Which moves would empty a broker, or spread replicas and leaders evenly, and what they cost. Changes nothing.
   * @throws SluiceError UNKNOWN_OPTION, UNKNOWN_BROKER, UNKNOWN_TOPIC, INVALID_ASSIGNMENT, BROKER_UNREACHABLE
   */
  planReassignments(request: PlanReassignments = {}, options: Cancellable = {}): Promise<ReassignmentPlan> {
    return this.#partitions.planReassignments(request, options);
  }

  /**
   * Marks a broker so that nothing new is placed on it, or takes the mark away. What it has, stays: see `planReassignments`.
   * @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION, UNKNOWN_BROKER, BROKER_UNREACHABLE
   */
  setBrokerDrained(request: SetBrokerDrained, options: Cancellable = {}): Promise<void> {
    return this.#partitions.setBrokerDrained(request, options);
  }

  /**
   * Has the cluster take up its work again after its store was restored from a backup. All brokers must be running.
   * @returns how many partitions were set anew
   * @throws SluiceError STORE_CONFLICT, BROKER_UNREACHABLE, INVALID_REQUEST where there is nothing to adopt
   */
  adoptRestore(options: Cancellable = {}): Promise<{ readonly partitions: number }> {
    return this.#partitions.adoptRestore(options);
  }

  /** As `close`. */
  disconnect(): Promise<void> {
    return this.close();
  }

  /** Takes nothing more. It holds nothing of its own, so there is nothing to wait for. */
  async close(): Promise<void> {
    this.#calls.close();
    this.#onClosed(this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  protected override checkOpen(): void {
    this.#calls.checkOpen();
  }

  async #partitionsOf(topic: string, options: Cancellable): Promise<number[]> {
    const { topics } = await this.#calls.describe([topicName(topic)], options);
    return (topics[0]?.partitions ?? []).map(({ partition }) => partition);
  }
}

/** The topic with what kafkajs calls things, besides. */
function withKafkaJsNames(topic: TopicMetadata): DescribedTopic {
  const partitions = topic.partitions.map((one) => ({
    ...one,
    partitionErrorCode: one.leaderId === undefined ? errorCatalogue.LEADER_NOT_AVAILABLE.number : 0,
    partitionId: one.partition,
    leader: one.leaderId ?? -1,
    isr: one.inSyncReplicas,
  }));
  return { ...topic, partitions };
}
