/**
 * Checks the files of partitions against each other, and only reads. Safe beside a running broker: what a writer has under way
 * at the end of the last segment is told apart from damage, an index of that segment may be behind, and a file that goes away
 * under the check is not missed.
 *
 * Of a partition: every segment with its indexes (segment-verification.ts), that the segments follow each other without a gap, that
 * the log reaches the recovery point, the epoch checkpoint against the batches, producer snapshots, the other small files, and
 * what a crash left behind. Of a data directory: its own small files too.
 */

import { basename, dirname } from "node:path/posix";
import { type FileSystem, isFileError, SluiceError } from "@sluice/model";
import { readIfThere } from "./checkpoint-file.js";
import { gapsBelowIn } from "./compaction-gaps.js";
import { verifyEpochCheckpoint } from "./epoch-verification.js";
import { assertThere, orFileNotFound } from "./missing-file.js";
import { epochCheckpointName, parsePartitionDirectoryName } from "./partition-directory.js";
import { verifySegment } from "./segment-verification.js";
import { verifyPartitionMetadata, verifySnapshot, verifyTextFile } from "./small-file-verification.js";
import { leftoverOf, parseStoredFileName } from "./stored-file-name.js";
import { parseTextFile } from "./text-file-dump.js";
import type { VerificationFinding } from "./verification-finding.js";

export interface VerifyLogsOptions {
  /**
   * Offsets may be missing between the batches of every segment but the last, as compaction leaves them. Default false: they may be
   * missing where the partition's compaction-checkpoint says so.
   */
  readonly isCompacted?: boolean;
}

/** Names of a data directory's own files that are checked. `clean-shutdown` comes and goes: where it is, it is checked. */
const directoryFileNames = [
  "meta",
  "life",
  "clean-shutdown",
  "recovery-point",
  "log-start-offset",
  "replication-offset-checkpoint",
  "lossy",
] as const;

/**
 * Verifies `path`: one file, or every log in a directory and below: a partition, a data directory, or what holds some of these.
 * A file of a segment is checked with the other files of that segment.
 * @throws SluiceError FILE_NOT_FOUND where there is nothing of that name, or nothing in it that could be checked; CORRUPT_FILE
 * where a file's name is none of a log; errors of the file system
 */
export async function verifyLogDirectory(
  fileSystem: FileSystem,
  path: string,
  options: VerifyLogsOptions = {},
): Promise<VerificationFinding[]> {
  const verification = new LogVerification(fileSystem, options);
  await orFileNotFound(path, () => verification.verify(path));
  const { findings } = verification;
  if (findings.length === 0) throw new SluiceError("FILE_NOT_FOUND", { path: `segment file in ${path}` });
  return findings;
}

class LogVerification {
  readonly findings: VerificationFinding[] = [];
  readonly #fileSystem: FileSystem;
  readonly #options: VerifyLogsOptions;

  constructor(fileSystem: FileSystem, options: VerifyLogsOptions) {
    this.#fileSystem = fileSystem;
    this.#options = options;
  }

  /** @throws ENOENT where there is nothing of that name */
  async verify(path: string): Promise<void> {
    const names = await this.#namesIn(path);
    if (names === undefined) await this.#verifyFile(path);
    else await this.#verifyBelow(path, names);
  }

  async #verifyBelow(path: string, names: readonly string[]): Promise<void> {
    if (isPartition(path, names)) return this.#verifyPartition(path, names);
    if (names.includes("meta") || names.includes("recovery-point")) await this.#verifyDirectoryFiles(path, names);
    for (const name of names) {
      // The file system's own, and only root may look into it.
      if (name === "lost+found") continue;
      const child = `${path}/${name}`;
      const below = await this.#childNames(child);
      if (below === undefined) continue;
      if (leftoverOf(name) === undefined) await this.#verifyBelow(child, below);
      else this.findings.push({ path: child, status: "leftover", problem: "the next start removes it" });
    }
  }

  async #verifyDirectoryFiles(path: string, names: readonly string[]): Promise<void> {
    for (const name of directoryFileNames) {
      if (!names.includes(name)) continue;
      const finding = await verifyTextFile(this.#fileSystem, `${path}/${name}`);
      if (finding !== undefined) this.findings.push(finding);
    }
    if (!names.includes("recovery-point")) {
      const problem = "how much of the partitions was durable is not known: damage in them is never cut";
      this.findings.push({ path: `${path}/recovery-point`, status: "missing", problem });
    }
  }

  async #verifyFile(path: string): Promise<void> {
    const file = parseStoredFileName(path);
    await assertThere(this.#fileSystem, path);
    if (file === undefined) {
      throw new SluiceError("CORRUPT_FILE", { path, reason: "its name is none of a file of a log" });
    }
    if (file.leftover !== undefined) this.findings.push(leftoverFinding(path));
    else if (file.kind === "text") await this.#push(verifyTextFile(this.#fileSystem, path));
    else if (file.kind === "snapshot") await this.#push(verifySnapshot(this.#fileSystem, path, undefined));
    else {
      const directory = dirname(path);
      const names = await this.#fileSystem.list(directory);
      const isLast = logsIn(names).at(-1) === file.baseOffset;
      const gapsBelow = await this.#gapsBelow(directory, logsIn(names));
      const segment = { fileSystem: this.#fileSystem, directory, baseOffset: file.baseOffset, isLast, gapsBelow };
      this.findings.push(...(await verifySegment(segment)).findings);
    }
  }

  async #verifyPartition(directory: string, names: readonly string[]): Promise<void> {
    const fileSystem = this.#fileSystem;
    const bases = logsIn(names);
    const gapsBelow = await this.#gapsBelow(directory, bases);
    const epochCheckpoint = await readIfThere(fileSystem, `${directory}/${epochCheckpointName}`);
    const recoveryPoint = await this.#recoveryPoint(directory);
    const epochs = [];
    let endOffset: number | undefined;
    let goodEndOffset: number | undefined;
    for (const [index, baseOffset] of bases.entries()) {
      const isLast = index === bases.length - 1;
      const segment = await verifySegment({ fileSystem, directory, baseOffset, isLast, gapsBelow });
      const [log, ...others] = segment.findings;
      const isGap = endOffset !== undefined && endOffset !== baseOffset;
      const gap = { baseOffset, endOffset: endOffset ?? 0, isSwapping: isSwapAt(names, endOffset ?? 0) };
      if (log !== undefined) this.findings.push(isGap ? gapFinding(log.path, gap) : log, ...others);
      epochs.push(...segment.epochs);
      endOffset = segment.endOffset;
      goodEndOffset = segment.goodEndOffset;
    }
    await this.#verifyEnd(directory, { goodEndOffset, recoveryPoint, isEmpty: bases.length === 0 });
    // Read last: it only grows, and the checkpoint says nothing of what is below it.
    const logStartOffset = (await this.#offsetIn("log-start-offset", directory)) ?? 0;
    const epochCheck = { directory, bytes: epochCheckpoint, epochs, recoveryPoint, logStartOffset, endOffset };
    const epochFinding = await verifyEpochCheckpoint(fileSystem, epochCheck);
    if (epochFinding !== undefined) this.findings.push(epochFinding);
    await this.#verifySmallFiles(directory, names, endOffset);
  }

  /** Everything below the recovery point was durable once: a log that ends before it has lost something. */
  async #verifyEnd(
    directory: string,
    log: { goodEndOffset: number | undefined; recoveryPoint: number | undefined; isEmpty: boolean },
  ): Promise<void> {
    const { recoveryPoint, goodEndOffset = 0 } = log;
    if (recoveryPoint === undefined || goodEndOffset >= recoveryPoint) return;
    // A follower that cuts its log lowers the recovery point before.
    if ((await this.#recoveryPoint(directory)) !== recoveryPoint) return;
    const found = log.isEmpty ? "there is no segment file" : `what is good of the log ends at offset ${goodEndOffset}`;
    const problem = `${found}, and all below offset ${recoveryPoint} was durable`;
    this.findings.push({ path: directory, status: "corrupt", problem });
  }

  async #verifySmallFiles(directory: string, names: readonly string[], endOffset: number | undefined): Promise<void> {
    await this.#push(verifyPartitionMetadata(this.#fileSystem, directory));
    const bases = new Set(logsIn(names));
    for (const name of names) {
      const path = `${directory}/${name}`;
      const file = parseStoredFileName(name);
      if (leftoverOf(name) !== undefined) this.findings.push(leftoverFinding(path));
      else if (file?.kind === "snapshot") await this.#push(verifySnapshot(this.#fileSystem, path, endOffset));
      else if (file?.kind === "text" && file.name === "compaction-checkpoint") {
        await this.#push(verifyTextFile(this.#fileSystem, path));
      } else if ((file?.kind === "index" || file?.kind === "timeindex") && !bases.has(file.baseOffset)) {
        const problem = "there is no log file of that name: the next start removes it";
        this.findings.push({ path, status: "leftover", problem });
      }
    }
  }

  async #push(work: Promise<VerificationFinding | undefined>): Promise<void> {
    const finding = await work;
    if (finding !== undefined) this.findings.push(finding);
  }

  /** Exclusive end of the offsets that may be missing inside segments. */
  #gapsBelow(directory: string, bases: readonly number[]): Promise<number> {
    const isCompacted = this.#options.isCompacted === true;
    return gapsBelowIn(this.#fileSystem, { directory, lastBaseOffset: bases.at(-1) ?? 0, isCompacted });
  }

  /** Exclusive end of what was durable of the partition, or undefined where that is not known. */
  #recoveryPoint(directory: string): Promise<number | undefined> {
    return this.#offsetIn("recovery-point", directory);
  }

  /** What a file of the data directory says of the partition, or undefined where it says nothing. */
  async #offsetIn(name: "recovery-point" | "log-start-offset", directory: string): Promise<number | undefined> {
    const bytes = await readIfThere(this.#fileSystem, `${dirname(directory)}/${name}`);
    if (bytes === undefined) return undefined;
    const { entries, problem } = parseTextFile(name, bytes);
    const entry = entries.find(({ partition }) => partition === basename(directory));
    return problem === undefined && typeof entry?.offset === "number" ? entry.offset : undefined;
  }

  /** Names in a directory, sorted; undefined where it is a file. @throws ENOENT */
  async #namesIn(path: string): Promise<string[] | undefined> {
    try {
      return await this.#fileSystem.list(path);
    } catch (error) {
      if (isFileError(error, "ENOTDIR")) return undefined;
      throw error;
    }
  }

  /** As `#namesIn`; undefined also for what a running broker has removed since. */
  async #childNames(path: string): Promise<string[] | undefined> {
    try {
      return await this.#namesIn(path);
    } catch (error) {
      if (isFileError(error, "ENOENT")) return undefined;
      throw error;
    }
  }
}

function isPartition(path: string, names: readonly string[]): boolean {
  return parsePartitionDirectoryName(basename(path)) !== undefined || logsIn(names).length > 0;
}

/** Base offsets of the segments, in order. */
function logsIn(names: readonly string[]): number[] {
  const files = names.map(parseStoredFileName);
  return files.flatMap((file) => (file?.kind === "log" && file.leftover === undefined ? [file.baseOffset] : []));
}

/** A segment that begins at or below `offset` is being swapped in for this one and some that follow it. */
function isSwapAt(names: readonly string[], offset: number): boolean {
  const files = names.map(parseStoredFileName);
  return files.some((file) => file?.kind === "log" && file.leftover === "swap" && file.baseOffset <= offset);
}

function gapFinding(
  path: string,
  { baseOffset, endOffset, isSwapping }: { baseOffset: number; endOffset: number; isSwapping: boolean },
): VerificationFinding {
  const problem = `the segment begins at offset ${baseOffset} where ${endOffset} follows`;
  if (!isSwapping) return { path, status: "corrupt", problem };
  return { path, status: "leftover", problem: `${problem}: compaction was putting another in their place` };
}

function leftoverFinding(path: string): VerificationFinding {
  return { path, status: "leftover", problem: "unfinished, or to be removed: the next start sees to it" };
}
