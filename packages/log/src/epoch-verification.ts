/** Holds the epoch checkpoint of a partition against the epochs of its batches. Only reads. */

import type { FileSystem } from "@sluice/model";
import { readIfThere } from "./checkpoint-file.js";
import { epochCheckpointName } from "./partition-directory.js";
import type { EpochRun } from "./segment-verification.js";
import { parseTextFile } from "./text-file-dump.js";
import type { VerificationFinding } from "./verification-finding.js";

export interface EpochVerificationOptions {
  /** Path of the partition's directory. */
  readonly directory: string;
  /** The checkpoint as it was before the batches were read; undefined where there was none. */
  readonly bytes: Buffer | undefined;
  /** Of all good batches, in order. */
  readonly epochs: readonly EpochRun[];
  /** The checkpoint may lack epochs that begin at or after it; undefined where it is not known. */
  readonly recoveryPoint: number | undefined;
  /** What is below it is forgotten by the checkpoint, and may still be in the first segment. */
  readonly logStartOffset: number;
  /** End of the log; undefined where that is damaged. */
  readonly endOffset: number | undefined;
}

/** What is to be said of the checkpoint; undefined where nothing is. @throws errors of the file system. */
export async function verifyEpochCheckpoint(
  fileSystem: FileSystem,
  options: EpochVerificationOptions,
): Promise<VerificationFinding | undefined> {
  const path = `${options.directory}/${epochCheckpointName}`;
  const { bytes } = options;
  if (bytes === undefined) {
    const isDue = options.epochs.some((run) => run.startOffset < (options.recoveryPoint ?? 0));
    return isDue ? { path, status: "missing", problem: "the next start makes it anew" } : undefined;
  }
  const problem = problemOf(bytes, options);
  if (problem === undefined) return { path, status: "ok", problem: "" };
  // A running broker has replaced it since, or removed the partition: the batches were read later than the checkpoint.
  const now = await readIfThere(fileSystem, path);
  if (now === undefined) return undefined;
  const isStill = now.equals(bytes) || problemOf(now, options) !== undefined;
  return isStill ? { path, status: "corrupt", problem } : { path, status: "ok", problem: "" };
}

interface EpochEntry {
  readonly epoch: number;
  readonly startOffset: number;
}

function problemOf(bytes: Buffer, options: EpochVerificationOptions): string | undefined {
  const dumped = parseTextFile("leader-epoch-checkpoint", bytes);
  if (dumped.problem !== undefined) return dumped.problem;
  const entries = dumped.entries as readonly unknown[] as readonly EpochEntry[];
  for (const [index, { epoch, startOffset }] of entries.entries()) {
    const before = entries[index - 1];
    if (!Number.isSafeInteger(epoch) || !Number.isSafeInteger(startOffset) || epoch < 0 || startOffset < 0) {
      return `entry ${index + 1} is no epoch and offset`;
    }
    if (before !== undefined && (epoch <= before.epoch || startOffset <= before.startOffset)) {
      return `entry ${index + 1} is not above the one before it`;
    }
  }
  return disagreement(entries, options);
}

function disagreement(
  entries: readonly EpochEntry[],
  { epochs, recoveryPoint, logStartOffset, endOffset }: EpochVerificationOptions,
): string | undefined {
  const latest = entries.at(-1)?.epoch ?? -1;
  for (const each of epochs) {
    if (each.endOffset <= logStartOffset) continue;
    const run = { ...each, startOffset: Math.max(each.startOffset, logStartOffset) };
    const isBehind = run.epoch > latest && run.startOffset >= (recoveryPoint ?? 0);
    const found = entries.findLast((entry) => entry.startOffset <= run.startOffset)?.epoch;
    if (found !== run.epoch && !isBehind) {
      return `it says epoch ${found ?? "none"} of offset ${run.startOffset}, and the batch says ${run.epoch}`;
    }
    const inside = entries.find((entry) => entry.startOffset > run.startOffset && entry.startOffset < run.endOffset);
    if (inside !== undefined) {
      return `it says that epoch ${inside.epoch} begins at offset ${inside.startOffset}, and the batch there says ${run.epoch}`;
    }
  }
  const beyond = entries.find((entry) => endOffset !== undefined && entry.startOffset > endOffset);
  if (beyond === undefined) return undefined;
  return `it says that epoch ${beyond.epoch} begins at offset ${beyond.startOffset}, and the log ends at ${endOffset}`;
}
