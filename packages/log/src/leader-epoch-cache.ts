/**
 * Leader epochs of one partition and the offset at which each begins, as found in the batches of the log.
 *
 * Invariant: epochs and start offsets both strictly increase. Kept in memory; the file `leader-epoch-checkpoint` is written
 * before a recovery point may pass an epoch's start, so that what recovery does not scan is in the file. Format: Kafka's, and
 * a checksum: the epoch of a batch has none, so that where the two differ the file is what says which of them is damaged.
 */

import { type FileSystem, invariant, type LeaderEpoch, leaderEpoch, type Offset, offset } from "@sluice/model";
import { formatCheckpoint, parseCheckpoint, readIfThere, replaceFile } from "./checkpoint-file.js";
import { epochCheckpointName } from "./partition-directory.js";

export interface EpochStart {
  readonly epoch: LeaderEpoch;
  /** Offset of the first record of the epoch. */
  readonly startOffset: Offset;
}

/** The part of the log that one epoch wrote. */
export interface EpochRun {
  readonly epoch: LeaderEpoch;
  /** Exclusive; infinite for the latest epoch. */
  readonly endOffset: number;
}

/** Where an epoch ends: the largest epoch <= the one asked for, and the first offset after it. */
export interface EpochEnd {
  readonly epoch: LeaderEpoch;
  /** Exclusive. */
  readonly endOffset: Offset;
}

export class LeaderEpochCache {
  #entries: EpochStart[];
  #isDirty = false;

  constructor(entries: readonly EpochStart[] = []) {
    this.#entries = [...entries];
  }

  get latestEpoch(): LeaderEpoch | undefined {
    return this.#entries.at(-1)?.epoch;
  }

  get entries(): readonly EpochStart[] {
    return this.#entries;
  }

  /** The epoch of the batch that holds `offset`, or would; undefined where every epoch begins after it. */
  epochAt(offset: number): LeaderEpoch | undefined {
    return this.#entries[this.#indexAt(offset)]?.epoch;
  }

  /** As `epochAt`, with the start of the epoch after it. */
  runAt(offset: number): EpochRun | undefined {
    const index = this.#indexAt(offset);
    const entry = this.#entries[index];
    const next = this.#entries[index + 1];
    return entry && { epoch: entry.epoch, endOffset: next?.startOffset ?? Number.POSITIVE_INFINITY };
  }

  /** Notes that a batch of `epoch` begins at `startOffset`; does nothing while the epoch stays the same. */
  assign(epoch: number, startOffset: number): void {
    const latest = this.#entries.at(-1);
    if (latest?.epoch === epoch) return;
    invariant(latest === undefined || epoch > latest.epoch, `leader epoch ${epoch} after ${latest?.epoch}`);
    this.#entries.push({ epoch: leaderEpoch(epoch), startOffset: offset(startOffset) });
    this.#isDirty = true;
  }

  /** Forgets epochs that begin at or after `endOffset`. */
  truncateFrom(endOffset: number): void {
    const kept = this.#entries.filter((entry) => entry.startOffset < endOffset);
    this.#isDirty ||= kept.length < this.#entries.length;
    this.#entries = kept;
  }

  /**
   * Forgets epochs that end at or below `logStartOffset`. One that goes on beyond it begins there from now on, as if the log
   * had always begun there.
   */
  truncateFromStart(logStartOffset: number): void {
    const at = this.#entries.findLastIndex((entry) => entry.startOffset <= logStartOffset);
    const covering = this.#entries[at];
    if (covering === undefined || (at === 0 && covering.startOffset === logStartOffset)) return;
    const moved = { epoch: covering.epoch, startOffset: offset(logStartOffset) };
    this.#entries = [moved, ...this.#entries.slice(at + 1)];
    this.#isDirty = true;
  }

  /**
   * End of the largest epoch that is not above `epoch`; for the latest epoch that is `logEndOffset`. An epoch below all of
   * the log ends where the log begins. Undefined where the log is empty, or ends before `epoch`.
   */
  endOffsetOf(epoch: LeaderEpoch, logEndOffset: Offset): EpochEnd | undefined {
    const latest = this.#entries.at(-1);
    if (latest === undefined || epoch > latest.epoch) return undefined;
    const next = this.#entries.findIndex((entry) => entry.epoch > epoch);
    if (next === -1) return { epoch, endOffset: logEndOffset };
    const floor = this.#entries[next - 1];
    const endOffset = this.#entries[next]?.startOffset ?? logEndOffset;
    return { epoch: floor?.epoch ?? epoch, endOffset };
  }

  /** Index of the last entry that begins at or below `offset`; -1 where none does. */
  #indexAt(offset: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle] as EpochStart).startOffset <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Writes the checkpoint if it changed since it was last written. */
  async maybeSave(fileSystem: FileSystem, directory: string): Promise<void> {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    const lines = this.#entries.map((entry) => `${entry.epoch} ${entry.startOffset}`);
    const bytes = formatCheckpoint(lines, { hasChecksum: true });
    try {
      await replaceFile(fileSystem, `${directory}/${epochCheckpointName}`, bytes);
    } catch (error) {
      this.#isDirty = true;
      throw error;
    }
  }
}

/** The entries of the checkpoint in `directory`, or undefined where the file is missing or makes no sense. */
export async function loadEpochStarts(fileSystem: FileSystem, directory: string): Promise<EpochStart[] | undefined> {
  const path = `${directory}/${epochCheckpointName}`;
  const bytes = await readIfThere(fileSystem, path);
  if (bytes === undefined) return undefined;
  const lines = parseCheckpoint(bytes, { hasChecksum: true });
  const entries: EpochStart[] = [];
  for (const line of lines ?? []) {
    const match = /^(\d{1,10}) (\d{1,16})$/.exec(line);
    const epoch = Number(match?.[1]);
    const startOffset = Number(match?.[2]);
    const before = entries.at(-1);
    if (match === null || epoch > 0x7fffffff || !Number.isSafeInteger(startOffset)) return undefined;
    if (before !== undefined && (epoch <= before.epoch || startOffset <= before.startOffset)) return undefined;
    entries.push({ epoch: leaderEpoch(epoch), startOffset: offset(startOffset) });
  }
  return lines === undefined ? undefined : entries;
}
