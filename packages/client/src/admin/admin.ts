/**
 * Admin: topics, offsets, groups and the cluster. Names as in kafkajs where it has them; offsets are numbers.
 *
 * What only reads is tried again for a while where it fails; what changes something is tried again only where it was refused.
 */

import { groupName, SluiceError, topicName, type UnaryMethod } from "@sluice/model";
import { clusterService, fromWireError, groupsService } from "@sluice/protocol";
import type { Cancellable } from "../cancellation.js";
import type { ClientDependencies } from "../client-dependencies.js";
import { byPartition } from "../consumer/offset-committer.js";
import { keyOf, OffsetFinder } from "../consumer/offset-spec.js";
import type { ClusterMetadata, TopicMetadata } from "../metadata-cache.js";
import { checkOptionNames } from "../option-check.js";
import type {
  ClusterDescription,
  CommittedTopicOffsets,
  GroupDescription,
  GroupOverview,
  NewTopic,
  PlannedOffsetReset,
  ResetOffsets,
  SetOffsets,
  TopicDescription,
  TopicOffset,
} from "./admin-types.js";
import { GroupAdmin } from "./group-admin.js";

const createNames = ["topics", "validateOnly"];
const newTopicNames = [
  "topic",
  "numPartitions",
  "replicationFactor",
  "configEntries",
] as const satisfies readonly (keyof NewTopic)[];

export class Admin implements AsyncDisposable {
  readonly #dependencies: ClientDependencies;
  readonly #onClosed: (admin: Admin) => void;
  readonly #groups: GroupAdmin;
  readonly #finder: OffsetFinder;
  #isClosed = false;

  /** Made by `Sluice.admin`. */
  constructor(dependencies: ClientDependencies & { readonly onClosed: (admin: Admin) => void }) {
    this.#dependencies = dependencies;
    this.#onClosed = dependencies.onClosed;
    this.#groups = new GroupAdmin(dependencies);
    this.#finder = new OffsetFinder(dependencies);
  }

  /** Checks that the cluster answers. Not needed before anything else. @throws SluiceError BROKER_UNREACHABLE, WRONG_PORT */
  async connect(options: Cancellable = {}): Promise<void> {
    await this.#describe([], options);
  }

  /**
   * Creates topics, one after the other, and resolves when the leaders of their partitions are known.
   * @param request.validateOnly check everything and create nothing
   * @throws SluiceError TOPIC_ALREADY_EXISTS, INVALID_TOPIC_NAME, INVALID_PARTITION_COUNT, INVALID_REPLICATION_FACTOR,
   *   UNKNOWN_CONFIG_KEY, INVALID_CONFIG_VALUE, UNKNOWN_OPTION, BROKER_UNREACHABLE
   */
  async createTopics(
    request: { readonly topics: readonly NewTopic[]; readonly validateOnly?: boolean | undefined },
    options: Cancellable = {},
  ): Promise<void> {
    checkOptionNames("createTopics", request, createNames);
    for (const topic of request.topics) checkOptionNames("a new topic", topic, newTopicNames);
    for (const { topic, numPartitions, replicationFactor, configEntries } of request.topics) {
      const wire = {
        name: topicName(topic),
        partitions: numPartitions ?? 0,
        replicationFactor: replicationFactor ?? 0,
        configs: (configEntries ?? []).map(({ name, value }) => ({ key: name, value: String(value) })),
        validateOnly: request.validateOnly ?? false,
      };
      await this.#callOnce(clusterService.createTopic, wire, options);
    }
    if (request.validateOnly !== true && request.topics.length > 0)
      await this.#dependencies.metadata.refresh(
        request.topics.map(({ topic }) => topic),
        options,
      );
  }

  /** Deletes topics with their records. @throws SluiceError UNKNOWN_TOPIC, INTERNAL_TOPIC, BROKER_UNREACHABLE */
  async deleteTopics(request: { readonly topics: readonly string[] }, options: Cancellable = {}): Promise<void> {
    checkOptionNames("deleteTopics", request, ["topics"]);
    for (const name of request.topics) {
      await this.#callOnce(clusterService.deleteTopic, { name }, options);
      this.#dependencies.metadata.forget(name);
    }
  }

  /** Names of all topics, in order; internal ones only where asked for. @throws SluiceError BROKER_UNREACHABLE */
  async listTopics(options: Cancellable & { readonly includeInternal?: boolean } = {}): Promise<string[]> {
    const { topics } = await this.#describe(undefined, options);
    const shown = topics.filter(({ isInternal }) => options.includeInternal === true || !isInternal);
    return shown.map(({ name }) => name).sort();
  }

  /** Topics with their partitions and leaders; all topics without `topics`. @throws SluiceError UNKNOWN_TOPIC, BROKER_UNREACHABLE */
  async fetchTopicMetadata(
    request: { readonly topics?: readonly string[] | undefined } = {},
    options: Cancellable = {},
  ): Promise<{ readonly topics: readonly TopicMetadata[] }> {
    checkOptionNames("fetchTopicMetadata", request, ["topics"]);
    const names = request.topics;
    if (names !== undefined && names.length === 0) return { topics: [] };
    const { topics } = await this.#describe(names, options);
    return { topics };
  }

  /** One topic with its partitions and the settings in force. @throws SluiceError UNKNOWN_TOPIC, BROKER_UNREACHABLE */
  async describeTopic(name: string, options: Cancellable = {}): Promise<TopicDescription> {
    const response = await this.#callAny(clusterService.describeTopic, { name: topicName(name) }, options);
    const { topics } = await this.#describe([name], options);
    const topic = topics[0];
    if (response.topic?.error) throw fromWireError(response.topic.error);
    if (topic === undefined) throw new SluiceError("UNKNOWN_TOPIC", { topic: name });
    const configs = response.configs.map(({ key, value, isDefault }) => ({ name: key, value, isDefault }));
    return { ...topic, configs };
  }

  /** First and end offset of each partition. @throws SluiceError UNKNOWN_TOPIC, BROKER_UNREACHABLE ... */
  async fetchTopicOffsets(topic: string, options: Cancellable = {}): Promise<TopicOffset[]> {
    const partitions = await this.#partitions(topic, options);
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
   * In each partition, the first record at or after a time (milliseconds since 1970, or a Date), else the end.
   * @throws SluiceError UNKNOWN_TOPIC, BROKER_UNREACHABLE ...
   */
  async fetchTopicOffsetsByTimestamp(
    topic: string,
    timestamp: number | Date,
    options: Cancellable = {},
  ): Promise<{ readonly partition: number; readonly offset: number }[]> {
    const partitions = await this.#partitions(topic, options);
    const places = partitions.map((partition) => ({ topic, partition, offset: { timestamp } }));
    const found = await this.#finder.find(places, options);
    return found.map(({ partition, offset }) => ({ partition, offset }));
  }

  /** Identity, controller and brokers. @throws SluiceError BROKER_UNREACHABLE, WRONG_PORT */
  async describeCluster(options: Cancellable = {}): Promise<ClusterDescription> {
    const { clusterId, controllerId, brokers } = await this.#describe([], options);
    return {
      clusterId,
      controller: controllerId,
      brokers: brokers.map(({ id, host, port, rack }) => ({ nodeId: id, host, port, rack })),
    };
  }

  /** All groups of the cluster, by name. @throws SluiceError BROKER_UNREACHABLE */
  async listGroups(options: Cancellable = {}): Promise<{ readonly groups: readonly GroupOverview[] }> {
    const { brokers } = await this.#describe([], options);
    const { connections } = this.#dependencies;
    const answers = await Promise.all(
      brokers.map(({ address }) => connections.call(address, groupsService.list, {}, options)),
    );
    const groups = answers.flatMap((answer) => answer.groups);
    return {
      groups: groups
        .map(({ group, state, members }) => ({ groupId: group, state, members }))
        .sort((left, right) => (left.groupId < right.groupId ? -1 : 1)),
    };
  }

  /** State, members and committed offsets of a group. @throws SluiceError UNKNOWN_GROUP, BROKER_UNREACHABLE ... */
  describeGroup(groupId: string, options: Cancellable = {}): Promise<GroupDescription> {
    return this.#groups.describe(groupName(groupId), options);
  }

  /** As `describeGroup`, of several. @throws as `describeGroup` */
  async describeGroups(
    groupIds: readonly string[],
    options: Cancellable = {},
  ): Promise<{ readonly groups: readonly GroupDescription[] }> {
    return { groups: await Promise.all(groupIds.map((groupId) => this.describeGroup(groupId, options))) };
  }

  /** Deletes groups without members, with what they committed. @throws SluiceError UNKNOWN_GROUP, GROUP_NOT_EMPTY ... */
  async deleteGroups(groupIds: readonly string[], options: Cancellable = {}): Promise<void> {
    for (const groupId of groupIds) await this.#groups.delete(groupName(groupId), options);
  }

  /**
   * What a group has committed, by topic; for all partitions of `topics` where they are given, with offset -1 for nothing.
   * @throws SluiceError UNKNOWN_TOPIC, BROKER_UNREACHABLE ...
   */
  async fetchOffsets(
    request: { readonly groupId: string; readonly topics?: readonly string[] | undefined },
    options: Cancellable = {},
  ): Promise<CommittedTopicOffsets[]> {
    checkOptionNames("fetchOffsets", request, ["groupId", "topics"]);
    const group = groupName(request.groupId);
    const committed = await this.#groups.fetchOffsets(group, options);
    const topics = request.topics ?? [...new Set(committed.map(({ topic }) => topic))].sort();
    const known = byPartition(committed);
    return await Promise.all(
      topics.map(async (topic) => {
        const all = request.topics === undefined ? undefined : await this.#partitions(topic, options);
        const numbers = all ?? committed.filter((one) => one.topic === topic).map(({ partition }) => partition);
        const partitions = [...numbers]
          .sort((left, right) => left - right)
          .map((partition) => {
            const offset = known.get(keyOf({ topic, partition }));
            return { partition, offset: offset?.offset ?? -1, metadata: offset?.metadata ?? "" };
          });
        return { topic, partitions };
      }),
    );
  }

  /** Sets committed offsets of a group without members. @throws SluiceError GROUP_NOT_EMPTY, INVALID_COMMIT_OFFSET ... */
  async setOffsets(request: SetOffsets, options: Cancellable = {}): Promise<void> {
    await this.#groups.setOffsets(request, options);
  }

  /**
   * Moves what a group without members has committed for a topic. Says what it did; with `dryRun`, what it would do.
   * @throws SluiceError GROUP_NOT_EMPTY, UNKNOWN_TOPIC, INVALID_REQUEST ...
   */
  resetOffsets(request: ResetOffsets, options: Cancellable = {}): Promise<PlannedOffsetReset[]> {
    return this.#groups.resetOffsets(request, options);
  }

  /** As `close`. */
  disconnect(): Promise<void> {
    return this.close();
  }

  /** Takes nothing more. It holds nothing of its own, so there is nothing to wait for. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#groups.close();
    this.#onClosed(this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #partitions(topic: string, options: Cancellable): Promise<number[]> {
    const { topics } = await this.#describe([topicName(topic)], options);
    return (topics[0]?.partitions ?? []).map(({ partition }) => partition);
  }

  #describe(topics: readonly string[] | undefined, options: Cancellable): Promise<ClusterMetadata> {
    this.#checkOpen();
    return this.#dependencies.metadata.describe(topics, options);
  }

  /** Asks a broker that has just answered, and no other: what it was asked may be done although its answer is lost. */
  async #callOnce<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    options: Cancellable,
  ): Promise<Response> {
    await this.#describe([], options);
    const { connections, requestTimeoutMs: timeoutMs } = this.#dependencies;
    return await connections.callAny(method, request, { signal: options.signal, timeoutMs, isIdempotent: false });
  }

  #callAny<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    options: Cancellable,
  ): Promise<Response> {
    this.#checkOpen();
    const { connections, requestTimeoutMs: timeoutMs } = this.#dependencies;
    return connections.callAny(method, request, { signal: options.signal, timeoutMs });
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new SluiceError("CLOSED", { subject: "The admin" });
  }
}
