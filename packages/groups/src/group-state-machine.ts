/**
 * State machine of one consumer group: takes events, decides, gives back effects.
 *
 * Pure and synchronous. Decisions are made at once on the newest state, appended as records, and only told (to members, callers and
 * readers) when the records are in the log (P53). Refusals are told at once: they change nothing. Records of one
 * group are in the log in the order of the decisions, so replaying them gives the same state.
 *
 * Does not reach the log, the network or a clock: the runtime of the broker does.
 */

import { assertNever, invariant, SluiceError } from "@sluice/model";
import { AppendQueue } from "./append-queue.js";
import { partitionId } from "./assigned-partition.js";
import { CommittedOffsets, type OffsetChange, type PartitionOffset } from "./committed-offsets.js";
import type { GroupEffect } from "./group-effect.js";
import type { AssignedPartition, GroupEvent, GroupReplay, TopicShapes } from "./group-event.js";
import { GroupMembership } from "./group-membership.js";
import {
  type CommittedOffset,
  formatGroupRecordKey,
  formatGroupValue,
  type GroupRecord,
  type GroupValue,
  parseGroupRecordKey,
  parseGroupValue,
  parseOffsetValue,
} from "./group-record.js";
import { invalidRequest, loading, notEmpty, offsetsRefusal, staleGeneration, unknownMember } from "./group-refusals.js";
import type { MemberIdentity } from "./member.js";

export interface GroupOptions {
  /** Shortest and longest session that a member may ask for. */
  readonly sessionTimeoutMsMin: number;
  readonly sessionTimeoutMsMax: number;
  /** Members that a group may have. */
  readonly membersMax: number;
}

/** "empty": no members. "assigning": somebody does not own yet what they shall own. "stable": all do. */
export type GroupState = "empty" | "assigning" | "stable";

type EventOf<Type extends GroupEvent["type"]> = Extract<GroupEvent, { readonly type: Type }>;

/** Heartbeats that a member sends in the time of one session: two may be lost. */
const heartbeatsPerSession = 3;

const neverHadMembers: GroupValue = { generation: 0, assignor: undefined, members: [] };

export class GroupStateMachine {
  readonly #group: string;
  readonly #options: GroupOptions;
  readonly #membership = new GroupMembership();
  readonly #offsets: CommittedOffsets;
  readonly #appends = new AppendQueue();
  #topics: TopicShapes = new Map();
  /** Membership as readers see it: that of the last record that is in the log. */
  #shown: GroupValue = neverHadMembers;
  /** After a failed append the state here may be ahead of the log: nothing is decided on it any more. */
  #hasFailed = false;

  constructor(input: { readonly group: string; readonly options: GroupOptions }) {
    this.#group = input.group;
    this.#options = input.options;
    this.#offsets = new CommittedOffsets(input.group);
  }

  /** Whether there is anything to keep: a group that never had a member nor an offset, or was deleted, does not exist. */
  get exists(): boolean {
    return !this.#offsets.isEmpty || this.#membership.generation > 0 || this.#shown.generation > 0;
  }

  /** Whether the records of some decision are not in the log yet. */
  get isAppending(): boolean {
    return !this.#appends.isEmpty;
  }

  get state(): GroupState {
    if (this.#shown.members.length === 0) return "empty";
    const isStable = this.#appends.isEmpty && this.#membership.list().every((member) => member.isSettled);
    return isStable ? "stable" : "assigning";
  }

  /** Members, generation and assignor, as far as the log has them. */
  get membership(): GroupValue {
    return this.#shown;
  }

  /** What is committed, as far as the log has it, by topic and partition. */
  get offsets(): PartitionOffset[] {
    return this.#offsets.list();
  }

  committedOffset(partition: AssignedPartition): CommittedOffset | undefined {
    return this.#offsets.get(partition);
  }

  /** Why the group cannot be reset or deleted now, or undefined: UNKNOWN_GROUP, or GROUP_NOT_EMPTY naming its members. */
  get changeRefusal(): SluiceError | undefined {
    if (this.#membership.size > 0) return notEmpty(this.#group, this.#membership.list());
    return this.exists ? undefined : new SluiceError("UNKNOWN_GROUP", { group: this.#group });
  }

  /** Monotonic time at which to post `timePassed`. Undefined: there is no member. */
  get nextExpiryMs(): number | undefined {
    return this.#hasFailed ? undefined : this.#membership.nextExpiryMs;
  }

  /**
   * Takes a record of the log, in order, before the first event.
   *
   * @throws SluiceError CORRUPT_GROUP_RECORD
   */
  replay({ record, nowMs }: GroupReplay): void {
    const key = parseGroupRecordKey(record.key);
    invariant(key.group === this.#group, `a record of group ${key.group} came to group ${this.#group}`);
    if (key.type === "group") {
      this.#shown = record.value === null ? neverHadMembers : parseGroupValue(record.key, record.value);
      this.#membership.restore(this.#shown, nowMs);
      return;
    }
    const committed = record.value === null ? undefined : parseOffsetValue(record.key, record.value);
    this.#offsets.replay({ topic: key.topic, partition: key.partition, committed });
  }

  /** Takes one event; returns what to do, in order. */
  step(event: GroupEvent): GroupEffect[] {
    if (this.#hasFailed) return this.#refuseAfterFailure(event);
    switch (event.type) {
      case "joinRequested":
        return this.#join(event);
      case "heartbeatReceived":
        return this.#heartbeat(event);
      case "assignmentAcknowledged":
        return this.#acknowledge(event);
      case "leaveRequested":
        return this.#leave(event);
      case "timePassed":
        return this.#expire(event);
      case "topicsChanged":
        return this.#topicsChanged(event);
      case "commitRequested":
        return this.#commit(event);
      case "resetRequested":
        return this.#reset(event);
      case "deleteRequested":
        return this.#delete(event);
      case "recordsAppended":
        return this.#appends.appended(event.appendId);
      case "appendFailed":
        return this.#fail(event);
      default:
        return assertNever(event);
    }
  }

  #join(event: EventOf<"joinRequested">): GroupEffect[] {
    const error = this.#joinRefusal(event);
    if (error !== undefined) return [{ type: "rejectRequest", requestId: event.requestId, error }];
    const { clientId, host, sessionTimeoutMs, nowMs, requestId } = event;
    const identity: MemberIdentity = { clientId, host, topics: [...new Set(event.topics)].sort(), sessionTimeoutMs };
    const memberId = event.memberId ?? event.newMemberId;
    const known = this.#membership.get(memberId);
    if (known === undefined) this.#membership.add(memberId, identity, event.assignor, nowMs);
    else known.rejoin(identity, nowMs);
    const heartbeatIntervalMs = Math.floor(sessionTimeoutMs / heartbeatsPerSession);
    return this.#rebalance({
      requestIds: [requestId],
      effects: [{ type: "acceptJoin", requestId, memberId, heartbeatIntervalMs }],
    });
  }

  #joinRefusal(event: EventOf<"joinRequested">): SluiceError | undefined {
    const { memberId, sessionTimeoutMs } = event;
    const { sessionTimeoutMsMin, sessionTimeoutMsMax, membersMax } = this.#options;
    if (memberId !== undefined && this.#membership.get(memberId) === undefined)
      return unknownMember(this.#group, memberId);
    if (event.topics.length === 0) return invalidRequest("a member wants at least one topic");
    if (!(sessionTimeoutMs >= sessionTimeoutMsMin && sessionTimeoutMs <= sessionTimeoutMsMax)) {
      const bounds = `${sessionTimeoutMsMin} to ${sessionTimeoutMsMax} ms`;
      return invalidRequest(`a session timeout of ${sessionTimeoutMs} ms is not in ${bounds}`);
    }
    if (memberId === undefined && this.#membership.size >= membersMax) {
      return new SluiceError("RESOURCE_EXHAUSTED", {
        resource: `Group '${this.#group}'`,
        limit: `${membersMax} members`,
      });
    }
    return undefined;
  }

  #heartbeat(event: EventOf<"heartbeatReceived">): GroupEffect[] {
    const member = this.#membership.get(event.memberId);
    if (member === undefined) return [this.#endUnknown(event.memberId)];
    member.heard(event.nowMs);
    return [];
  }

  #acknowledge(event: EventOf<"assignmentAcknowledged">): GroupEffect[] {
    const member = this.#membership.get(event.memberId);
    if (member === undefined) return [this.#endUnknown(event.memberId)];
    member.heard(event.nowMs);
    const hasFreed = member.acknowledge(event.generation, event.owned);
    // The member may be granted more now that its last assignment is settled, and others what it let go of.
    return this.#grant({ effects: [], requestIds: [], isChanged: hasFreed });
  }

  #leave(event: EventOf<"leaveRequested">): GroupEffect[] {
    if (this.#membership.get(event.memberId) === undefined) return [this.#endUnknown(event.memberId)];
    this.#membership.remove(event.memberId);
    return this.#rebalance({ effects: [{ type: "endSession", memberId: event.memberId, error: undefined }] });
  }

  #expire(event: EventOf<"timePassed">): GroupEffect[] {
    const expired = this.#membership.expired(event.nowMs);
    if (expired.length === 0) return [];
    for (const { memberId } of expired) this.#membership.remove(memberId);
    return this.#rebalance({ effects: expired.map(({ memberId }) => this.#endUnknown(memberId)) });
  }

  #topicsChanged(event: EventOf<"topicsChanged">): GroupEffect[] {
    this.#topics = event.topics;
    const before = formatGroupValue(this.#membership.toValue());
    this.#membership.retarget(this.#topics);
    const isRetargeted = formatGroupValue(this.#membership.toValue()) !== before;
    const removals = this.#offsets.planRemovalOfDeleted(event.topics);
    return [
      ...(removals.length === 0 ? [] : [this.#change(removals, [], [])]),
      ...(isRetargeted ? this.#grant({ effects: [], requestIds: [], isChanged: true }) : []),
    ];
  }

  #commit(event: EventOf<"commitRequested">): GroupEffect[] {
    const { requestId } = event;
    const error = this.#committerRefusal(event) ?? offsetsRefusal(event.offsets, this.#topics);
    if (error !== undefined) return [{ type: "rejectRequest", requestId, error }];
    const member = event.memberId === undefined ? undefined : this.#membership.get(event.memberId);
    member?.heard(event.nowMs);
    const changes = event.offsets.map(({ topic, partition, offset, leaderEpoch, metadata }) => {
      return this.#committing({ topic, partition }, { offset, leaderEpoch, metadata }, event.committedAtMs);
    });
    const answer: GroupEffect = { type: "acceptRequest", requestId };
    return changes.length === 0 ? [answer] : [this.#change(changes, [requestId], [answer])];
  }

  /** Why this caller may not commit now: only the owner of a partition, in a generation that it was told, may. */
  #committerRefusal(event: EventOf<"commitRequested">): SluiceError | undefined {
    const { memberId, generation } = event;
    if (memberId === undefined) {
      if (generation !== undefined) return invalidRequest("a commit with a generation names its member");
      return this.#membership.size === 0 ? undefined : notEmpty(this.#group, this.#membership.list());
    }
    const member = this.#membership.get(memberId);
    if (member === undefined) return unknownMember(this.#group, memberId);
    if (generation === undefined) return invalidRequest("a commit of a member names its generation");
    if (!member.isGeneration(generation)) return staleGeneration(this.#group, member, generation);
    const foreign = event.offsets.find((offset) => !member.owned.has(partitionId(offset)));
    if (foreign === undefined) return undefined;
    const { topic, partition } = foreign;
    return new SluiceError("PARTITION_NOT_OWNED", { member: memberId, group: this.#group, topic, partition });
  }

  #reset(event: EventOf<"resetRequested">): GroupEffect[] {
    const { requestId } = event;
    const error = this.changeRefusal ?? offsetsRefusal(event.targets, this.#topics);
    if (error !== undefined) return [{ type: "rejectRequest", requestId, error }];
    const changes = event.targets.map(({ topic, partition, offset }) => {
      const committed = { offset, leaderEpoch: undefined, metadata: "" };
      return this.#committing({ topic, partition }, committed, event.committedAtMs);
    });
    const answer: GroupEffect = { type: "acceptRequest", requestId };
    return changes.length === 0 ? [answer] : [this.#change(changes, [requestId], [answer])];
  }

  #delete(event: EventOf<"deleteRequested">): GroupEffect[] {
    const { requestId } = event;
    const error = this.changeRefusal;
    if (error !== undefined) return [{ type: "rejectRequest", requestId, error }];
    const removals = this.#offsets.planRemovalOfAll();
    const tombstone: GroupRecord = { key: formatGroupRecordKey({ type: "group", group: this.#group }), value: null };
    const records = [...removals.map((change) => this.#offsets.decide(change)), tombstone];
    this.#membership.restore(neverHadMembers, event.nowMs);
    const effect = this.#appends.append(records, [requestId], () => {
      for (const change of removals) this.#offsets.show(change);
      this.#shown = neverHadMembers;
      return [{ type: "acceptRequest", requestId }];
    });
    return [effect];
  }

  #fail(event: EventOf<"appendFailed">): GroupEffect[] {
    this.#hasFailed = true;
    const error = new SluiceError("INDETERMINATE", {
      operation: `A change of group '${this.#group}'`,
      reason: event.reason,
    });
    const requests = this.#appends.takeRequests();
    return [
      ...requests.map((requestId): GroupEffect => ({ type: "rejectRequest", requestId, error })),
      ...this.#membership
        .list()
        .map(({ memberId }): GroupEffect => ({ type: "endSession", memberId, error: loading(this.#group) })),
    ];
  }

  #refuseAfterFailure(event: GroupEvent): GroupEffect[] {
    if ("requestId" in event)
      return [{ type: "rejectRequest", requestId: event.requestId, error: loading(this.#group) }];
    if ("memberId" in event) return [{ type: "endSession", memberId: event.memberId, error: loading(this.#group) }];
    return [];
  }

  /** Works out new targets after a change of members or topics, grants, and appends the outcome. */
  #rebalance(said: {
    readonly effects: readonly GroupEffect[];
    readonly requestIds?: readonly number[];
  }): GroupEffect[] {
    this.#membership.retarget(this.#topics);
    return this.#grant({ effects: said.effects, requestIds: said.requestIds ?? [], isChanged: true });
  }

  /** Grants what is free, and appends the group's record where anything changed. `effects` are said before assignments. */
  #grant(said: {
    readonly effects: readonly GroupEffect[];
    readonly requestIds: readonly number[];
    readonly isChanged: boolean;
  }): GroupEffect[] {
    const told = this.#membership.grant();
    if (told.length === 0 && !said.isChanged) return [];
    const value = this.#membership.toValue();
    const assignments = told.map(
      (member): GroupEffect => ({
        type: "sendAssignment",
        memberId: member.memberId,
        generation: member.generation,
        partitions: [...(member.sent?.values() ?? [])],
      }),
    );
    const record = {
      key: formatGroupRecordKey({ type: "group", group: this.#group }),
      value: formatGroupValue(value),
    };
    const effect = this.#appends.append([record], said.requestIds, () => {
      this.#shown = value;
      return [...said.effects, ...assignments];
    });
    return [effect];
  }

  #change(
    changes: readonly OffsetChange[],
    requestIds: readonly number[],
    answers: readonly GroupEffect[],
  ): GroupEffect {
    const records = changes.map((change) => this.#offsets.decide(change));
    return this.#appends.append(records, requestIds, () => {
      for (const change of changes) this.#offsets.show(change);
      return answers;
    });
  }

  #committing(
    { topic, partition }: AssignedPartition,
    committed: Omit<CommittedOffset, "committedAtMs" | "topicId">,
    committedAtMs: number,
  ): OffsetChange {
    const topicId = this.#topics.get(topic)?.topicId ?? "";
    return { topic, partition, committed: { ...committed, committedAtMs, topicId } };
  }

  #endUnknown(memberId: string): GroupEffect {
    return { type: "endSession", memberId, error: unknownMember(this.#group, memberId) };
  }
}
