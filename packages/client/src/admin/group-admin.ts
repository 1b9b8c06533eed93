/**
 * The part of an admin that is about groups: what they have committed, how far they are behind, and how that is changed while they
 * are empty.
 *
 * Names as in kafkajs where it has them. Every change is made whole or not at all; a plan, once shown, is made exactly as it
 * was shown or refused.
 */

import { groupName, isSluiceError, SluiceError, topicName } from "@sluice/model";
import type { Cancellable } from "../cancellation.js";
import type { ClientDependencies } from "../client-dependencies.js";
import { byPartition } from "../consumer/offset-committer.js";
import { keyOf, OffsetFinder, offsetOf } from "../consumer/offset-spec.js";
import { checkOptionNames } from "../option-check.js";
import { type AnyTopic, topicNameOf } from "../topics/topic.js";
import type {
  CommittedTopicOffsets,
  DeletedGroup,
  DeleteGroupsError,
  DeleteOffsets,
  ExecuteReset,
  ExportOffsets,
  FetchLag,
  FetchOffsetsRequest,
  GroupDescription,
  GroupLag,
  GroupOverview,
  ImportOffsets,
  PlannedOffsetReset,
  ResetOffsets,
  SetOffsets,
} from "./group-admin-types.js";
import { GroupLagReader } from "./group-lag.js";
import { GroupRequests } from "./group-requests.js";
import { checkOffsetRows, formatOffsets, parseOffsets } from "./offset-files.js";
import { OffsetReset } from "./offset-reset.js";
import { selectPartitions } from "./topic-selection.js";

const resetNames = [
  "groupId",
  "topic",
  "topics",
  "partitions",
  "to",
  "earliest",
  "dryRun",
] as const satisfies readonly (keyof ResetOffsets)[];
const importNames = [
  "groupId",
  "text",
  "offsets",
  "format",
  "dryRun",
] as const satisfies readonly (keyof ImportOffsets)[];
const formats = ["csv", "json"];

export abstract class GroupAdmin {
  readonly #dependencies: ClientDependencies;
  readonly #requests: GroupRequests;
  readonly #finder: OffsetFinder;
  readonly #resets: OffsetReset;
  readonly #lags: GroupLagReader;

  constructor(dependencies: ClientDependencies) {
    this.#dependencies = dependencies;
    this.#requests = new GroupRequests(dependencies);
    this.#finder = new OffsetFinder(dependencies);
    const parts = { ...dependencies, requests: this.#requests, finder: this.#finder };
    this.#resets = new OffsetReset(parts);
    this.#lags = new GroupLagReader(parts);
  }

  /** @throws SluiceError CLOSED */
  protected abstract checkOpen(): void;

  /** All groups of the cluster, by name. @throws SluiceError BROKER_UNREACHABLE */
  async listGroups(options: Cancellable = {}): Promise<{ readonly groups: readonly GroupOverview[] }> {
    this.checkOpen();
    return { groups: await this.#requests.list(options) };
  }

  /** State, members and committed offsets of a group. @throws SluiceError UNKNOWN_GROUP, BROKER_UNREACHABLE ... */
  async describeGroup(groupId: string, options: Cancellable = {}): Promise<GroupDescription> {
    this.checkOpen();
    return await this.#requests.describe(groupName(groupId), options);
  }

  /** As `describeGroup`, of several. @throws as `describeGroup` */
  async describeGroups(
    groupIds: readonly string[],
    options: Cancellable = {},
  ): Promise<{ readonly groups: readonly GroupDescription[] }> {
    return { groups: await Promise.all(groupIds.map((groupId) => this.describeGroup(groupId, options))) };
  }

  /**
   * Deletes groups without members, with what they committed: each that can be deleted is, whatever becomes of the others.
   * @throws DeleteGroupsError the first error (UNKNOWN_GROUP, GROUP_NOT_EMPTY ...), with what became of each in `groups`
   */
  async deleteGroups(groupIds: readonly string[], options: Cancellable = {}): Promise<DeletedGroup[]> {
    this.checkOpen();
    const groups = await Promise.all(groupIds.map((groupId) => this.#delete(groupId, options)));
    const first = groups.find(({ error }) => error !== undefined)?.error;
    if (first !== undefined) throw deleteGroupsError(first, groups);
    return groups;
  }

  /**
   * What a group has committed, by topic; for all partitions of `topics` where they are given, with offset -1 for nothing. With
   * `resolveOffsets`, the offsets from which a consumer would read: inside the log, and its end for nothing.
   * @throws SluiceError UNKNOWN_TOPIC, BROKER_UNREACHABLE ...
   */
  async fetchOffsets(request: FetchOffsetsRequest, options: Cancellable = {}): Promise<CommittedTopicOffsets[]> {
    this.checkOpen();
    checkOptionNames("fetchOffsets", request, ["groupId", "topics", "resolveOffsets"]);
    const committed = await this.#requests.fetchOffsets(groupName(request.groupId), options);
    const known = byPartition(committed);
    const places = request.topics === undefined ? committed : await this.#allOf(request.topics, options);
    const rows = [...places].map(({ topic, partition }) => {
      const offset = known.get(keyOf({ topic, partition }));
      return { topic, partition, offset: offset?.offset ?? -1, metadata: offset?.metadata ?? "" };
    });
    return byTopic(request.resolveOffsets === true ? await this.#resolved(rows, options) : rows);
  }

  /** Sets committed offsets of a group without members. @throws SluiceError GROUP_NOT_EMPTY, INVALID_COMMIT_OFFSET ... */
  async setOffsets(request: SetOffsets, options: Cancellable = {}): Promise<void> {
    this.checkOpen();
    checkOptionNames("setOffsets", request, ["groupId", "topic", "partitions"]);
    const group = groupName(request.groupId);
    const topic = topicName(topicNameOf(request.topic));
    const offsets = request.partitions.map(({ partition, offset, metadata = "" }) => {
      return { topic, partition, offset: offsetOf(offset), leaderEpochPlusOne: 0, metadata };
    });
    if (offsets.length > 0) await this.#requests.commit(group, offsets, options);
  }

  /**
   * Forgets committed offsets, of partitions that no member has: all that are named, or none.
   * @throws SluiceError GROUP_NOT_EMPTY naming the members that have them, UNKNOWN_GROUP, UNKNOWN_TOPIC, UNKNOWN_PARTITION ...
   */
  async deleteOffsets(request: DeleteOffsets, options: Cancellable = {}): Promise<void> {
    this.checkOpen();
    checkOptionNames("deleteOffsets", request, ["groupId", "topics"]);
    const group = groupName(request.groupId);
    const partitions = await selectPartitions(this.#dependencies, request.topics, options);
    if (partitions.length > 0) await this.#requests.deleteOffsets(group, partitions, options);
  }

  /**
   * Moves what a group without members has committed. Says what it did; with `dryRun`, what it would do, for `executeReset`.
   * Targets outside the log are moved to its nearer end. Partitions that were not named and have nothing to be moved by
   * (`{shift}`, `{group}`) are left out.
   * @throws SluiceError GROUP_NOT_EMPTY, UNKNOWN_GROUP, UNKNOWN_TOPIC, UNKNOWN_PARTITION, INVALID_REQUEST,
   *   NO_COMMITTED_OFFSET, OFFSETS_CHANGED where the group ran or was changed meanwhile; nothing is moved then
   */
  async resetOffsets(request: ResetOffsets, options: Cancellable = {}): Promise<PlannedOffsetReset[]> {
    this.checkOpen();
    checkOptionNames("resetOffsets", request, resetNames);
    const plan = await this.#resets.plan(request, options);
    if (request.dryRun !== true) await this.#resets.execute({ groupId: request.groupId, plan }, options);
    return plan;
  }

  /**
   * Makes a plan exactly as it was shown, all partitions or none.
   * @throws SluiceError GROUP_NOT_EMPTY where a member has joined, OFFSETS_CHANGED where something else is committed than when
   *   the plan was made, UNKNOWN_TOPIC, UNKNOWN_PARTITION; nothing is moved then
   */
  async executeReset(request: ExecuteReset, options: Cancellable = {}): Promise<void> {
    this.checkOpen();
    checkOptionNames("executeReset", request, ["groupId", "plan"]);
    await this.#resets.execute(request, options);
  }

  /**
   * What a group has committed, as text for `importOffsets`, or for kafka-consumer-groups: CSV lines of topic,partition,offset. As JSON,
   * `{groupId, exportedAtMs, offsets: [{topic, partition, offset}]}`.
   * @throws SluiceError UNKNOWN_GROUP, UNKNOWN_TOPIC, UNKNOWN_PARTITION, BROKER_UNREACHABLE ...
   */
  async exportOffsets(request: ExportOffsets, options: Cancellable = {}): Promise<string> {
    this.checkOpen();
    checkOptionNames("exportOffsets", request, ["groupId", "topics", "format"]);
    const format = formatOf("exportOffsets", request.format) ?? "csv";
    const { groupId, offsets } = await this.#requests.describe(groupName(request.groupId), options);
    const selection = request.topics;
    const selected =
      selection === undefined
        ? undefined
        : new Set((await selectPartitions(this.#dependencies, selection, options)).map(keyOf));
    const exported = offsets.filter((offset) => selected?.has(keyOf(offset)) ?? true);
    return formatOffsets(format, { groupId, exportedAtMs: this.#dependencies.clock.nowMs(), offsets: exported });
  }

  /**
   * Sets committed offsets of a group without members, which is made where it does not exist, from what `exportOffsets` gave. All or
   * none; says what it did, with `dryRun` what it would do. Offsets outside the log are moved to its nearer end.
   * @throws SluiceError INVALID_REQUEST naming the line, and as `resetOffsets`
   */
  async importOffsets(request: ImportOffsets, options: Cancellable = {}): Promise<PlannedOffsetReset[]> {
    const plan = await this.planImport(request, options);
    if (request.dryRun !== true) await this.#resets.execute({ groupId: request.groupId, plan }, options);
    return plan;
  }

  /** What `importOffsets` would do. @throws as `importOffsets` */
  async planImport(request: ImportOffsets, options: Cancellable = {}): Promise<PlannedOffsetReset[]> {
    this.checkOpen();
    checkOptionNames("importOffsets", request, importNames);
    const format = formatOf("importOffsets", request.format);
    const { groupId, text, offsets } = request;
    if ((text === undefined) === (offsets === undefined))
      throw new SluiceError("INVALID_REQUEST", { reason: "an import takes 'text' or 'offsets'" });
    const rows = text === undefined ? checkOffsetRows(offsets ?? []) : parseOffsets(text, { groupId, format });
    return await this.#resets.planImport(groupId, rows, options);
  }

  /**
   * How far a group is behind, in messages and in time.
   * @throws SluiceError UNKNOWN_GROUP, UNKNOWN_TOPIC of a topic that was named, BROKER_UNREACHABLE ...
   */
  async fetchLag(request: FetchLag, options: Cancellable = {}): Promise<GroupLag> {
    this.checkOpen();
    checkOptionNames("fetchLag", request, ["groupId", "topics", "withTime"]);
    const { groupId, topics, withTime = true } = request;
    return await this.#lags.read(
      { group: groupName(groupId), topics: topics?.map((topic) => topicName(topicNameOf(topic))), withTime },
      options,
    );
  }

  async #delete(groupId: string, options: Cancellable): Promise<DeletedGroup> {
    try {
      await this.#requests.delete(groupName(groupId), options);
      return { groupId, errorCode: 0 };
    } catch (error) {
      if (isSluiceError(error)) return { groupId, errorCode: error.number, error };
      throw error;
    }
  }

  #allOf(topics: readonly (string | AnyTopic)[], options: Cancellable): Promise<readonly OffsetRowPlace[]> {
    return selectPartitions(this.#dependencies, topics, options);
  }

  /** The same rows with offsets that can be read. */
  async #resolved(rows: readonly OffsetRow[], options: Cancellable): Promise<OffsetRow[]> {
    const at = (offset: "earliest" | "latest") => rows.map(({ topic, partition }) => ({ topic, partition, offset }));
    const [lows, ends] = await Promise.all([
      this.#finder.find(at("earliest"), options),
      this.#finder.find(at("latest"), options),
    ]);
    return rows.map((row, index) => {
      const low = lows[index]?.offset as number;
      const end = ends[index]?.offset as number;
      return { ...row, offset: row.offset === -1 ? end : Math.min(Math.max(row.offset, low), end) };
    });
  }
}

interface OffsetRowPlace {
  readonly topic: string;
  readonly partition: number;
}

interface OffsetRow extends OffsetRowPlace {
  readonly offset: number;
  readonly metadata: string;
}

function byTopic(rows: readonly OffsetRow[]): CommittedTopicOffsets[] {
  const topics = new Map<string, OffsetRow[]>();
  for (const row of rows) {
    const known = topics.get(row.topic);
    if (known === undefined) topics.set(row.topic, [row]);
    else known.push(row);
  }
  return [...topics]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([topic, ofTopic]) => {
      const sorted = ofTopic.sort((left, right) => left.partition - right.partition);
      const partitions = sorted.map(({ partition, offset, metadata }) => ({ partition, offset, metadata }));
      return { topic, partitions };
    });
}

function formatOf<Format extends string>(subject: string, format: Format | undefined): Format | undefined {
  if (format === undefined || formats.includes(format)) return format;
  const reason = `it takes csv or json, not ${String(format)}`;
  throw new SluiceError("INVALID_OPTION", { option: "format", subject, reason });
}

/** A copy of `error`, with what became of each group. */
function deleteGroupsError(error: SluiceError, groups: readonly DeletedGroup[]): DeleteGroupsError {
  const copy = new SluiceError(error.code, error.details as never, { cause: error });
  return Object.assign(copy, { groups });
}
