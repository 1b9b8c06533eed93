/** The requests of an admin that go to the coordinator of a group. */

import { groupName, SluiceError, topicName } from "@sluice/model";
import { type CommittedOffset, groupsService, type ResetOffsetsRequest } from "@sluice/protocol";
import type { Cancellable } from "../cancellation.js";
import type { ClientDependencies } from "../client-dependencies.js";
import { checkOffsetSpec, specTimestampMs } from "../consumer/offset-spec.js";
import { GroupCoordinator } from "../group-coordinator.js";
import { checkOptionNames } from "../option-check.js";
import type { GroupDescription, PlannedOffsetReset, ResetOffsets, SetOffsets } from "./admin-types.js";

const resetNames = [
  "groupId",
  "topic",
  "partitions",
  "to",
  "dryRun",
] as const satisfies readonly (keyof ResetOffsets)[];

export class GroupAdmin {
  readonly #dependencies: ClientDependencies;
  #isClosed = false;

  constructor(dependencies: ClientDependencies) {
    this.#dependencies = dependencies;
  }

  close(): void {
    this.#isClosed = true;
  }

  async describe(group: string, options: Cancellable): Promise<GroupDescription> {
    const isIdempotent = true;
    const answer = await this.#coordinator(group).call(groupsService.describe, { group }, { ...options, isIdempotent });
    return {
      groupId: answer.group,
      state: answer.state,
      generation: answer.generation,
      assignor: answer.assignor,
      members: answer.members.map(({ memberId, clientId, host, owned, assigned }) => {
        return { memberId, clientId, host, owned: owned.map(placeOf), assigned: assigned.map(placeOf) };
      }),
      offsets: answer.offsets.map(({ topic, partition, offset, metadata, committedAtMs }) => {
        return { topic, partition, offset, metadata, committedAtMs };
      }),
    };
  }

  async delete(group: string, options: Cancellable): Promise<void> {
    await this.#coordinator(group).call(groupsService.delete, { group }, { ...options, isIdempotent: false });
  }

  /** Everything that the group has committed. */
  async fetchOffsets(group: string, options: Cancellable): Promise<CommittedOffset[]> {
    const request = { group, partitions: [] };
    const coordinator = this.#coordinator(group);
    const response = await coordinator.call(groupsService.fetchOffsets, request, { ...options, isIdempotent: true });
    return response.offsets;
  }

  async setOffsets(request: SetOffsets, options: Cancellable): Promise<void> {
    checkOptionNames("setOffsets", request, ["groupId", "topic", "partitions"]);
    const group = groupName(request.groupId);
    const topic = topicName(request.topic);
    const offsets = request.partitions.map(({ partition, offset }) => {
      return { topic, partition, offset, leaderEpochPlusOne: 0, metadata: "" };
    });
    if (offsets.length === 0) return;
    const wire = { group, memberId: "", generationPlusOne: 0, offsets };
    await this.#coordinator(group).call(groupsService.commitOffsets, wire, { ...options, isIdempotent: true });
  }

  async resetOffsets(request: ResetOffsets, options: Cancellable): Promise<PlannedOffsetReset[]> {
    checkOptionNames("resetOffsets", request, resetNames);
    const group = groupName(request.groupId);
    const execute = request.dryRun !== true;
    const wire: ResetOffsetsRequest = {
      group,
      topic: topicName(request.topic),
      partitions: [...(request.partitions ?? [])],
      ...targetOf(request.to),
      execute,
    };
    // Only a shift that is made twice is not the same as once.
    const isIdempotent = !execute || wire.to !== "shift";
    const response = await this.#coordinator(group).call(groupsService.resetOffsets, wire, {
      ...options,
      isIdempotent,
    });
    return response.plan.map(({ topic, partition, currentPlusOne, target, end }) => {
      return { topic, partition, current: currentPlusOne === 0 ? undefined : currentPlusOne - 1, target, end };
    });
  }

  #coordinator(group: string): GroupCoordinator {
    if (this.#isClosed) throw new SluiceError("CLOSED", { subject: "The admin" });
    return new GroupCoordinator(group, this.#dependencies);
  }
}

function placeOf({ topic, partition }: { readonly topic: string; readonly partition: number }) {
  return { topic, partition };
}

/** @throws SluiceError INVALID_REQUEST */
function targetOf(to: ResetOffsets["to"]): Partial<ResetOffsetsRequest> {
  if (typeof to === "object" && "shift" in to) {
    if (!Number.isSafeInteger(to.shift))
      throw new SluiceError("INVALID_REQUEST", { reason: `shift takes a whole number, not ${String(to.shift)}` });
    return { to: "shift", shift: to.shift };
  }
  checkOffsetSpec(to);
  if (to === "earliest") return { to: "earliest", earliest: true };
  if (to === "latest") return { to: "latest", latest: true };
  if (typeof to === "number") return { to: "offset", offset: to };
  return { to: "timestampMs", timestampMs: specTimestampMs(to) };
}
