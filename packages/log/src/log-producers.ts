/**
 * What a log knows of idempotent producers, twice: as of everything that is placed, for the check of the next batch, and as of
 * everything that is written, for snapshots and for taking back what a full disk refused.
 */

import type { FileSystem } from "@sluice/model";
import { batchProducerId, type RecordBatchHeader, readBatchHeader } from "@sluice/record";
import { replayProducers } from "./producer-replay.js";
import { listSnapshots, loadNewestSnapshot, removeSnapshots, saveProducerSnapshot } from "./producer-snapshot.js";
import { ProducerState, type ProducerVerdict } from "./producer-state.js";
import type { SegmentList } from "./segment-list.js";

/** Snapshots that are kept: the newest, and the one before it, for a log whose newest lies beyond what a crash left. */
const keptCount = 2;

export class LogProducers {
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  #placed: ProducerState;
  #written: ProducerState;
  /** Headers of batches that are placed and not written: each is read once. */
  readonly #unwritten = new Map<Buffer, RecordBatchHeader>();
  /** Offset of the newest snapshot on disk. */
  #snapshotOffset: number | undefined;

  /** @param state what recovery found, as of the end of the log */
  constructor(
    state: ProducerState,
    dependencies: { readonly fileSystem: FileSystem; readonly directory: string; readonly snapshotOffset?: number },
  ) {
    this.#placed = state;
    this.#written = state.clone();
    this.#fileSystem = dependencies.fileSystem;
    this.#directory = dependencies.directory;
    this.#snapshotOffset = dependencies.snapshotOffset;
  }

  /** How many producers are remembered. */
  get size(): number {
    return this.#placed.size;
  }

  /** Producers that are remembered. */
  get ids(): readonly number[] {
    return [...this.#placed.entries()].map(({ producerId }) => producerId);
  }

  /** First offset of the oldest open transaction; undefined where none is open. */
  get firstOpenTransactionOffset(): number | undefined {
    return this.#placed.firstOpenTransactionOffset;
  }

  /** Whether a batch may be appended next. `where` is for messages. */
  check(header: RecordBatchHeader, where: string): ProducerVerdict {
    return this.#placed.check(header, where);
  }

  placed(batch: Buffer): void {
    if (batchProducerId(batch) < 0) return;
    const header = readBatchHeader(batch);
    this.#unwritten.set(batch, header);
    replayProducers(this.#placed, [{ header, bytes: batch }]);
  }

  /** The very buffer that was placed is in the file. */
  written(batch: Buffer): void {
    const header = this.#unwritten.get(batch);
    if (header === undefined) return;
    this.#unwritten.delete(batch);
    replayProducers(this.#written, [{ header, bytes: batch }]);
  }

  /** Nothing more is written: what was placed is not held on to. */
  stop(): void {
    this.#unwritten.clear();
  }

  /** Forgets what was placed and never written. */
  takeBack(): void {
    this.#unwritten.clear();
    this.#placed = this.#written.clone();
  }

  /** Finds out again what is known, from the newest snapshot on: after a truncation to `endOffset`. */
  async rebuild(segments: SegmentList, endOffset: number): Promise<void> {
    await removeSnapshots(this.#fileSystem, this.#directory, (snapshotOffset) => snapshotOffset > endOffset);
    const snapshot = await loadNewestSnapshot(this.#fileSystem, this.#directory, endOffset);
    const state = snapshot?.state ?? new ProducerState();
    const from = snapshot?.offset ?? 0;
    for (const segment of segments.all()) {
      if (segment.endOffset <= from) continue;
      const start = Math.max(from, segment.baseOffset);
      for await (const batches of segment.batches(start, { verifiesChecksums: false })) replayProducers(state, batches);
    }
    this.#placed = state;
    this.#written = state.clone();
    this.#snapshotOffset = undefined;
  }

  /** Forgets everything, on disk too: the log begins anew. */
  async clear(): Promise<void> {
    await removeSnapshots(this.#fileSystem, this.#directory, () => true);
    this.#placed = new ProducerState();
    this.#written = new ProducerState();
    this.#snapshotOffset = undefined;
  }

  /** Forgets producers that were silent for `expirationMs`. */
  expire(nowMs: number, expirationMs: number): void {
    this.#placed.expire(nowMs, expirationMs);
    this.#written.expire(nowMs, expirationMs);
  }

  /**
   * Takes a snapshot of what is written, which is everything below `endOffset`. Returns what writes it, and removes older
   * ones; a snapshot without producers is not worth a file.
   */
  snapshotAt(endOffset: number): () => Promise<void> {
    if (this.#snapshotOffset === endOffset) return () => Promise.resolve();
    const state = this.#written.clone();
    return async () => {
      if (state.size > 0) await saveProducerSnapshot(this.#fileSystem, this.#directory, endOffset, state);
      if (state.size > 0 || this.#snapshotOffset !== undefined) await this.#removeOld(state.size > 0 ? keptCount : 0);
      this.#snapshotOffset = state.size > 0 ? endOffset : undefined;
    };
  }

  /** Removes all but the newest `kept`. */
  async #removeOld(kept: number): Promise<void> {
    const offsets = listSnapshots(await this.#fileSystem.list(this.#directory));
    const old = new Set(offsets.slice(0, Math.max(0, offsets.length - kept)));
    await removeSnapshots(this.#fileSystem, this.#directory, (snapshotOffset) => old.has(snapshotOffset));
  }
}
