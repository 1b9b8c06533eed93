/**
 * Reads segment files as they are, for people: batches with their records, and the entries of both indexes. Only reads; needs
 * no lock, no running log and none of the other files. Damage does not end it: what can still be found behind it is shown too.
 */

import { type FileSystem, isSluiceError, SluiceError } from "@sluice/model";
import {
  type ControlRecord,
  prepareCompression,
  type RecordBatchHeader,
  type RecordView,
  readControlRecord,
  recordsIn,
} from "@sluice/record";
import { orFileNotFound } from "./missing-file.js";
import type { OffsetIndexEntry } from "./offset-index.js";
import { SegmentWalk, type WalkedBatch, type WalkedDamage } from "./segment-walk.js";
import { parseStoredFileName } from "./stored-file-name.js";
import type { TimeIndexEntry } from "./time-index.js";

/** One batch of a segment file. */
export interface DumpedBatch extends RecordBatchHeader {
  readonly type: "batch";
  /** Byte of the file at which the batch starts. */
  readonly position: number;
  readonly isChecksumValid: boolean;
  /** Why it cannot follow the batches before it; undefined where it can. Offsets may be missing: compaction removes them. */
  readonly disorder: string | undefined;
  /** Empty where the checksum is not valid: such bytes are not decoded. */
  readonly records: readonly DumpedRecord[];
  /** Why `records` are not all of it: their codec's package is missing, or their bytes are no records. */
  readonly recordsError: SluiceError | undefined;
}

/** A record, and in a control batch what it says. */
export interface DumpedRecord extends RecordView {
  /** Undefined in other batches. */
  readonly control: ControlRecord | undefined;
}

/** Bytes of a segment file that are no batch. */
export type DumpedDamage = WalkedDamage;

export interface DumpSegmentOptions {
  /** Batches that end before this offset are left out. Default: none. */
  readonly fromOffset?: number;
  /** Default true. False: `records` are empty, and nothing is decompressed. */
  readonly hasRecords?: boolean;
}

/** One entry of an index, whatever it says. */
export type DumpedIndexEntry<Entry> = Entry & {
  /** It is not above the entry before it, in both numbers: the index makes no sense from here on. */
  readonly isOutOfOrder: boolean;
};

export interface DumpedIndex<Entry> {
  readonly entries: readonly DumpedIndexEntry<Entry>[];
  /** Zeros at the end of the file: space that Kafka takes beforehand, or a power loss left. */
  readonly zeroBytes: number;
  /** What is wrong with the file, in a sentence without its end; undefined where nothing is. */
  readonly problem: string | undefined;
}

/**
 * The batches of a `.log` file, in order, and what between them is none.
 * @throws SluiceError FILE_NOT_FOUND, CORRUPT_FILE where the name is none of a segment
 */
export async function* dumpSegment(
  fileSystem: FileSystem,
  path: string,
  options: DumpSegmentOptions = {},
): AsyncGenerator<DumpedBatch | DumpedDamage> {
  const baseOffset = baseOffsetOf(path, "log");
  const { fromOffset = 0, hasRecords = true } = options;
  if (hasRecords) await prepareCompression();
  const file = await orFileNotFound(path, () => fileSystem.open(path, "read"));
  try {
    const walk = new SegmentWalk(file, {
      position: 0,
      endPosition: await file.size(),
      baseOffset,
      gapsBelow: Number.POSITIVE_INFINITY,
    });
    for (let items = await walk.readMore(); items.length > 0; items = await walk.readMore()) {
      for (const item of items) {
        if (item.type === "damage") yield item;
        else if (item.header.lastOffset >= fromOffset) yield dumpedBatch(item, hasRecords && item.isChecksumValid);
      }
    }
  } finally {
    await file.close();
  }
}

/**
 * The entries of an `.index` file.
 * @throws SluiceError FILE_NOT_FOUND, CORRUPT_FILE where the name is none of an index
 */
export async function dumpOffsetIndex(fileSystem: FileSystem, path: string): Promise<DumpedIndex<OffsetIndexEntry>> {
  const baseOffset = baseOffsetOf(path, "index");
  const bytes = await orFileNotFound(path, () => fileSystem.readFile(path));
  return dumpedIndex(bytes, 8, (at) => {
    const offset = baseOffset + bytes.readInt32BE(at);
    const position = bytes.readInt32BE(at + 4);
    return { entry: { offset, position }, numbers: [offset, position] };
  });
}

/**
 * The entries of a `.timeindex` file.
 * @throws SluiceError FILE_NOT_FOUND, CORRUPT_FILE where the name is none of a time index
 */
export async function dumpTimeIndex(fileSystem: FileSystem, path: string): Promise<DumpedIndex<TimeIndexEntry>> {
  const baseOffset = baseOffsetOf(path, "timeindex");
  const bytes = await orFileNotFound(path, () => fileSystem.readFile(path));
  return dumpedIndex(bytes, 12, (at) => {
    const timestampMs = Number(bytes.readBigInt64BE(at));
    const offset = baseOffset + bytes.readInt32BE(at + 8);
    return { entry: { timestampMs, offset }, numbers: [timestampMs, offset] };
  });
}

function dumpedBatch(
  { header, position, isChecksumValid, disorder, bytes }: WalkedBatch,
  isRead: boolean,
): DumpedBatch {
  const read = isRead ? readRecords(bytes, header.isControl) : { records: [], recordsError: undefined };
  return { type: "batch", ...header, position, isChecksumValid, disorder, ...read };
}

function readRecords(bytes: Buffer, isControl: boolean): Pick<DumpedBatch, "records" | "recordsError"> {
  const records: DumpedRecord[] = [];
  try {
    for (const record of recordsIn(bytes)) {
      const { offset, timestampMs, key, value, headers } = record;
      const control = isControl ? readControlRecord(record) : undefined;
      records.push({ offset, timestampMs, key, value, headers, control });
    }
  } catch (error) {
    if (!isSluiceError(error)) throw error;
    return { records, recordsError: error };
  }
  return { records, recordsError: undefined };
}

/** An entry with its two numbers in the order of the file: both increase from entry to entry. */
interface ReadEntry<Entry> {
  readonly entry: Entry;
  readonly numbers: readonly [number, number];
}

function dumpedIndex<Entry extends object>(
  bytes: Buffer,
  entrySizeBytes: number,
  readEntry: (at: number) => ReadEntry<Entry>,
): DumpedIndex<Entry> {
  const end = usedBytes(bytes, entrySizeBytes);
  const entries: DumpedIndexEntry<Entry>[] = [];
  let before: readonly [number, number] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let at = 0; at + entrySizeBytes <= end; at += entrySizeBytes) {
    const { entry, numbers } = readEntry(at);
    entries.push({ ...entry, isOutOfOrder: numbers[0] <= before[0] || numbers[1] <= before[1] });
    before = numbers;
  }
  const zeroBytes = bytes.length - end;
  return { entries, zeroBytes, problem: indexProblem(entries, { rest: end % entrySizeBytes, zeroBytes }) };
}

function indexProblem(
  entries: readonly { readonly isOutOfOrder: boolean }[],
  { rest, zeroBytes }: { readonly rest: number; readonly zeroBytes: number },
): string | undefined {
  const outOfOrder = entries.filter((entry) => entry.isOutOfOrder).length;
  if (outOfOrder > 0) return `${outOfOrder} of its ${entries.length} entries are not in order`;
  if (rest > 0) return `${rest} bytes follow its last entry`;
  return zeroBytes > 0 ? `it ends with ${zeroBytes} bytes of zeros` : undefined;
}

/** Bytes before the zeros at the end, where there is more than one entry of them: a first entry may be all zeros. */
function usedBytes(bytes: Buffer, entrySizeBytes: number): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  const whole = Math.ceil(end / entrySizeBytes) * entrySizeBytes;
  return bytes.length - whole > entrySizeBytes ? whole : bytes.length;
}

function baseOffsetOf(path: string, kind: "log" | "index" | "timeindex"): number {
  const file = parseStoredFileName(path);
  if (file?.kind === kind) return file.baseOffset;
  throw new SluiceError("CORRUPT_FILE", { path, reason: `its name is not 20 digits and .${kind}` });
}
