/**
 * Files `%020d.snapshot`: the producer state of everything below the offset in the name. Kafka's format, big-endian:
 *
 *     Snapshot = version int16: 1, crc uint32: CRC-32C of all after it, count int32, Row * count
 *     Row =
 *       producerId             int64
 *       epoch                  int16
 *       lastSequence           int32   -1: no batch
 *       lastOffset             int64   -1: no batch
 *       offsetDelta            int32   lastOffset - baseOffset, and lastSequence - baseSequence; 0: also for no batch
 *       timestamp              int64   of the batch, ms since 1970, -1: none; without a batch: since when the producer is silent
 *       coordinatorEpoch       int32   -1: no marker
 *       currentTxnFirstOffset  int64   -1: no open transaction
 *
 * A producer has adjacent rows, one for each batch that is remembered, oldest first: Kafka, which remembers one, takes the
 * last. A row without a batch comes before them where the producer is silent, and alone where it has no batches.
 *
 * A snapshot is a cache of the log below it, so one that makes no sense is passed over. It must not outlive those batches: who
 * cuts the log at an offset, or finds it to end there, first removes the snapshots beyond.
 */

import { type FileSystem, isFileError } from "@sluice/model";
import { crc32c } from "@sluice/record";
import { readIfThere, removeIfThere, replaceFile } from "./checkpoint-file.js";
import {
  type AppendedBatch,
  type ProducerEntry,
  ProducerState,
  rememberedBatchCount,
  sequenceAfter,
} from "./producer-state.js";

export const snapshotSuffix = ".snapshot";
const snapshotPattern = /^(\d{20})\.snapshot$/;
const version = 1;
const crcAt = 2;
const countAt = 6;
const rowsAt = 10;
const rowSizeBytes = 46;
const rowField = {
  producerId: 0,
  epoch: 8,
  lastSequence: 10,
  lastOffset: 14,
  offsetDelta: 22,
  timestamp: 26,
  coordinatorEpoch: 34,
  currentTxnFirstOffset: 38,
} as const;

/** Path of the snapshot of everything below `offset`. */
export function snapshotPath(directory: string, offset: number): string {
  return `${directory}/${String(offset).padStart(20, "0")}${snapshotSuffix}`;
}

/** Offsets of the snapshots among the names of a directory, ascending. */
export function listSnapshots(names: readonly string[]): number[] {
  const offsets = names.map((name) => Number(snapshotPattern.exec(name)?.[1]));
  return offsets.filter((offset) => Number.isSafeInteger(offset)).sort((left, right) => left - right);
}

/** Writes the snapshot of `state` as it is now, durably. One at a time for each offset. @throws an error of the file system */
export function saveProducerSnapshot(
  fileSystem: FileSystem,
  directory: string,
  offset: number,
  state: ProducerState,
): Promise<void> {
  return replaceFile(fileSystem, snapshotPath(directory, offset), encodeProducerSnapshot(state));
}

/**
 * The newest snapshot that makes sense and is not beyond `atMostOffset`; undefined where there is none. The batches from its
 * `offset` on are to be replayed.
 * @throws an error of the file system, never ENOENT
 */
export async function loadNewestSnapshot(
  fileSystem: FileSystem,
  directory: string,
  atMostOffset: number,
): Promise<{ readonly offset: number; readonly state: ProducerState } | undefined> {
  const offsets = await snapshotsIn(fileSystem, directory);
  for (const offset of offsets.reverse()) {
    if (offset > atMostOffset) continue;
    const bytes = await readIfThere(fileSystem, snapshotPath(directory, offset));
    const state = bytes && parseProducerSnapshot(bytes, offset);
    if (state !== undefined) return { offset, state };
  }
  return undefined;
}

/**
 * Removes the snapshots whose offset the predicate holds for, durably: one that came back after a power loss would be taken
 * for the past of other batches.
 * @throws an error of the file system, never ENOENT
 */
export async function removeSnapshots(
  fileSystem: FileSystem,
  directory: string,
  predicate: (offset: number) => boolean,
): Promise<void> {
  const offsets = (await snapshotsIn(fileSystem, directory)).filter(predicate);
  for (const offset of offsets) await removeIfThere(fileSystem, snapshotPath(directory, offset));
  if (offsets.length > 0) await unlessMissing(fileSystem.syncDirectory(directory));
}

/** The bytes of a snapshot of `state`. */
export function encodeProducerSnapshot(state: ProducerState): Buffer {
  const entries = [...state.entries()];
  const count = entries.reduce((sum, entry) => sum + entry.batches.length + (hasRowWithoutBatch(entry) ? 1 : 0), 0);
  const bytes = Buffer.alloc(rowsAt + count * rowSizeBytes);
  bytes.writeInt16BE(version, 0);
  bytes.writeInt32BE(count, countAt);
  let at = rowsAt;
  for (const entry of entries) {
    if (hasRowWithoutBatch(entry)) at = writeRow(bytes, at, entry, undefined);
    for (const batch of entry.batches) at = writeRow(bytes, at, entry, batch);
  }
  bytes.writeUInt32BE(crc32c(bytes.subarray(countAt)), crcAt);
  return bytes;
}

/** The state in the bytes of a snapshot at `offset`, or undefined where they make no sense. Throws for no bytes at all. */
export function parseProducerSnapshot(bytes: Buffer, offset: number): ProducerState | undefined {
  if (bytes.length < rowsAt || bytes.readInt16BE(0) !== version) return undefined;
  if (bytes.readUInt32BE(crcAt) !== crc32c(bytes.subarray(countAt))) return undefined;
  if (bytes.length !== rowsAt + bytes.readInt32BE(countAt) * rowSizeBytes) return undefined;
  const entries = new Map<number, ProducerEntry>();
  let previous: ProducerEntry | undefined;
  for (let at = rowsAt; at < bytes.length; at += rowSizeBytes) {
    const row = readRow(bytes, at);
    if (!isPossible(row, offset)) return undefined;
    const isNext = previous?.producerId === row.producerId;
    if (!isNext && entries.has(row.producerId)) return undefined;
    const entry: ProducerEntry | undefined = isNext && previous !== undefined ? merged(previous, row) : row;
    if (entry === undefined) return undefined;
    entries.set(entry.producerId, entry);
    previous = entry;
  }
  return ProducerState.of(entries.values());
}

function hasRowWithoutBatch(entry: ProducerEntry): boolean {
  return entry.batches.length === 0 || entry.silentSinceMs >= 0;
}

/** Returns where the next row begins. */
function writeRow(bytes: Buffer, at: number, entry: ProducerEntry, batch: AppendedBatch | undefined): number {
  const offsetDelta = batch === undefined ? 0 : batch.lastOffset - batch.baseOffset;
  bytes.writeBigInt64BE(BigInt(entry.producerId), at + rowField.producerId);
  bytes.writeInt16BE(entry.producerEpoch, at + rowField.epoch);
  bytes.writeInt32BE(batch?.lastSequence ?? -1, at + rowField.lastSequence);
  bytes.writeBigInt64BE(BigInt(batch?.lastOffset ?? -1), at + rowField.lastOffset);
  bytes.writeInt32BE(offsetDelta, at + rowField.offsetDelta);
  bytes.writeBigInt64BE(BigInt(batch?.timestampMs ?? entry.silentSinceMs), at + rowField.timestamp);
  bytes.writeInt32BE(entry.coordinatorEpoch, at + rowField.coordinatorEpoch);
  bytes.writeBigInt64BE(BigInt(entry.openTransactionOffset), at + rowField.currentTxnFirstOffset);
  return at + rowSizeBytes;
}

/** What one row says: an entry with one batch or none. Its numbers may be anything. */
function readRow(bytes: Buffer, at: number): ProducerEntry {
  const lastSequence = bytes.readInt32BE(at + rowField.lastSequence);
  const lastOffset = Number(bytes.readBigInt64BE(at + rowField.lastOffset));
  const offsetDelta = bytes.readInt32BE(at + rowField.offsetDelta);
  const timestampMs = Number(bytes.readBigInt64BE(at + rowField.timestamp));
  const hasBatch = lastOffset !== -1 || lastSequence !== -1 || offsetDelta !== 0;
  const baseSequence = sequenceAfter(lastSequence, -offsetDelta);
  const batch = { baseSequence, lastSequence, baseOffset: lastOffset - offsetDelta, lastOffset, timestampMs };
  return {
    producerId: Number(bytes.readBigInt64BE(at + rowField.producerId)),
    producerEpoch: bytes.readInt16BE(at + rowField.epoch),
    coordinatorEpoch: bytes.readInt32BE(at + rowField.coordinatorEpoch),
    openTransactionOffset: Number(bytes.readBigInt64BE(at + rowField.currentTxnFirstOffset)),
    silentSinceMs: hasBatch ? -1 : timestampMs,
    batches: hasBatch ? [batch] : [],
  };
}

/** Whether a log that ends at `endOffset` can have left this row. */
function isPossible(row: ProducerEntry, endOffset: number): boolean {
  const { producerId, producerEpoch, coordinatorEpoch, openTransactionOffset, silentSinceMs } = row;
  const isPossibleProducer =
    isBetween(producerId, 0, Number.MAX_SAFE_INTEGER) &&
    producerEpoch >= 0 &&
    coordinatorEpoch >= -1 &&
    isBetween(openTransactionOffset, -1, endOffset - 1) &&
    isBetween(silentSinceMs, -1, Number.MAX_SAFE_INTEGER);
  return (
    isPossibleProducer &&
    row.batches.every(
      ({ baseOffset, lastOffset, lastSequence, timestampMs }) =>
        isBetween(lastOffset, 0, endOffset - 1) &&
        isBetween(baseOffset, 0, lastOffset) &&
        lastSequence >= 0 &&
        isBetween(timestampMs, -1, Number.MAX_SAFE_INTEGER),
    )
  );
}

/** `entry` with the batch of the next row of its producer, or undefined where the row cannot follow. */
function merged(entry: ProducerEntry, row: ProducerEntry): ProducerEntry | undefined {
  const [batch] = row.batches;
  if (batch === undefined || entry.batches.length === rememberedBatchCount) return undefined;
  if (row.producerEpoch !== entry.producerEpoch || row.coordinatorEpoch !== entry.coordinatorEpoch) return undefined;
  if (row.openTransactionOffset !== entry.openTransactionOffset) return undefined;
  if (batch.baseOffset <= (entry.batches.at(-1)?.lastOffset ?? -1)) return undefined;
  return { ...entry, batches: [...entry.batches, batch] };
}

function isBetween(value: number, lowest: number, highest: number): boolean {
  return Number.isSafeInteger(value) && value >= lowest && value <= highest;
}

async function snapshotsIn(fileSystem: FileSystem, directory: string): Promise<number[]> {
  return listSnapshots((await unlessMissing(fileSystem.list(directory))) ?? []);
}

/** Undefined where the file or directory is gone: others remove them, with their segments or their partition. */
async function unlessMissing<Result>(result: Promise<Result>): Promise<Result | undefined> {
  try {
    return await result;
  } catch (error) {
    if (isFileError(error, "ENOENT")) return undefined;
    throw error;
  }
}
