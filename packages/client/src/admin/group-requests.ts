/** The requests about groups, each to the coordinator of its group, and its answer in the client's words. */

import { type Clock, SluiceError } from "@sluice/model";
import { type CommittedOffset, groupsService, type OffsetCommit, type PlannedReset } from "@sluice/protocol";
import type { Cancellable } from "../cancellation.js";
import type { ClientDependencies } from "../client-dependencies.js";
import { GroupCoordinator } from "../group-coordinator.js";
import { withRetries } from "../retry-policy.js";
import type { GroupDescription, GroupOverview, GroupPartition } from "./group-admin-types.js";

export class GroupRequests {
  readonly #dependencies: ClientDependencies;

  constructor(dependencies: ClientDependencies) {
    this.#dependencies = dependencies;
  }

  get clock(): Clock {
    return this.#dependencies.clock;
  }

  /** Groups of all brokers, by name. */
  async list(options: Cancellable): Promise<GroupOverview[]> {
    const { clock, policy, requestTimeoutMs, metadata, connections } = this.#dependencies;
    const answers = await withRetries(
      async () => {
        const { brokers } = await metadata.describe([], options);
        return await Promise.all(
          brokers.map(({ address }) => connections.call(address, groupsService.list, {}, options)),
        );
      },
      {
        clock,
        policy,
        timeoutMs: requestTimeoutMs,
        signal: options.signal,
        isWorthRetry: ({ retriable }) => retriable,
      },
    );
    const groups = answers.flatMap((answer) => answer.groups);
    return groups
      .map(({ group, state, members }) => ({ groupId: group, state, members, protocolType: "consumer" }))
      .sort((left, right) => (left.groupId < right.groupId ? -1 : 1));
  }

  async describe(group: string, options: Cancellable): Promise<GroupDescription> {
    const isIdempotent = true;
    const answer = await this.#coordinator(group).call(groupsService.describe, { group }, { ...options, isIdempotent });
    const { state, generation, assignor } = answer;
    return {
      groupId: answer.group,
      state,
      generation,
      assignor,
      protocol: assignor,
      protocolType: "consumer",
      errorCode: 0,
      members: answer.members.map(({ memberId, clientId, host, topics, owned, assigned }) => {
        const places = { owned: owned.map(placeOf), assigned: assigned.map(placeOf) };
        return { memberId, clientId, host, clientHost: host, topics, ...places };
      }),
      offsets: answer.offsets.map(({ topic, partition, offset, metadata, committedAtMs }) => {
        return { topic, partition, offset, metadata, committedAtMs };
      }),
    };
  }

  async delete(group: string, options: Cancellable): Promise<void> {
    await this.#coordinator(group).call(groupsService.delete, { group }, { ...options, isIdempotent: false });
  }

  async deleteOffsets(group: string, partitions: readonly GroupPartition[], options: Cancellable): Promise<void> {
    const request = { group, partitions: partitions.map(placeOf) };
    await this.#coordinator(group).call(groupsService.deleteOffsets, request, { ...options, isIdempotent: true });
  }

  /** Everything that the group has committed; nothing for one that does not exist. */
  async fetchOffsets(group: string, options: Cancellable): Promise<CommittedOffset[]> {
    const request = { group, partitions: [] };
    const coordinator = this.#coordinator(group);
    const response = await coordinator.call(groupsService.fetchOffsets, request, { ...options, isIdempotent: true });
    return response.offsets;
  }

  /** Commits from outside the group, which must be empty. */
  async commit(group: string, offsets: readonly OffsetCommit[], options: Cancellable): Promise<void> {
    const wire = { group, memberId: "", generationPlusOne: 0, offsets: [...offsets] };
    await this.#coordinator(group).call(groupsService.commitOffsets, wire, { ...options, isIdempotent: true });
  }

  /** Makes a plan exactly as it is, or nothing of it. Twice is the same as once. */
  async makePlan(group: string, targets: readonly PlannedReset[], options: Cancellable): Promise<void> {
    const request = { group, topic: "", partitions: [], execute: true, targets: [...targets] };
    await this.#coordinator(group).call(groupsService.resetOffsets, request, { ...options, isIdempotent: true });
  }

  #coordinator(group: string): GroupCoordinator {
    return new GroupCoordinator(group, this.#dependencies);
  }
}

function placeOf({ topic, partition }: GroupPartition): GroupPartition {
  return { topic, partition };
}

/** The error for a change of a group that has members, as its coordinator would say it. */
export function notEmpty({ groupId, members }: GroupDescription): SluiceError {
  const names = members.map(({ memberId, clientId }) => `${clientId} (${memberId})`);
  return new SluiceError("GROUP_NOT_EMPTY", { group: groupId, members: names.join(", ") });
}
