/**
 * The segment that a compaction writes: `<base>.log.cleaned`, `.index.cleaned` and `.timeindex.cleaned`.
 *
 * Where it is made of one source, nothing is written as long as it is equal to that source; what it has in common with it is
 * copied when they first differ, and never where they do not.
 */

import { type FileHandle, type FileSystem, invariant } from "@sluice/model";
import { batchLastOffset, batchMaxTimestampMs } from "@sluice/record";
import { removeIfThere, writeWholeFile } from "../checkpoint-file.js";
import { SegmentIndexes } from "../segment-indexes.js";
import { cleanedPaths } from "./segment-swap.js";

const writeBytesMin = 1024 * 1024;

export interface CleanedSegmentOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly baseOffset: number;
  readonly indexIntervalBytes: number;
  /** Reads a part of the only source. Undefined: there are several, and the segment is written whatever is in it. */
  readonly readSource: ((position: number, sizeBytes: number) => Promise<Buffer>) | undefined;
  /** Waits for its turn after bytes were written. */
  readonly onWritten: (bytes: number) => Promise<void>;
}

export class CleanedSegment {
  readonly #options: CleanedSegmentOptions;
  readonly #indexes: SegmentIndexes;
  #file: FileHandle | undefined;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #writtenBytes = 0;
  #maxTimestampMs = -1;
  #maxTimestampOffset = -1;

  constructor(options: CleanedSegmentOptions) {
    this.#options = options;
    this.#indexes = new SegmentIndexes({
      baseOffset: options.baseOffset,
      intervalBytes: options.indexIntervalBytes,
    });
  }

  /** Bytes of the batches so far. */
  get sizeBytes(): number {
    return this.#writtenBytes + this.#queuedBytes;
  }

  /** Goes on with a batch that the source has at the same place. */
  async addUnchanged(batch: Buffer): Promise<void> {
    this.#index(batch);
    if (this.#isEqualSoFar) this.#writtenBytes += batch.length;
    else await this.#enqueue(batch);
  }

  /** Goes on with another batch than the source, or, with undefined, leaves one out. */
  async addChanged(batch: Buffer | undefined): Promise<void> {
    if (this.#isEqualSoFar) await this.#copyCommonPart();
    if (batch === undefined) return;
    this.#index(batch);
    await this.#enqueue(batch);
  }

  /** Writes the rest and makes all three files durable. False where the segment is equal to its source: there are no files. */
  async finish(): Promise<boolean> {
    if (this.#isEqualSoFar) return false;
    await this.#flush();
    await (await this.#open()).syncData();
    await this.close();
    const { fileSystem, directory, baseOffset } = this.#options;
    if (this.#maxTimestampMs >= 0) this.#indexes.times.maybeAppend(this.#maxTimestampMs, this.#maxTimestampOffset);
    const paths = cleanedPaths(directory, baseOffset);
    await writeWholeFile(fileSystem, paths.offsetIndex, this.#indexes.offsets.toBytes());
    await writeWholeFile(fileSystem, paths.timeIndex, this.#indexes.times.toBytes());
    return true;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  get #isEqualSoFar(): boolean {
    return this.#options.readSource !== undefined && this.#file === undefined;
  }

  #index(batch: Buffer): void {
    const lastOffset = batchLastOffset(batch);
    const maxTimestampMs = batchMaxTimestampMs(batch);
    this.#indexes.add({ position: this.sizeBytes, sizeBytes: batch.length, lastOffset, maxTimestampMs });
    if (maxTimestampMs <= this.#maxTimestampMs) return;
    this.#maxTimestampMs = maxTimestampMs;
    this.#maxTimestampOffset = lastOffset;
  }

  async #copyCommonPart(): Promise<void> {
    const { readSource } = this.#options;
    invariant(readSource !== undefined, "only one source can be copied from");
    const file = await this.#open();
    for (let position = 0; position < this.#writtenBytes; position += writeBytesMin) {
      const bytes = await readSource(position, Math.min(writeBytesMin, this.#writtenBytes - position));
      await file.write([bytes], position);
      await this.#options.onWritten(bytes.length);
    }
  }

  async #enqueue(batch: Buffer): Promise<void> {
    this.#queue.push(batch);
    this.#queuedBytes += batch.length;
    if (this.#queuedBytes >= writeBytesMin) await this.#flush();
  }

  async #flush(): Promise<void> {
    const [queue, bytes] = [this.#queue, this.#queuedBytes];
    const file = await this.#open();
    if (bytes === 0) return;
    await file.write(queue, this.#writtenBytes);
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#writtenBytes += bytes;
    await this.#options.onWritten(bytes);
  }

  async #open(): Promise<FileHandle> {
    if (this.#file !== undefined) return this.#file;
    const { fileSystem, directory, baseOffset } = this.#options;
    const path = cleanedPaths(directory, baseOffset).log;
    // What an aborted job left may be longer.
    await removeIfThere(fileSystem, path);
    this.#file = await fileSystem.open(path, "create");
    return this.#file;
  }
}

/** Removes what a job wrote for the segment. */
export async function removeCleaned(fileSystem: FileSystem, directory: string, baseOffset: number): Promise<void> {
  for (const path of Object.values(cleanedPaths(directory, baseOffset))) await removeIfThere(fileSystem, path);
}
