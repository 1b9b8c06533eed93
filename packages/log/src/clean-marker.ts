/**
 * The file `clean-shutdown` of a log directory: there only between a clean stop and the next start.
 *
 *     0
 *     3
 *     broker-epoch 17
 *     5b0f2c4e-...-0 producers
 *     5b0f2c4e-...-1 none
 *     crc32c 1c291ca3
 *
 * It names the life that stopped, the partitions that were closed in order, and whether each left a snapshot of producers: so
 * that a lost snapshot is told from one that never was.
 */

import type { FileSystem } from "@sluice/model";
import { formatCheckpoint, parseCheckpoint, readIfThere, removeIfThere, replaceFile } from "./checkpoint-file.js";

export interface ClosedPartition {
  /** It left a snapshot of producers at the end of its log. */
  readonly hasProducers: boolean;
}

export interface CleanMarker {
  /** Of the life that stopped; undefined where it never registered. */
  readonly brokerEpoch: number | undefined;
  /** By the name of the partition's directory. */
  readonly partitions: ReadonlyMap<string, ClosedPartition>;
}

const fileName = "clean-shutdown";
const epochName = "broker-epoch";

/** Writes the marker, durably. */
export function writeCleanMarker(fileSystem: FileSystem, directory: string, marker: CleanMarker): Promise<void> {
  const lines = [...marker.partitions].map(([name, closed]) => `${name} ${closed.hasProducers ? "producers" : "none"}`);
  const all = [`${epochName} ${marker.brokerEpoch ?? "none"}`, ...lines.sort()];
  return replaceFile(fileSystem, `${directory}/${fileName}`, formatCheckpoint(all, { hasChecksum: true }));
}

/** The marker, or undefined where there is none that can be trusted. */
export async function readCleanMarker(fileSystem: FileSystem, directory: string): Promise<CleanMarker | undefined> {
  const bytes = await readIfThere(fileSystem, `${directory}/${fileName}`);
  const lines = bytes === undefined ? undefined : parseCheckpoint(bytes, { hasChecksum: true });
  const epoch = /^broker-epoch (\d{1,16}|none)$/.exec(lines?.shift() ?? "")?.[1];
  if (lines === undefined || epoch === undefined) return undefined;
  const partitions = new Map<string, ClosedPartition>();
  for (const line of lines) {
    const match = /^(\S+) (producers|none)$/.exec(line);
    if (match?.[1] === undefined) return undefined;
    partitions.set(match[1], { hasProducers: match[2] === "producers" });
  }
  return { brokerEpoch: epoch === "none" ? undefined : Number(epoch), partitions };
}

/** Removes the marker, durably: before anything else is written, so that a crash can never look clean. */
export async function removeCleanMarker(fileSystem: FileSystem, directory: string): Promise<void> {
  await removeIfThere(fileSystem, `${directory}/${fileName}`);
  await fileSystem.syncDirectory(directory);
}
