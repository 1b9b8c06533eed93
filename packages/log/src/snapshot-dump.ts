/**
 * Reads a `.snapshot` file row by row for people, also where its checksum does not fit. The format is Kafka's; a producer has a row
 * for each of the batches that are remembered of it, oldest first.
 *
 *     version int16 (1), crc uint32 (CRC-32C of all that follows), row count int32, rows
 *     row (46 bytes) = producerId int64, epoch int16, last sequence int32, last offset int64, offset delta int32,
 *                      timestamp int64, coordinator epoch int32, first offset of the open transaction int64 (-1: none)
 */

import { type FileSystem, SluiceError } from "@sluice/model";
import { crc32c } from "@sluice/record";
import { orFileNotFound } from "./missing-file.js";
import { parseStoredFileName } from "./stored-file-name.js";

const version = 1;
const headerSizeBytes = 10;
const checkedFrom = 6;
const rowSizeBytes = 46;

/** One batch that is remembered of a producer. */
export interface DumpedSnapshotRow {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Sequence of the last record of the batch; -1: none. */
  readonly lastSequence: number;
  /** Offset of the last record of the batch. */
  readonly lastOffset: number;
  /** Records of the batch - 1. */
  readonly offsetDelta: number;
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
  /** Of the coordinator of its transactions; -1: none. */
  readonly coordinatorEpoch: number;
  /** First offset of its open transaction; -1: none is open. */
  readonly transactionFirstOffset: number;
}

export interface DumpedSnapshot {
  readonly rows: readonly DumpedSnapshotRow[];
  /** What is wrong with the file, in a sentence without its end; undefined where nothing is. */
  readonly problem: string | undefined;
}

/**
 * The rows of a `.snapshot` file.
 * @throws SluiceError FILE_NOT_FOUND, CORRUPT_FILE where the name is none of a snapshot
 */
export async function dumpProducerSnapshot(fileSystem: FileSystem, path: string): Promise<DumpedSnapshot> {
  if (parseStoredFileName(path)?.kind !== "snapshot") {
    throw new SluiceError("CORRUPT_FILE", { path, reason: "its name is not 20 digits and .snapshot" });
  }
  return parseSnapshotRows(await orFileNotFound(path, () => fileSystem.readFile(path)));
}

/** The rows in the bytes, as far as there are whole ones. */
export function parseSnapshotRows(bytes: Buffer): DumpedSnapshot {
  const rows: DumpedSnapshotRow[] = [];
  for (let at = headerSizeBytes; at + rowSizeBytes <= bytes.length; at += rowSizeBytes) rows.push(rowAt(bytes, at));
  return { rows, problem: problemOf(bytes, rows.length) };
}

/** How many producers the rows are of. */
export function producersIn(rows: readonly DumpedSnapshotRow[]): number {
  return new Set(rows.map((row) => row.producerId)).size;
}

function problemOf(bytes: Buffer, rowCount: number): string | undefined {
  if (bytes.length < headerSizeBytes) return `it has ${bytes.length} bytes, and a header has ${headerSizeBytes}`;
  if (bytes.readInt16BE(0) !== version) return `it is of version ${bytes.readInt16BE(0)}, and only ${version} is read`;
  if (bytes.readUInt32BE(2) !== crc32c(bytes.subarray(checkedFrom))) return "its checksum does not fit";
  const said = bytes.readInt32BE(checkedFrom);
  const isWhole = headerSizeBytes + rowCount * rowSizeBytes === bytes.length;
  return said === rowCount && isWhole ? undefined : `it says that it has ${said} rows, and has ${rowCount}`;
}

function rowAt(bytes: Buffer, at: number): DumpedSnapshotRow {
  return {
    producerId: Number(bytes.readBigInt64BE(at)),
    producerEpoch: bytes.readInt16BE(at + 8),
    lastSequence: bytes.readInt32BE(at + 10),
    lastOffset: Number(bytes.readBigInt64BE(at + 14)),
    offsetDelta: bytes.readInt32BE(at + 22),
    timestampMs: Number(bytes.readBigInt64BE(at + 26)),
    coordinatorEpoch: bytes.readInt32BE(at + 34),
    transactionFirstOffset: Number(bytes.readBigInt64BE(at + 38)),
  };
}
