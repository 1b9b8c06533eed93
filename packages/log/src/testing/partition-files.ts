/** Writes the files of a partition as a log would, batch by batch, for tests that are about files and not about the log. */

import type { FileSystem } from "@sluice/model";
import { batchLastOffset, batchMaxTimestampMs, RecordBatchBuilder, stampBatch } from "@sluice/record";
import { segmentPaths } from "../partition-directory.js";
import { SegmentIndexes } from "../segment-indexes.js";
import { MemoryFileSystem } from "./memory-file-system.js";

export const filesDataPath = "/data/broker-1";
/** Name of the directory of a partition. */
export const filesPartitionName = "5b0f2c4e-1d2a-4c3b-9e8f-0a1b2c3d4e5f-0";
export const filesPartitionPath = `${filesDataPath}/${filesPartitionName}`;

/** A file system in memory, of which nothing is left to chance. */
export function memoryFiles(): MemoryFileSystem {
  return new MemoryFileSystem({ uint32: () => 0 });
}

/** Bytes of log between two index entries of the segments that are written here. */
export const fileIndexIntervalBytes = 200;

export interface StampedBatchOptions {
  readonly baseOffset: number;
  /** Default 1. */
  readonly epoch?: number;
  /** Default 1: two records, `a` and `b`. */
  readonly valueBytes?: number;
  /** Of both records. Default: the base offset. */
  readonly timestampMs?: number;
}

/** A batch of two records as it lies in a log: offsets baseOffset and baseOffset + 1. */
export function stampedBatch({ baseOffset, epoch = 1, valueBytes = 1, timestampMs }: StampedBatchOptions): Buffer {
  const builder = new RecordBatchBuilder({});
  for (const letter of ["a", "b"]) {
    const value = Buffer.from(letter.repeat(valueBytes));
    builder.append({ timestampMs: timestampMs ?? baseOffset, key: Buffer.from(`k${baseOffset}`), value });
  }
  const batch = builder.build();
  stampBatch(batch, 0, { baseOffset, leaderEpoch: epoch });
  return batch;
}

/** `count` batches one after the other, two offsets each. */
export function stampedBatches(baseOffset: number, count: number, options: { epoch?: number } = {}): Buffer[] {
  return Array.from({ length: count }, (_, index) => {
    return stampedBatch({ ...options, baseOffset: baseOffset + index * 2, valueBytes: 20 + ((index * 7) % 50) });
  });
}

/** Replaces the content of a file, or makes it. */
export async function putFile(fileSystem: FileSystem, path: string, bytes: Uint8Array | string): Promise<void> {
  await fileSystem.makeDirectory(path.slice(0, path.lastIndexOf("/")));
  const file = await fileSystem.open(path, "write");
  await file.truncate(0);
  await file.write([Buffer.from(bytes)], 0);
  await file.close();
}

/** Writes a closed segment with both indexes. The first batch is at its base offset. */
export async function putSegment(
  fileSystem: FileSystem,
  directory: string,
  baseOffset: number,
  batches: readonly Buffer[],
): Promise<void> {
  await putFile(fileSystem, segmentPaths(directory, baseOffset).log, Buffer.concat(batches));
  const indexes = new SegmentIndexes({ baseOffset, intervalBytes: fileIndexIntervalBytes });
  let position = 0;
  for (const batch of batches) {
    const lastOffset = batchLastOffset(batch);
    indexes.add({ position, sizeBytes: batch.length, lastOffset, maxTimestampMs: batchMaxTimestampMs(batch) });
    position += batch.length;
  }
  await indexes.save(fileSystem, directory, baseOffset);
}

/** Changes bytes of a file in place. */
export async function editFile(fileSystem: FileSystem, path: string, position: number, bytes: Buffer): Promise<void> {
  const file = await fileSystem.open(path, "write");
  await file.write([bytes], position);
  await file.close();
}
