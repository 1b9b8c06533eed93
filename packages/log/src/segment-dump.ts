/**
 * Reads segment files as they are, for people: batches with their records, and the entries of both indexes. Only reads; needs
 * no lock, no running log and none of the other files.
 */

import { type FileSystem, isFileError, SluiceError } from "@sluice/model";
import { type RecordBatchHeader, type RecordView, recordsIn, verifyBatchChecksum } from "@sluice/record";
import { BatchScanner } from "./batch-scanner.js";
import { OffsetIndex, type OffsetIndexEntry } from "./offset-index.js";
import { parseSegmentFileName } from "./partition-directory.js";
import { TimeIndex, type TimeIndexEntry } from "./time-index.js";

/** One batch of a segment file. */
export interface DumpedBatch extends RecordBatchHeader {
  /** Byte of the file at which the batch starts. */
  readonly position: number;
  readonly isChecksumValid: boolean;
  /** Empty where the checksum is not valid: such bytes are not decoded. */
  readonly records: readonly RecordView[];
}

/**
 * The batches of a `.log` file, in order. Bytes that are no batch end it with an error after all that precedes them.
 * @throws SluiceError FILE_NOT_FOUND, CORRUPT_FILE, UNSUPPORTED_COMPRESSION
 */
export async function* dumpSegment(fileSystem: FileSystem, path: string): AsyncGenerator<DumpedBatch> {
  baseOffsetOf(path, "log");
  const file = await notFoundAware(path, () => fileSystem.open(path, "read"));
  try {
    const scanner = new BatchScanner(file, { position: 0, endPosition: await file.size(), verifiesChecksums: false });
    for (let batches = await scanner.readMore(); batches.length > 0; batches = await scanner.readMore()) {
      for (const { position, header, bytes } of batches) {
        const isChecksumValid = verifyBatchChecksum(bytes, 0, bytes.length);
        yield { ...header, position, isChecksumValid, records: isChecksumValid ? [...recordsIn(bytes)] : [] };
      }
    }
    if (scanner.problem !== undefined) {
      const { position, reason } = scanner.problem;
      throw new SluiceError("CORRUPT_FILE", { path, reason: `at position ${position}: ${reason}` });
    }
  } finally {
    await file.close();
  }
}

/**
 * The entries of an `.index` file.
 * @throws SluiceError FILE_NOT_FOUND, CORRUPT_FILE
 */
export async function dumpOffsetIndex(fileSystem: FileSystem, path: string): Promise<OffsetIndexEntry[]> {
  const baseOffset = baseOffsetOf(path, "index");
  const bytes = await notFoundAware(path, () => fileSystem.readFile(path));
  // The size of the log is not asked: an index can be looked at without its log.
  const index = OffsetIndex.parse(bytes, { baseOffset, logSizeBytes: Number.POSITIVE_INFINITY });
  if (index === undefined) throw new SluiceError("CORRUPT_FILE", { path, reason: "its entries are not in order" });
  return [...index.entries()];
}

/**
 * The entries of a `.timeindex` file.
 * @throws SluiceError FILE_NOT_FOUND, CORRUPT_FILE
 */
export async function dumpTimeIndex(fileSystem: FileSystem, path: string): Promise<TimeIndexEntry[]> {
  const baseOffset = baseOffsetOf(path, "timeindex");
  const index = TimeIndex.parse(await notFoundAware(path, () => fileSystem.readFile(path)), { baseOffset });
  if (index === undefined) throw new SluiceError("CORRUPT_FILE", { path, reason: "its entries are not in order" });
  return [...index.entries()];
}

function baseOffsetOf(path: string, kind: "log" | "index" | "timeindex"): number {
  const file = parseSegmentFileName(path.slice(path.lastIndexOf("/") + 1));
  if (file?.kind === kind) return file.baseOffset;
  const reason = `its name is not 20 digits and .${kind}`;
  throw new SluiceError("CORRUPT_FILE", { path, reason });
}

async function notFoundAware<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isFileError(error, "ENOENT")) throw error;
    throw new SluiceError("FILE_NOT_FOUND", { path }, { cause: error });
  }
}
