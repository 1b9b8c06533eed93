/**
 * What members of a group do: join, beat, acknowledge, want other topics, leave, and fail to.
 *
 * Every refusal is made before anything is changed.
 */

import type { SluiceError } from "@sluice/model";
import type { GroupCore } from "./group-core.js";
import type { GroupEffect } from "./group-effect.js";
import type { EventOf } from "./group-event.js";
import { groupIsFull, invalidRequest, unknownMember } from "./group-refusals.js";
import type { MemberIdentity } from "./member.js";

/** Heartbeats that a member sends in the time of one session: two may be lost. */
const heartbeatsPerSession = 3;

export class MemberEvents {
  readonly #core: GroupCore;

  constructor(core: GroupCore) {
    this.#core = core;
  }

  join(event: EventOf<"joinRequested">): GroupEffect[] {
    const { requestId, clientId, host, sessionTimeoutMs, rebalanceTimeoutMs, nowMs } = event;
    const error = this.#joinRefusal(event);
    if (error !== undefined) return [{ type: "rejectRequest", requestId, error }];
    const { membership } = this.#core;
    const topics = topicSet(event.topics);
    const identity: MemberIdentity = { clientId, host, topics, sessionTimeoutMs, rebalanceTimeoutMs };
    const memberId = event.memberId ?? event.newMemberId;
    const known = membership.get(memberId);
    if (known === undefined) membership.add(memberId, identity, event.assignor, nowMs);
    else known.rejoin(identity, nowMs);
    this.#core.use(topics);
    const heartbeatIntervalMs = Math.floor(sessionTimeoutMs / heartbeatsPerSession);
    return this.#core.rebalance({
      nowMs,
      requestIds: [requestId],
      effects: [{ type: "acceptJoin", requestId, memberId, heartbeatIntervalMs }],
    });
  }

  heartbeat(event: EventOf<"heartbeatReceived">): GroupEffect[] {
    const member = this.#core.membership.get(event.memberId);
    if (member === undefined) return [this.#endUnknown(event.memberId)];
    member.heard(event.nowMs);
    return [];
  }

  acknowledge(event: EventOf<"assignmentAcknowledged">): GroupEffect[] {
    const { membership, topics } = this.#core;
    const member = membership.get(event.memberId);
    if (member === undefined) return [this.#endUnknown(event.memberId)];
    member.heard(event.nowMs);
    const isChanged = member.acknowledge(event.generation, event.owned);
    // Perhaps nobody works on an earlier topic any more, whose name has another one now.
    if (isChanged && membership.hasReplaced()) membership.retarget(topics);
    // The member may be granted more now that its last assignment is settled, and others what it let go of.
    return this.#core.grant({ nowMs: event.nowMs, isChanged });
  }

  resubscribe(event: EventOf<"resubscribeRequested">): GroupEffect[] {
    const { memberId, nowMs } = event;
    const member = this.#core.membership.get(memberId);
    if (member === undefined) return [this.#endUnknown(memberId)];
    member.heard(nowMs);
    const topics = topicSet(event.topics);
    // What a member wants already costs nothing, however often it says so.
    if (isSameList(topics, member.identity.topics)) return [];
    const error = this.#subscriptionRefusal(memberId, topics);
    if (error !== undefined) return [{ type: "endSession", memberId, error }];
    member.identity = { ...member.identity, topics };
    this.#core.use(topics);
    return this.#core.rebalance({ nowMs });
  }

  leave({ memberId, nowMs, wallMs }: EventOf<"leaveRequested">): GroupEffect[] {
    const { membership } = this.#core;
    if (membership.get(memberId) === undefined) return [this.#endUnknown(memberId)];
    membership.remove(memberId, wallMs);
    return this.#core.rebalance({ nowMs, effects: [{ type: "endSession", memberId, error: undefined }] });
  }

  /** Puts out members whose session is over, and those that owe an acknowledgement for too long. */
  expire({ nowMs, wallMs }: EventOf<"timePassed">): GroupEffect[] {
    const { membership, group } = this.#core;
    const effects = membership.list().flatMap((member): GroupEffect[] => {
      const reason = member.expiryReason(nowMs);
      if (reason === undefined) return [];
      const { memberId } = member;
      return [{ type: "endSession", memberId, error: unknownMember(group, memberId, reason) }];
    });
    if (effects.length === 0) return [];
    for (const effect of effects) if (effect.type === "endSession") membership.remove(effect.memberId, wallMs);
    return this.#core.rebalance({ nowMs, effects });
  }

  #joinRefusal(event: EventOf<"joinRequested">): SluiceError | undefined {
    const { memberId, sessionTimeoutMs, rebalanceTimeoutMs } = event;
    const { group, membership, options } = this.#core;
    if (memberId !== undefined && membership.get(memberId) === undefined) return unknownMember(group, memberId);
    const { sessionTimeoutMsMin, sessionTimeoutMsMax, rebalanceTimeoutMsMin, rebalanceTimeoutMsMax } = options;
    const refusal =
      boundsRefusal("session timeout", sessionTimeoutMs, sessionTimeoutMsMin, sessionTimeoutMsMax) ??
      boundsRefusal("rebalance timeout", rebalanceTimeoutMs, rebalanceTimeoutMsMin, rebalanceTimeoutMsMax);
    if (refusal !== undefined) return refusal;
    if (memberId === undefined && membership.size >= options.membersMax)
      return groupIsFull(group, `${options.membersMax} members`);
    return this.#subscriptionRefusal(memberId, topicSet(event.topics));
  }

  /** Why this member cannot want all these topics. */
  #subscriptionRefusal(memberId: string | undefined, topics: readonly string[]): SluiceError | undefined {
    const { group, membership, options } = this.#core;
    let length = lengthOf(topics);
    for (const member of membership.list())
      if (member.memberId !== memberId) length += lengthOf(member.identity.topics);
    if (length <= options.subscriptionLengthMax) return undefined;
    return groupIsFull(group, `${options.subscriptionLengthMax} characters of topic names over all members`);
  }

  #endUnknown(memberId: string): GroupEffect {
    return { type: "endSession", memberId, error: unknownMember(this.#core.group, memberId) };
  }
}

function topicSet(topics: readonly string[]): string[] {
  return [...new Set(topics)].sort();
}

function isSameList(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((topic, index) => topic === right[index]);
}

function lengthOf(topics: readonly string[]): number {
  return topics.reduce((sum, topic) => sum + topic.length, 0);
}

function boundsRefusal(what: string, value: number, min: number, max: number): SluiceError | undefined {
  if (value >= min && value <= max) return undefined;
  return invalidRequest(`a ${what} of ${value} ms is not in ${min} to ${max} ms`);
}
