/**
 * Names in a partition directory, `<topicId>-<partition>/`:
 *
 *     00000000000000000000.log         batches back to back; the name is the base offset of the segment
 *     00000000000000000000.index       offset index
 *     00000000000000000000.timeindex   time index
 *     00000000000000000000.snapshot    producer state at that offset
 *     leader-epoch-checkpoint          leader epochs and their start offsets
 *     partition.metadata               version, topic_id, topic, partition
 *     compaction-checkpoint            how far compaction came
 *
 * A directory is named by the id of its topic, so that no topic name ever becomes a path.
 */

import { type FileSystem, type TopicId, type TopicName, topicId, topicName } from "@sluice/model";
import { readIfThere, replaceFileUnsynced } from "./checkpoint-file.js";

export const logSuffix = ".log";
export const offsetIndexSuffix = ".index";
export const timeIndexSuffix = ".timeindex";
export const deletedSuffix = ".deleted";
export const epochCheckpointName = "leader-epoch-checkpoint";
const metadataName = "partition.metadata";

export interface PartitionName {
  readonly topicId: TopicId;
  /** Number of the partition, from 0. */
  readonly partition: number;
}

const segmentPattern = /^(\d{20})\.(log|index|timeindex)$/;
const directoryPattern = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-(0|[1-9]\d{0,8})$/;

/** Name of the directory of a partition. */
export function partitionDirectoryName(name: PartitionName): string {
  return `${name.topicId}-${name.partition}`;
}

/** The partition that a directory of that name holds, or undefined where it holds none. */
export function parsePartitionDirectoryName(text: string): PartitionName | undefined {
  const match = directoryPattern.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  return { topicId: topicId(match[1]), partition: Number(match[2]) };
}

/** Paths of the three files of a segment. */
export function segmentPaths(directory: string, baseOffset: number) {
  const stem = `${directory}/${String(baseOffset).padStart(20, "0")}`;
  return { log: stem + logSuffix, offsetIndex: stem + offsetIndexSuffix, timeIndex: stem + timeIndexSuffix };
}

/** Base offset and kind of a segment file, or undefined where the name is not one of a segment. */
export function parseSegmentFileName(
  name: string,
): { baseOffset: number; kind: "log" | "index" | "timeindex" } | undefined {
  const match = segmentPattern.exec(name);
  const baseOffset = Number(match?.[1]);
  if (match === null || !Number.isSafeInteger(baseOffset)) return undefined;
  return { baseOffset, kind: match[2] as "log" | "index" | "timeindex" };
}

/** Writes `partition.metadata`, whole or not at all; durable once the directory is synced. */
export function writePartitionMetadata(
  fileSystem: FileSystem,
  directory: string,
  partition: PartitionName & { topic: TopicName },
): Promise<void> {
  const text = `version: 0\ntopic_id: ${partition.topicId}\ntopic: ${partition.topic}\npartition: ${partition.partition}\n`;
  return replaceFileUnsynced(fileSystem, `${directory}/${metadataName}`, Buffer.from(text));
}

/** The topic name in `partition.metadata`, or undefined where the file is missing or makes no sense. */
export async function readPartitionTopic(fileSystem: FileSystem, directory: string): Promise<TopicName | undefined> {
  const path = `${directory}/${metadataName}`;
  const bytes = await readIfThere(fileSystem, path);
  const match = /^topic: ([A-Za-z0-9._-]{1,249})$/m.exec(bytes?.toString("latin1") ?? "");
  return match?.[1] === undefined || /^\.\.?$/.test(match[1]) ? undefined : topicName(match[1]);
}
