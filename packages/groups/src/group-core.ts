/**
 * State of one consumer group, and the ways in which all events change it.
 *
 * What is *decided* (`membership`, and `offsets` as far as they say so) is ahead of what is *shown* (`shown`) by the records
 * that are on their way to the log. Every change goes through `grant`, `change` or `forget`, which append what they decide
 * and show it, and say it, once it is in the log.
 */

import { AppendQueue } from "./append-queue.js";
import { CommittedOffsets, type OffsetChange } from "./committed-offsets.js";
import type { GroupEffect } from "./group-effect.js";
import type { TopicShapes } from "./group-event.js";
import { GroupMembership } from "./group-membership.js";
import { formatGroupRecordKey, formatGroupValue, type GroupRecord, type GroupValue } from "./group-record.js";

export interface GroupOptions {
  /** Shortest and longest session that a member may ask for. */
  readonly sessionTimeoutMsMin: number;
  readonly sessionTimeoutMsMax: number;
  /** Shortest and longest time that a member may ask for to acknowledge an assignment. */
  readonly rebalanceTimeoutMsMin: number;
  readonly rebalanceTimeoutMsMax: number;
  /** Members that a group may have. */
  readonly membersMax: number;
  /** Characters of the names of the topics that all members want, each counted for every member: it bounds the group's record. */
  readonly subscriptionLengthMax: number;
}

const neverHadMembers: GroupValue = { generation: 0, assignor: undefined, emptySinceMs: undefined, members: [] };

/** What to say, and to whom, once a change of the membership is in the log. */
interface Said {
  readonly nowMs: number;
  /** Said before the assignments that the change brings. */
  readonly effects?: readonly GroupEffect[];
  readonly requestIds?: readonly number[];
}

export class GroupCore {
  readonly group: string;
  readonly options: GroupOptions;
  readonly membership = new GroupMembership();
  readonly offsets: CommittedOffsets;
  readonly appends = new AppendQueue();
  /** Topics that exist. */
  topics: TopicShapes = new Map();
  /** Membership as readers see it: that of the last record that is in the log. */
  shown: GroupValue = neverHadMembers;
  /** Topics that members want or something is committed for, and perhaps some that were. */
  readonly #used = new Set<string>();
  #newlyUsed: string[] = [];

  constructor(group: string, options: GroupOptions) {
    this.group = group;
    this.options = options;
    this.offsets = new CommittedOffsets(group);
  }

  /** Whether there is anything to keep. */
  get exists(): boolean {
    return !this.offsets.isEmpty || this.membership.generation > 0 || this.shown.generation > 0;
  }

  /** Wall time since which nobody was in the group and nothing was committed. Undefined: somebody is, or it is not known. */
  get idleSinceMs(): number | undefined {
    if (this.membership.size > 0) return undefined;
    const times = [this.membership.emptySinceMs, this.offsets.lastCommitMs].filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.max(...times);
  }

  /** Members want these topics, or something is committed for them. */
  use(topics: Iterable<string>): void {
    for (const topic of topics) {
      if (this.#used.has(topic)) continue;
      this.#used.add(topic);
      this.#newlyUsed.push(topic);
    }
  }

  /** Topics that came into use since the last call. */
  takeNewlyUsed(): string[] {
    const topics = this.#newlyUsed;
    if (topics.length > 0) this.#newlyUsed = [];
    return topics;
  }

  /** Whether the topic is in use no more. It is then new to `takeNewlyUsed` when it is used again. */
  maybeDisuse(topic: string): boolean {
    if (this.membership.wants(topic) || this.offsets.hasTopic(topic)) return false;
    this.#used.delete(topic);
    return true;
  }

  /** Works out new targets after a change of members, grants, and appends the outcome. */
  rebalance(said: Said): GroupEffect[] {
    this.membership.retarget(this.topics);
    return this.grant({ ...said, isChanged: true });
  }

  /** Grants what is free, and appends the group's record where anything changed. */
  grant(said: Said & { readonly isChanged: boolean }): GroupEffect[] {
    const told = this.membership.grant(said.nowMs);
    if (told.length === 0 && !said.isChanged) return [];
    const value = this.membership.toValue();
    const assignments = told.map(
      (member): GroupEffect => ({
        type: "sendAssignment",
        memberId: member.memberId,
        generation: member.generation,
        partitions: [...(member.sent?.values() ?? [])],
      }),
    );
    const record = { key: this.#groupKey(), value: formatGroupValue(value) };
    const effect = this.appends.append([record], said.requestIds ?? [], () => {
      this.shown = value;
      return [...(said.effects ?? []), ...assignments];
    });
    return [effect];
  }

  /** Changes committed offsets, all or none. */
  change(
    changes: readonly OffsetChange[],
    requestIds: readonly number[],
    answers: readonly GroupEffect[],
  ): GroupEffect {
    this.use(changes.map(({ topic }) => topic));
    const records = changes.map((change) => this.offsets.decide(change));
    return this.appends.append(records, requestIds, () => {
      for (const change of changes) this.offsets.show(change);
      return answers;
    });
  }

  /** Takes back everything that the log has of a group without members. */
  forget(nowMs: number, requestIds: readonly number[], answers: readonly GroupEffect[]): GroupEffect {
    const removals = this.offsets.planRemovalOfAll();
    const tombstone: GroupRecord = { key: this.#groupKey(), value: null };
    const records = [...removals.map((change) => this.offsets.decide(change)), tombstone];
    this.membership.restore(neverHadMembers, nowMs);
    return this.appends.append(records, requestIds, () => {
      for (const change of removals) this.offsets.show(change);
      this.shown = neverHadMembers;
      return answers;
    });
  }

  /** Takes the membership that the log shows; null: the group was deleted. */
  restore(value: GroupValue | null, nowMs: number): void {
    this.shown = value ?? neverHadMembers;
    this.membership.restore(this.shown, nowMs);
    for (const { topics } of this.shown.members) this.use(topics);
  }

  #groupKey(): string {
    return formatGroupRecordKey({ type: "group", group: this.group });
  }
}
