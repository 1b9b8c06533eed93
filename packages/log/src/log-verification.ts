/**
 * Checks the files of partitions against each other, and only reads. Safe beside a running broker: what a writer has under way
 * at the end of the last segment is told apart from damage, and an index of that segment may be behind.
 */

import { type FileSystem, isFileError, SluiceError } from "@sluice/model";
import { BatchScanner, type ScanProblem } from "./batch-scanner.js";
import { OffsetIndex } from "./offset-index.js";
import { parseSegmentFileName, segmentPaths } from "./partition-directory.js";
import { TimeIndex } from "./time-index.js";

/** What was found of one file. */
export interface VerificationFinding {
  readonly path: string;
  /**
   * `ok`; `tornTail`: the last segment ends inside a batch, as a write under way or cut short leaves it, and recovery cuts
   * that; `missing`: an index that the next start makes anew; `corrupt`: the file is damaged.
   */
  readonly status: "ok" | "tornTail" | "missing" | "corrupt";
  /** What is wrong, in a sentence; empty where nothing is. */
  readonly problem: string;
}

/** What the log file says of a segment, for the indexes to be held against. */
interface SegmentFacts {
  readonly baseOffset: number;
  readonly sizeBytes: number;
  readonly isLast: boolean;
  /** Last offset of a batch by its position, and largest timestamp so far by last offset. */
  readonly lastOffsets: Map<number, number>;
  readonly timestamps: Map<number, number>;
  readonly maxTimestampMs: number;
  readonly endOffset: number;
  readonly problem: ScanProblem | undefined;
}

/**
 * Verifies every segment in `path` and below: a partition directory, a data directory, or what holds some of these.
 * @throws SluiceError FILE_NOT_FOUND where there is no such directory, or no segment in it.
 */
export async function verifyLogDirectory(fileSystem: FileSystem, path: string): Promise<VerificationFinding[]> {
  const findings: VerificationFinding[] = [];
  try {
    await verifyBelow(fileSystem, path, findings);
  } catch (error) {
    if (!isFileError(error, "ENOENT") && !isFileError(error, "ENOTDIR")) throw error;
    throw new SluiceError("FILE_NOT_FOUND", { path: `directory ${path}` }, { cause: error });
  }
  if (findings.length === 0) throw new SluiceError("FILE_NOT_FOUND", { path: `segment file in ${path}` });
  return findings;
}

async function verifyBelow(fileSystem: FileSystem, path: string, findings: VerificationFinding[]): Promise<void> {
  const names = await fileSystem.list(path);
  const logs = names.filter((name) => parseSegmentFileName(name)?.kind === "log");
  if (logs.length > 0) return verifyPartition(fileSystem, path, logs, findings);
  for (const name of names) {
    const child = `${path}/${name}`;
    if (await isDirectory(fileSystem, child)) await verifyBelow(fileSystem, child, findings);
  }
}

async function isDirectory(fileSystem: FileSystem, path: string): Promise<boolean> {
  try {
    await fileSystem.list(path);
    return true;
  } catch (error) {
    // A file, or something that a running broker has removed since.
    if (isFileError(error, "ENOTDIR") || isFileError(error, "ENOENT")) return false;
    throw error;
  }
}

async function verifyPartition(
  fileSystem: FileSystem,
  directory: string,
  logNames: readonly string[],
  findings: VerificationFinding[],
): Promise<void> {
  let endOffset: number | undefined;
  for (const [index, name] of logNames.entries()) {
    const baseOffset = parseSegmentFileName(name)?.baseOffset ?? 0;
    const facts = await scanSegment(fileSystem, directory, baseOffset, index === logNames.length - 1);
    findings.push(logFinding(`${directory}/${name}`, facts, endOffset));
    await verifyIndexes(fileSystem, directory, facts, findings);
    endOffset = facts.problem === undefined ? facts.endOffset : undefined;
  }
}

async function scanSegment(
  fileSystem: FileSystem,
  directory: string,
  baseOffset: number,
  isLast: boolean,
): Promise<SegmentFacts> {
  const file = await fileSystem.open(segmentPaths(directory, baseOffset).log, "read");
  try {
    const sizeBytes = await file.size();
    const lastOffsets = new Map<number, number>();
    const timestamps = new Map<number, number>();
    let maxTimestampMs = -1;
    const scanner = new BatchScanner(file, {
      position: 0,
      endPosition: sizeBytes,
      baseOffset,
      verifiesChecksums: true,
    });
    for (let batches = await scanner.readMore(); batches.length > 0; batches = await scanner.readMore()) {
      for (const { position, header } of batches) {
        lastOffsets.set(position, header.lastOffset);
        if (header.maxTimestampMs > maxTimestampMs) {
          maxTimestampMs = header.maxTimestampMs;
          timestamps.set(header.lastOffset, maxTimestampMs);
        }
      }
    }
    const endOffset = scanner.nextOffset ?? baseOffset;
    const { problem } = scanner;
    return { baseOffset, sizeBytes, isLast, lastOffsets, timestamps, maxTimestampMs, endOffset, problem };
  } finally {
    await file.close();
  }
}

function logFinding(path: string, facts: SegmentFacts, endOffsetBefore: number | undefined): VerificationFinding {
  if (endOffsetBefore !== undefined && endOffsetBefore !== facts.baseOffset) {
    return corrupt(path, `the segment begins at offset ${facts.baseOffset} where ${endOffsetBefore} follows`);
  }
  if (facts.problem === undefined) return { path, status: "ok", problem: "" };
  const text = `at position ${facts.problem.position}: ${facts.problem.reason}`;
  return facts.isLast && facts.problem.isTorn ? { path, status: "tornTail", problem: text } : corrupt(path, text);
}

async function verifyIndexes(
  fileSystem: FileSystem,
  directory: string,
  facts: SegmentFacts,
  findings: VerificationFinding[],
): Promise<void> {
  const paths = segmentPaths(directory, facts.baseOffset);
  const checks = [
    { path: paths.offsetIndex, problemOf: offsetIndexProblem },
    { path: paths.timeIndex, problemOf: timeIndexProblem },
  ];
  for (const { path, problemOf } of checks) {
    const bytes = await readIfThere(fileSystem, path);
    if (bytes === undefined) {
      // The last segment has its indexes in memory until it is closed.
      if (!facts.isLast) findings.push({ path, status: "missing", problem: "the next start makes it anew" });
      continue;
    }
    const problem = problemOf(bytes, facts);
    findings.push(problem === undefined ? { path, status: "ok", problem: "" } : corrupt(path, problem));
  }
}

function offsetIndexProblem(bytes: Buffer, facts: SegmentFacts): string | undefined {
  const index = OffsetIndex.parse(bytes, { baseOffset: facts.baseOffset, logSizeBytes: facts.sizeBytes });
  if (index === undefined) return "its entries are not in order, or lead out of the log file";
  for (const { offset, position } of index.entries()) {
    if (isBeyondScan(position, facts)) break;
    const lastOffset = facts.lastOffsets.get(position);
    if (lastOffset === undefined) return `it says that a batch begins at position ${position}, and none does`;
    if (lastOffset !== offset) return `it says offset ${offset} of a batch that ends with ${lastOffset}`;
  }
  return undefined;
}

function timeIndexProblem(bytes: Buffer, facts: SegmentFacts): string | undefined {
  const index = TimeIndex.parse(bytes, facts);
  if (index === undefined) return "its entries are not in order";
  for (const { timestampMs, offset } of index.entries()) {
    if (facts.problem !== undefined && offset >= facts.endOffset) break;
    const found = facts.timestamps.get(offset);
    if (found !== timestampMs) return `it says that timestamp ${timestampMs} is in the batch that ends with ${offset}`;
  }
  const isComplete = (index.lastEntry?.timestampMs ?? -1) === facts.maxTimestampMs;
  if (!isComplete && !facts.isLast && facts.problem === undefined) {
    return `it ends before the largest timestamp, ${facts.maxTimestampMs}`;
  }
  return undefined;
}

/** What lies behind damage in the log file cannot be judged, and is not blamed. */
function isBeyondScan(position: number, facts: SegmentFacts): boolean {
  return facts.problem !== undefined && position >= facts.problem.position;
}

async function readIfThere(fileSystem: FileSystem, path: string): Promise<Buffer | undefined> {
  try {
    return await fileSystem.readFile(path);
  } catch (error) {
    if (isFileError(error, "ENOENT")) return undefined;
    throw error;
  }
}

function corrupt(path: string, problem: string): VerificationFinding {
  return { path, status: "corrupt", problem };
}
