/**
 * What takes records away from a log, one change at a time:
 *   - `truncateTo`, `restartAt`: from the end, for a replica that has what its leader has not. Nothing is appended meanwhile.
 *   - `deleteBefore`, `deleteSegmentsBelow`: from the start. The new log start is durable before it is told, and told before a
 *     file goes; files are renamed first and unlinked later.
 *   - `run`: in its turn, what somebody else does to the list of segments (compaction swaps).
 *
 * An error of the file system takes the log offline, but for a full disk, which is told to who asked.
 */

import { type FileSystem, invariant, type Offset, offset } from "@sluice/model";
import type { DeferredRemoval } from "./deferred-removal.js";
import type { LeaderEpochCache } from "./leader-epoch-cache.js";
import type { LogCompaction } from "./log-compaction.js";
import type { LogProducers } from "./log-producers.js";
import type { LogWriter } from "./log-writer.js";
import type { Segment } from "./segment.js";
import type { SegmentList } from "./segment-list.js";

export interface LogChangesDependencies {
  readonly fileSystem: FileSystem;
  readonly segments: SegmentList;
  readonly epochs: LeaderEpochCache;
  readonly producers: LogProducers;
  readonly writer: LogWriter;
  readonly compaction: LogCompaction;
  readonly removal: DeferredRemoval;
  /** Makes a segment object for a file that does not exist yet. */
  newSegment(baseOffset: number): Segment;
  /** Records the log start durably. */
  saveLogStart(logStartOffset: Offset): Promise<void>;
  /** Something is about to change. */
  onTouched(): void;
  /** Records below it can be read no more. */
  onLogStartMoved(logStartOffset: Offset): void;
}

export class LogChanges {
  readonly #directory: string;
  readonly #dependencies: LogChangesDependencies;
  readonly #segments: SegmentList;
  readonly #writer: LogWriter;
  #logStartOffset: Offset;
  #isCutting = false;
  /** Never rejects. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    options: { readonly directory: string; readonly logStartOffset: Offset },
    dependencies: LogChangesDependencies,
  ) {
    this.#directory = options.directory;
    this.#logStartOffset = options.logStartOffset;
    this.#dependencies = dependencies;
    this.#segments = dependencies.segments;
    this.#writer = dependencies.writer;
  }

  /** Lowest offset that can be read. */
  get logStartOffset(): Offset {
    return this.#logStartOffset;
  }

  /** The end of the log is being cut: nothing may be appended. */
  get isCutting(): boolean {
    return this.#isCutting;
  }

  /** Resolves when nothing is being changed. */
  async settled(): Promise<void> {
    await this.#last;
  }

  /** Runs a change after those before it. @throws SluiceError what `work` throws, DISK_FULL, DISK_FAILED */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(async () => {
      if (this.#writer.failure !== undefined) throw this.#writer.failure;
      try {
        return await work();
      } catch (error) {
        throw this.#writer.failUnlessDiskFull(error);
      }
    });
    this.#last = done.catch(() => {
      // Told to who asked.
    });
    return done;
  }

  /** Cuts the log to end at `endOffset`, or at the end of the last whole batch below it. */
  truncateTo(endOffset: Offset): Promise<void> {
    invariant(endOffset >= this.#segments.first.baseOffset, "a log is not cut below its first segment");
    return this.#cut(async () => {
      if (endOffset >= this.#writer.logEndOffset) return;
      // Down to where the segment begins: a batch that holds `endOffset` goes whole.
      const { baseOffset } = this.#segments.floor(endOffset);
      await this.#dependencies.compaction.truncate(baseOffset);
      await this.#writer.lowerRecoveryPoint(offset(baseOffset));
      await this.#orOffline(async () => {
        // Newest first: a crash in between leaves a log without a hole.
        await this.#remove(this.#segments.removeFrom(endOffset).reverse());
        await this.#segments.active.truncateTo(endOffset);
        const end = offset(this.#segments.active.endOffset);
        await this.#dependencies.producers.rebuild(this.#segments, end);
        await this.#forgetFrom(end);
      });
    });
  }

  /** Removes every record and begins again at `logStartOffset`, in a batch that begins at `firstBatchOffset`. */
  restartAt(logStartOffset: Offset, firstBatchOffset: Offset): Promise<void> {
    invariant(firstBatchOffset <= logStartOffset, "the first batch begins behind the log start");
    return this.#cut(async () => {
      const { compaction, saveLogStart, newSegment, fileSystem, onLogStartMoved } = this.#dependencies;
      await compaction.truncate(0);
      await this.#writer.lowerRecoveryPoint(offset(Math.min(this.#segments.first.baseOffset, firstBatchOffset)));
      const { endOffset } = this.#segments.active;
      // Durable before a file goes: with nothing above its start, recovery finishes what a crash leaves of the rest.
      await saveLogStart(offset(Math.max(logStartOffset, endOffset)));
      await this.#orOffline(async () => {
        const segment = newSegment(firstBatchOffset);
        this.#logStartOffset = logStartOffset;
        await this.#remove(this.#segments.restartWith(segment).reverse());
        await segment.openForAppend("create");
        await fileSystem.syncDirectory(this.#directory);
        if (logStartOffset < endOffset) await saveLogStart(logStartOffset);
        await this.#dependencies.producers.clear();
        this.#dependencies.epochs.truncateFrom(0);
        await this.#forgetFrom(firstBatchOffset);
        onLogStartMoved(logStartOffset);
      });
    });
  }

  /** Removes the records below `logStartOffset`. */
  deleteBefore(logStartOffset: Offset): Promise<void> {
    return this.run(() => this.#moveLogStart(logStartOffset));
  }

  /** Removes the segments that end at `endOffset` or below; never the active one. */
  deleteSegmentsBelow(endOffset: Offset): Promise<void> {
    return this.run(() => {
      const { active } = this.#segments;
      const bound = Math.min(endOffset, active.baseOffset);
      const kept = this.#segments.all().find((segment) => segment.endOffset > bound) ?? active;
      return this.#moveLogStart(offset(kept.baseOffset));
    });
  }

  /** Durable first, then told, then the files go: a reader never finds a hole, and no start goes back. */
  async #moveLogStart(logStartOffset: Offset): Promise<void> {
    const { saveLogStart, epochs, compaction, onTouched, onLogStartMoved } = this.#dependencies;
    onTouched();
    if (logStartOffset > this.#logStartOffset) {
      await saveLogStart(logStartOffset);
      this.#logStartOffset = logStartOffset;
      epochs.truncateFromStart(logStartOffset);
      onLogStartMoved(logStartOffset);
    }
    await compaction.without(() => {
      // What is being made durable goes with the next deletion.
      const bound = Math.min(this.#logStartOffset, this.#writer.retiringFrom);
      return this.#remove(this.#segments.removeBefore(bound));
    });
  }

  /** Runs a change of the end of the log, with nothing else under way. */
  async #cut(work: () => Promise<void>): Promise<void> {
    invariant(!this.#isCutting, "one truncation at a time");
    this.#isCutting = true;
    this.#dependencies.onTouched();
    try {
      await this.run(() => this.#dependencies.compaction.without(() => this.#writer.exclusively(work)));
    } finally {
      this.#isCutting = false;
    }
    await this.#writer.saveRecoveryPoint();
  }

  /** The log ends at `endOffset` on disk: so it does in memory. */
  async #forgetFrom(endOffset: Offset): Promise<void> {
    this.#dependencies.epochs.truncateFrom(endOffset);
    await this.#writer.saveEpochs();
    this.#writer.restartAt(endOffset);
  }

  /** Half done, list and disk differ: then nothing but a new start may touch the log. */
  async #orOffline(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw this.#writer.fail(error);
    }
  }

  /** Renames the files of segments that are in the list no more, in this order, and has them unlinked later. */
  async #remove(removed: readonly Segment[]): Promise<void> {
    if (removed.length === 0) return;
    const { fileSystem, removal } = this.#dependencies;
    try {
      for (const segment of removed) await segment.hold();
      const paths: string[] = [];
      for (const segment of removed) paths.push(...(await segment.renameToDeleted()));
      await fileSystem.syncDirectory(this.#directory);
      // On a full disk their room is wanted now.
      const isWanted = this.#writer.diskFull !== undefined;
      removal.schedule(paths, isWanted ? 0 : this.#writer.config["file.delete.delay.ms"]);
    } finally {
      for (const segment of removed) await segment.close();
    }
  }
}
