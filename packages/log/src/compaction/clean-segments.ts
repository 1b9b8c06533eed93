/**
 * Compaction of closed segments: reads them up to three times and writes what is to take their place, `.cleaned` files.
 *
 *   1. Headers of all sources: transactions and producers (`log-survey`).
 *   2. Records from `dirtyFrom` on: the newest offset of each key (`offset-map`). It ends where memory does, or before the first
 *      transaction of which the sources do not say how it ended. Whole batches only: what it covers is [.., mapEnd).
 *   3. All sources that begin below mapEnd: what stays of each batch (`batch-filter`) goes into a new segment (`cleaned-segment`).
 *      Neighbours share one as long as it stays below the segment size and within int32 offsets.
 *
 * The last batch of a new segment is always there, empty if need be: a segment ends where the next one begins.
 */

import { type FileHandle, type FileSystem, isDiskFull, isSluiceError, SluiceError } from "@sluice/model";
import { recordsIn } from "@sluice/record";
import { BatchFilter } from "./batch-filter.js";
import { CleanedSegment, removeCleaned } from "./cleaned-segment.js";
import type { CompactionJob, CompactionResult, CompactionSource, CompactionSwap } from "./compaction-job.js";
import { type LogSurvey, surveyLog } from "./log-survey.js";
import { OffsetMap } from "./offset-map.js";
import type { RateLimiter } from "./rate-limiter.js";
import { SourceReader, type WholeSourceBatch } from "./source-batches.js";

export interface CompactSegmentsDependencies {
  readonly fileSystem: FileSystem;
  readonly limiter: RateLimiter;
}

const int32Max = 0x7fffffff;

/** Does the job. @throws as `CompactionRunner.run`; the `.cleaned` files are removed then. */
export async function compactSegments(
  job: CompactionJob,
  dependencies: CompactSegmentsDependencies,
  signal?: AbortSignal,
): Promise<CompactionResult> {
  const { fileSystem, limiter } = dependencies;
  try {
    signal?.throwIfAborted();
    const reader = new SourceReader({ fileSystem, directory: job.directory, limiter, signal });
    const survey = await surveyLog(job.sources, reader, job.liveProducerIds);
    const map = await buildOffsetMap(job, survey, reader);
    return await new Rewriting(job, { fileSystem, limiter, reader, signal }, survey, map).run();
  } catch (error) {
    await removeAllCleaned(job, fileSystem);
    throw signal?.aborted === true ? (signal.reason as Error) : typedError(error, job.directory);
  }
}

interface BuiltMap {
  readonly offsets: OffsetMap;
  readonly mapEnd: number;
}

async function buildOffsetMap(job: CompactionJob, survey: LogSurvey, reader: SourceReader): Promise<BuiltMap> {
  const offsets = new OffsetMap(job.offsetMapBytesMax);
  const limit = Math.min(job.upTo, survey.undecidedFrom);
  let mapEnd = Math.min(job.dirtyFrom, limit);
  for (const source of job.sources) {
    if (source.endOffset <= job.dirtyFrom) continue;
    if (source.baseOffset >= limit) break;
    for await (const batches of reader.batches(source)) {
      for (const batch of batches) {
        if (batch.header.lastOffset < job.dirtyFrom) continue;
        if (batch.header.baseOffset >= limit) return { offsets, mapEnd: limit };
        const isAdded = addBatch(offsets, batch, survey);
        if (!isAdded) return { offsets, mapEnd };
        mapEnd = batch.header.lastOffset + 1;
      }
    }
  }
  return { offsets, mapEnd: limit };
}

/** False where the map is full. The first batch with a key always fits: else compaction would never get beyond it. */
function addBatch(offsets: OffsetMap, { header, bytes }: WholeSourceBatch, survey: LogSurvey): boolean {
  if (header.isControl || header.recordCount === 0 || survey.isAborted(header)) return true;
  const isFirst = offsets.size === 0;
  for (const record of recordsIn(bytes)) {
    const { key } = record;
    if (key === null) continue;
    // Keys of a batch that does not fit as a whole stay in the map: they are newer than all that it covers, and stay in the log.
    if (isFirst) offsets.putBeyondLimit(key, record.offset);
    else if (!offsets.put(key, record.offset)) return false;
  }
  return true;
}

interface RewritingDependencies extends CompactSegmentsDependencies {
  readonly reader: SourceReader;
  readonly signal: AbortSignal | undefined;
}

class Rewriting {
  readonly #job: CompactionJob;
  readonly #dependencies: RewritingDependencies;
  readonly #mapEnd: number;
  readonly #filter: BatchFilter;
  #bytesWritten = 0;

  constructor(job: CompactionJob, dependencies: RewritingDependencies, survey: LogSurvey, map: BuiltMap) {
    const { nowMs, deleteRetentionMs } = job;
    this.#job = job;
    this.#dependencies = dependencies;
    this.#mapEnd = map.mapEnd;
    this.#filter = new BatchFilter({ ...map, survey, nowMs, deleteRetentionMs });
  }

  async run(): Promise<CompactionResult> {
    const swaps: CompactionSwap[] = [];
    const touched = this.#job.sources.filter(({ baseOffset }) => baseOffset < this.#mapEnd);
    for (const group of groupsOf(touched, this.#job.segmentBytesMax)) {
      const swap = await this.#rewrite(group);
      if (swap !== undefined) swaps.push(swap);
    }
    // The names of the new files: their content is durable already.
    if (swaps.length > 0) await this.#dependencies.fileSystem.syncDirectory(this.#job.directory);
    const { recordsKept, recordsDropped, tombstonesDroppedTo, nextHorizonMs } = this.#filter;
    return {
      swaps,
      cleanedTo: this.#mapEnd,
      tombstonesDroppedTo,
      bytesRead: this.#dependencies.reader.bytesRead,
      bytesWritten: this.#bytesWritten,
      recordsKept,
      recordsDropped,
      ...(nextHorizonMs === undefined ? {} : { nextHorizonMs }),
    };
  }

  /** Undefined where the group is one source and nothing of it changes. */
  async #rewrite(group: readonly CompactionSource[]): Promise<CompactionSwap | undefined> {
    const { reader } = this.#dependencies;
    const [first, last] = [group[0] as CompactionSource, group.at(-1) as CompactionSource];
    const file = group.length === 1 ? await reader.open(first) : undefined;
    const cleaned = this.#newSegment(first, file);
    try {
      await this.#filterInto(cleaned, group, last.endOffset);
      if (!(await cleaned.finish())) return undefined;
    } finally {
      await cleaned.close();
      await file?.close();
    }
    const { baseOffset } = first;
    const sources = group.map((source) => source.baseOffset);
    return { baseOffset, endOffset: last.endOffset, sizeBytes: cleaned.sizeBytes, sources };
  }

  #newSegment(first: CompactionSource, file: FileHandle | undefined): CleanedSegment {
    const { fileSystem, reader, limiter, signal } = this.#dependencies;
    const { directory, indexIntervalBytes } = this.#job;
    return new CleanedSegment({
      fileSystem,
      directory,
      baseOffset: first.baseOffset,
      indexIntervalBytes,
      readSource: file && ((position, sizeBytes) => reader.readAt(file, first, position, sizeBytes)),
      onWritten: async (bytes) => {
        this.#bytesWritten += bytes;
        await limiter.consume(bytes, signal);
      },
    });
  }

  async #filterInto(cleaned: CleanedSegment, group: readonly CompactionSource[], endOffset: number): Promise<void> {
    // A delete horizon or another compression can make a batch longer; positions in an index are int32 all the same.
    let growthBytes = int32Max - group.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    for (const source of group) {
      for await (const batches of this.#dependencies.reader.batches(source)) {
        for (const batch of batches) {
          const filtered = this.#filter.apply(batch, batch.header.lastOffset + 1 === endOffset);
          const growth = Math.max(0, (filtered?.length ?? 0) - batch.bytes.length);
          if (filtered === batch.bytes || growth > growthBytes) await cleaned.addUnchanged(batch.bytes);
          else await cleaned.addChanged(filtered);
          growthBytes -= growth;
        }
      }
    }
  }
}

/** Neighbours that fit into one segment. */
export function groupsOf(sources: readonly CompactionSource[], segmentBytesMax: number): CompactionSource[][] {
  const groups: CompactionSource[][] = [];
  let sizeBytes = 0;
  for (const source of sources) {
    const group = groups.at(-1);
    const first = group?.[0];
    const fits =
      first !== undefined &&
      sizeBytes + source.sizeBytes <= segmentBytesMax &&
      source.endOffset - 1 - first.baseOffset <= int32Max;
    if (fits) group?.push(source);
    else groups.push([source]);
    sizeBytes = fits ? sizeBytes + source.sizeBytes : source.sizeBytes;
  }
  return groups;
}

async function removeAllCleaned(job: CompactionJob, fileSystem: FileSystem): Promise<void> {
  try {
    for (const { baseOffset } of job.sources) await removeCleaned(fileSystem, job.directory, baseOffset);
  } catch {
    // The first error is the one to tell. What is left is removed at the next start, or by the next job.
  }
}

function typedError(error: unknown, path: string): unknown {
  if (isSluiceError(error) || !(error instanceof Error) || !("code" in error)) return error;
  if (isDiskFull(error)) return new SluiceError("DISK_FULL", { path }, { cause: error });
  return new SluiceError("DISK_FAILED", { path, reason: error.message }, { cause: error });
}
