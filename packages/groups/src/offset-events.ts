/**
 * What becomes of the committed offsets of a group: commits, resets, removals, and the end of topics and of idle groups.
 *
 * Every request changes all that it names, or is refused and changes nothing.
 */

import { SluiceError } from "@sluice/model";
import { partitionId } from "./assigned-partition.js";
import type { OffsetChange } from "./committed-offsets.js";
import type { GroupCore } from "./group-core.js";
import type { GroupEffect } from "./group-effect.js";
import type { AssignedPartition, EventOf, ResetToMake } from "./group-event.js";
import type { CommittedOffset } from "./group-record.js";
import {
  invalidRequest,
  notEmpty,
  offsetsChanged,
  offsetsRefusal,
  partitionRefusal,
  staleGeneration,
  unknownMember,
} from "./group-refusals.js";

export class OffsetEvents {
  readonly #core: GroupCore;

  constructor(core: GroupCore) {
    this.#core = core;
  }

  /** Why the group cannot be reset or deleted now, or undefined: UNKNOWN_GROUP, or GROUP_NOT_EMPTY naming its members. */
  get changeRefusal(): SluiceError | undefined {
    return this.#notEmptyRefusal() ?? this.#unknownRefusal();
  }

  commit(event: EventOf<"commitRequested">): readonly GroupEffect[] {
    const { requestId } = event;
    const error = this.#committerRefusal(event) ?? offsetsRefusal(event.offsets, this.#core.topics);
    if (error !== undefined) return [{ type: "rejectRequest", requestId, error }];
    const member = event.memberId === undefined ? undefined : this.#core.membership.get(event.memberId);
    member?.heard(event.nowMs);
    const changes = event.offsets.map(({ topic, partition, offset, leaderEpoch, metadata }) => {
      return this.#committing({ topic, partition }, { offset, leaderEpoch, metadata }, event.committedAtMs);
    });
    return this.#changed(requestId, changes);
  }

  reset(event: EventOf<"resetRequested">): readonly GroupEffect[] {
    const { requestId, targets, isPlan } = event;
    const error =
      this.#notEmptyRefusal() ??
      (isPlan ? undefined : this.#unknownRefusal()) ??
      offsetsRefusal(targets, this.#core.topics) ??
      (isPlan ? this.#planRefusal(targets) : undefined);
    if (error !== undefined) return [{ type: "rejectRequest", requestId, error }];
    const changes = targets.map(({ topic, partition, offset }) => {
      const committed = { offset, leaderEpoch: undefined, metadata: "" };
      return this.#committing({ topic, partition }, committed, event.committedAtMs);
    });
    return this.#changed(requestId, changes);
  }

  deleteOffsets({ requestId, partitions }: EventOf<"deleteOffsetsRequested">): readonly GroupEffect[] {
    const error = this.#unknownRefusal() ?? this.#removalRefusal(partitions);
    if (error !== undefined) return [{ type: "rejectRequest", requestId, error }];
    return this.#changed(requestId, this.#core.offsets.planRemovalOf(partitions));
  }

  delete({ requestId, nowMs }: EventOf<"deleteRequested">): GroupEffect[] {
    const error = this.changeRefusal;
    if (error !== undefined) return [{ type: "rejectRequest", requestId, error }];
    return [this.#core.forget(nowMs, [requestId], [{ type: "acceptRequest", requestId }])];
  }

  /** Forgets a group that has been idle for so long. Since when it is idle is in its records, so a restart does not count anew. */
  checkIdle({ nowMs, wallMs, retentionMs }: EventOf<"idleChecked">): GroupEffect[] {
    const { exists, membership, appends, idleSinceMs = 0, offsets } = this.#core;
    if (!exists || !appends.isEmpty || membership.size > 0 || idleSinceMs + retentionMs > wallMs) return [];
    const forgotten: GroupEffect = { type: "groupExpired", idleSinceMs, offsets: offsets.planRemovalOfAll().length };
    return [this.#core.forget(nowMs, [], [forgotten])];
  }

  topicsChanged(event: EventOf<"topicsChanged">): GroupEffect[] {
    const { membership, offsets } = this.#core;
    this.#core.topics = event.topics;
    const isRetargeted = membership.retarget(event.topics);
    const removals = offsets.planRemovalOfDeleted(event.topics);
    return [
      ...(removals.length === 0 ? [] : [this.#core.change(removals, [], [])]),
      ...(isRetargeted ? this.#core.grant({ nowMs: event.nowMs, isChanged: true }) : []),
    ];
  }

  #changed(requestId: number, changes: readonly OffsetChange[]): readonly GroupEffect[] {
    const answers: GroupEffect[] = [{ type: "acceptRequest", requestId }];
    // What is so already may be so only by a change that is not in the log yet.
    if (changes.length === 0) return this.#core.appends.afterPending([requestId], () => answers);
    return [this.#core.change(changes, [requestId], answers)];
  }

  #notEmptyRefusal(): SluiceError | undefined {
    const { group, membership } = this.#core;
    return membership.size === 0 ? undefined : notEmpty(group, membership.list());
  }

  #unknownRefusal(): SluiceError | undefined {
    const { group, exists } = this.#core;
    return exists ? undefined : new SluiceError("UNKNOWN_GROUP", { group });
  }

  /** Why this caller may not commit now: only the owner of a partition, in a generation that it was told, may. */
  #committerRefusal(event: EventOf<"commitRequested">): SluiceError | undefined {
    const { group, membership } = this.#core;
    const { memberId, generation } = event;
    if (memberId === undefined) {
      if (generation !== undefined) return invalidRequest("a commit with a generation names its member");
      return this.#notEmptyRefusal();
    }
    const member = membership.get(memberId);
    if (member === undefined) return unknownMember(group, memberId);
    if (generation === undefined) return invalidRequest("a commit of a member names its generation");
    if (!member.isGeneration(generation)) return staleGeneration(group, member, generation);
    // What a member processed of an earlier topic says nothing of the one that has its name now.
    const foreign = event.offsets.find((offset) => {
      return !member.owned.has(partitionId(offset)) || membership.hasReplaced(offset.topic);
    });
    if (foreign === undefined) return undefined;
    const { topic, partition } = foreign;
    return new SluiceError("PARTITION_NOT_OWNED", { member: memberId, group, topic, partition });
  }

  /** A plan is made as it was shown, or not at all. Made twice it is the same as once. */
  #planRefusal(targets: readonly ResetToMake[]): SluiceError | undefined {
    const { group, offsets } = this.#core;
    for (const target of targets) {
      const committed = offsets.decided(target)?.offset;
      if (committed !== target.current && committed !== target.offset) return offsetsChanged(group, target, committed);
    }
    return undefined;
  }

  /** Offsets of a partition are its member's, from before it is granted until it is let go of. */
  #removalRefusal(partitions: readonly AssignedPartition[]): SluiceError | undefined {
    const { group, membership, topics } = this.#core;
    for (const partition of partitions) {
      const error = partitionRefusal(partition, topics);
      if (error !== undefined) return error;
    }
    const ids = partitions.map(partitionId);
    const owners = membership
      .list()
      .filter(({ owned, assigned }) => ids.some((id) => owned.has(id) || assigned.has(id)));
    return owners.length === 0 ? undefined : notEmpty(group, owners);
  }

  #committing(
    { topic, partition }: AssignedPartition,
    committed: Omit<CommittedOffset, "committedAtMs" | "topicId">,
    committedAtMs: number,
  ): OffsetChange {
    const topicId = this.#core.topics.get(topic)?.topicId ?? "";
    return { topic, partition, committed: { ...committed, committedAtMs, topicId } };
  }
}
