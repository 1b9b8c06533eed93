/**
 * Groups.ResetOffsets: plans a move of the committed offsets of a group without members, and makes it when told to.
 *
 * The partitions may be led by any broker, so their ends are looked up there first. The group is asked again when the move is made: one that
 * got a member meanwhile is not moved. A plan that the caller made, of any topics, is made exactly as it is or not at all.
 */

import { type PlannedReset, planOffsetReset, type ResetPartition, type ResetTarget } from "@sluice/groups";
import { groupName, type ServedMethod, SluiceError, serveUnary, topicName } from "@sluice/model";
import { groupsService, type ResetOffsetsRequest } from "@sluice/protocol";
import type { PartitionQuery } from "../../internal-client.js";
import type { OffsetAnswer } from "../../partition/partition-access.js";
import type { GroupCoordinator, ImageSource } from "../group-coordinator.js";
import type { GroupRuntime } from "../group-runtime.js";
import type { OffsetLookup } from "../offset-lookup.js";
import { checkPartitionCount } from "../wire-offsets.js";

export interface ResetOffsetsDependencies {
  readonly coordinator: GroupCoordinator;
  readonly offsets: Pick<OffsetLookup, "lookUp">;
  readonly images: ImageSource;
}

/** Serves Groups.ResetOffsets. */
export function serveResetOffsets(dependencies: ResetOffsetsDependencies): ServedMethod {
  return serveUnary(groupsService.resetOffsets, async (request) => {
    if (request.targets.length > 0) return await makePlan(dependencies, request);
    const runtime = dependencies.coordinator.findOrThrow(groupName(request.group));
    if (runtime.view.changeRefusal !== undefined) throw runtime.view.changeRefusal;
    const target = targetOf(request);
    const partitions = wantedPartitions(dependencies.images, request);
    const plan = planOffsetReset(target, await lookUp(dependencies, runtime, target, partitions));
    if (request.execute) {
      // The group may have been loaded anew, or deleted, while the offsets were looked up.
      await dependencies.coordinator.findOrThrow(runtime.group).reset({
        isPlan: false,
        targets: plan.map(({ topic, partition, current, target: offset }) => ({ topic, partition, current, offset })),
      });
    }
    return { plan: plan.map(toWirePlan), executed: request.execute };
  });
}

/** Makes a plan that was made before, as it is. */
async function makePlan({ coordinator }: ResetOffsetsDependencies, request: ResetOffsetsRequest) {
  const { targets, execute } = request;
  checkPartitionCount(targets);
  if (!execute)
    throw new SluiceError("INVALID_REQUEST", { reason: "targets are a plan already: they are to be executed" });
  await coordinator.findOrCreate(groupName(request.group)).reset({
    isPlan: true,
    targets: targets.map(({ topic, partition, currentPlusOne, target: offset }) => {
      const current = currentPlusOne === 0 ? undefined : currentPlusOne - 1;
      return { topic: topicName(topic), partition, current, offset };
    }),
  });
  return { plan: targets, executed: true };
}

function targetOf(request: ResetOffsetsRequest): ResetTarget {
  switch (request.to) {
    case "earliest":
    case "latest":
      return { type: request.to };
    case "offset":
      return { type: "offset", offset: request.offset ?? 0 };
    case "timestampMs":
      return { type: "timestamp", timestampMs: request.timestampMs ?? 0 };
    case "shift":
      return { type: "shift", by: request.shift ?? 0 };
    default:
      throw new SluiceError("INVALID_REQUEST", { reason: "the reset says not where to" });
  }
}

interface WantedPartition {
  readonly topic: string;
  readonly partition: number;
}

function wantedPartitions(images: ImageSource, request: ResetOffsetsRequest): WantedPartition[] {
  const topic = topicName(request.topic);
  const image = images.image.topics.get(topic);
  if (image === undefined) throw new SluiceError("UNKNOWN_TOPIC", { topic });
  const numbers = request.partitions.length > 0 ? [...new Set(request.partitions)] : [...image.partitions.keys()];
  const missing = numbers.find((number) => image.partitions[number] === undefined);
  if (missing !== undefined) throw new SluiceError("UNKNOWN_PARTITION", { topic, partition: missing });
  return numbers.map((partition) => ({ topic, partition }));
}

async function lookUp(
  { offsets }: ResetOffsetsDependencies,
  runtime: GroupRuntime,
  target: ResetTarget,
  partitions: readonly WantedPartition[],
): Promise<ResetPartition[]> {
  const at = target.type === "timestamp" ? [{ type: "timestamp", timestampMs: target.timestampMs } as const] : [];
  const asked = [{ type: "earliest" } as const, { type: "latest" } as const, ...at];
  const queries = partitions.flatMap((partition) => asked.map((query): PartitionQuery => ({ ...partition, query })));
  const answers = await offsets.lookUp(queries);
  return partitions.map((partition, index) => {
    const [earliest, latest, found] = answers.slice(index * asked.length) as [OffsetAnswer, OffsetAnswer, OffsetAnswer];
    return {
      ...partition,
      committed: runtime.view.committedOffset(partition)?.offset,
      logStartOffset: earliest.offset,
      highWatermark: latest.offset,
      offsetAtTimestamp: target.type === "timestamp" ? found.offset : undefined,
    };
  });
}

function toWirePlan({ topic, partition, current, target, end }: PlannedReset) {
  return { topic, partition, currentPlusOne: current === undefined ? 0 : current + 1, target, end };
}
