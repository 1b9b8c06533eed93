/**
 * State machine of one consumer group: takes events, decides, gives back effects.
 *
 * Pure and synchronous. Decisions are made at once on the newest state, appended as records, and only told (to members, callers and
 * readers) when the records are in the log (P53). Refusals are told at once: they change nothing. Records of one
 * group are in the log in the order of the decisions, so replaying them gives the same state.
 *
 * Does not reach the log, the network or a clock: the runtime of the broker does. What the events do is in `member-events` and
 * `offset-events`.
 */

import { assertNever, invariant, SluiceError } from "@sluice/model";
import type { PartitionOffset } from "./committed-offsets.js";
import { GroupCore, type GroupOptions } from "./group-core.js";
import type { GroupEffect } from "./group-effect.js";
import type { AssignedPartition, EventOf, GroupEvent, GroupReplay, TopicShapes } from "./group-event.js";
import {
  type CommittedOffset,
  type GroupValue,
  parseGroupRecordKey,
  parseGroupValue,
  parseOffsetValue,
} from "./group-record.js";
import { loading } from "./group-refusals.js";
import { MemberEvents } from "./member-events.js";
import { OffsetEvents } from "./offset-events.js";

/** "empty": no members. "assigning": somebody does not own yet what they shall own. "stable": all do. */
export type GroupState = "empty" | "assigning" | "stable";

export class GroupStateMachine {
  readonly #core: GroupCore;
  readonly #members: MemberEvents;
  readonly #offsets: OffsetEvents;
  /** After a failed append the state here may be ahead of the log: nothing is decided on it any more. */
  #hasFailed = false;

  constructor(input: { readonly group: string; readonly options: GroupOptions }) {
    this.#core = new GroupCore(input.group, input.options);
    this.#members = new MemberEvents(this.#core);
    this.#offsets = new OffsetEvents(this.#core);
  }

  /** Whether there is anything to keep: a group that never had a member nor an offset, or was deleted, does not exist. */
  get exists(): boolean {
    return this.#core.exists;
  }

  /** Whether the records of some decision are not in the log yet. */
  get isAppending(): boolean {
    return !this.#core.appends.isEmpty;
  }

  get state(): GroupState {
    const { shown, appends, membership } = this.#core;
    if (shown.members.length === 0) return "empty";
    const isStable = appends.isEmpty && membership.list().every((member) => member.isSettled);
    return isStable ? "stable" : "assigning";
  }

  /** Members, generation and assignor, as far as the log has them. */
  get membership(): GroupValue {
    return this.#core.shown;
  }

  /** What is committed, as far as the log has it, by topic and partition. */
  get offsets(): PartitionOffset[] {
    return this.#core.offsets.list();
  }

  committedOffset(partition: AssignedPartition): CommittedOffset | undefined {
    return this.#core.offsets.get(partition);
  }

  /** Why the group cannot be reset or deleted now, or undefined: UNKNOWN_GROUP, or GROUP_NOT_EMPTY naming its members. */
  get changeRefusal(): SluiceError | undefined {
    return this.#offsets.changeRefusal;
  }

  /** Wall time since which nobody was in the group and nothing was committed. Undefined: somebody is, or it is not known. */
  get idleSinceMs(): number | undefined {
    return this.#core.idleSinceMs;
  }

  /** Monotonic time at which to post `timePassed`. Undefined: there is no member. */
  get nextExpiryMs(): number | undefined {
    return this.#hasFailed ? undefined : this.#core.membership.nextExpiryMs;
  }

  /** The topics that exist, for what is decided from now on. When any that the group uses changed, post `topicsChanged`. */
  seeTopics(topics: TopicShapes): void {
    this.#core.topics = topics;
  }

  /** Topics that came into use since the last call: members want them, or something is committed for them. */
  takeNewlyUsedTopics(): string[] {
    return this.#core.takeNewlyUsed();
  }

  /** Whether the group has no use for the topic any more. If it finds one again, `takeNewlyUsedTopics` says so. */
  maybeDisuseTopic(topic: string): boolean {
    return this.#core.maybeDisuse(topic);
  }

  /**
   * Takes a record of the log, in order, before the first event.
   *
   * @throws SluiceError CORRUPT_GROUP_RECORD
   */
  replay({ record, nowMs }: GroupReplay): void {
    const key = parseGroupRecordKey(record.key);
    const { group, offsets } = this.#core;
    invariant(key.group === group, `a record of group ${key.group} came to group ${group}`);
    if (key.type === "group") {
      this.#core.restore(record.value === null ? null : parseGroupValue(record.key, record.value), nowMs);
      return;
    }
    const committed = record.value === null ? undefined : parseOffsetValue(record.key, record.value);
    offsets.replay({ topic: key.topic, partition: key.partition, committed });
    this.#core.use([key.topic]);
  }

  /** Takes one event; returns what to do, in order. */
  step(event: GroupEvent): readonly GroupEffect[] {
    if (this.#hasFailed) return this.#refuseAfterFailure(event);
    switch (event.type) {
      case "joinRequested":
        return this.#members.join(event);
      case "heartbeatReceived":
        return this.#members.heartbeat(event);
      case "assignmentAcknowledged":
        return this.#members.acknowledge(event);
      case "resubscribeRequested":
        return this.#members.resubscribe(event);
      case "leaveRequested":
        return this.#members.leave(event);
      case "timePassed":
        return this.#members.expire(event);
      case "topicsChanged":
        return this.#offsets.topicsChanged(event);
      case "commitRequested":
        return this.#offsets.commit(event);
      case "resetRequested":
        return this.#offsets.reset(event);
      case "deleteOffsetsRequested":
        return this.#offsets.deleteOffsets(event);
      case "deleteRequested":
        return this.#offsets.delete(event);
      case "idleChecked":
        return this.#offsets.checkIdle(event);
      case "recordsAppended":
        return this.#core.appends.appended(event.appendId);
      case "appendFailed":
        return this.#fail(event);
      default:
        return assertNever(event);
    }
  }

  #fail(event: EventOf<"appendFailed">): GroupEffect[] {
    this.#hasFailed = true;
    const { group, appends, membership } = this.#core;
    const operation = `A change of group '${group}'`;
    const error = new SluiceError("INDETERMINATE", { operation, reason: event.reason });
    return [
      ...appends.takeRequests().map((requestId): GroupEffect => ({ type: "rejectRequest", requestId, error })),
      ...membership
        .list()
        .map(({ memberId }): GroupEffect => ({ type: "endSession", memberId, error: loading(group) })),
    ];
  }

  #refuseAfterFailure(event: GroupEvent): GroupEffect[] {
    const error = loading(this.#core.group);
    if ("requestId" in event) return [{ type: "rejectRequest", requestId: event.requestId, error }];
    if ("memberId" in event) return [{ type: "endSession", memberId: event.memberId, error }];
    return [];
  }
}
