/**
 * The file `recovery-point` of a log directory: for each partition the offset below which everything was synced, and how its
 * topic flushed since.
 *
 *     0
 *     3
 *     5b0f2c4e-...-0 1187 always
 *     5b0f2c4e-...-1 93 os
 *     5b0f2c4e-...-2 unknown os
 *     crc32c 1c291ca3
 *
 * Bytes below that offset were promised: recovery never cuts them. So the file is the one thing that must not lie upwards or
 * downwards: it is replaced atomically, checked by a checksum, and when it cannot be read every partition that is there
 * counts as promised to its end, until it is opened and recorded anew: also by later lives, which find the file whole again.
 */

import type { FileSystem, TopicConfig } from "@sluice/model";
import { formatCheckpoint, replaceFile } from "./checkpoint-file.js";
import { CheckpointTable, parseCheckpointOffset } from "./checkpoint-table.js";

export type FlushPolicy = TopicConfig["flush"];

export interface RecoveryPoint {
  /** Exclusive end of what was promised; undefined where that is not known. */
  readonly offset: number | undefined;
  /** How the topic flushed since. */
  readonly flush: FlushPolicy;
}

/** Stands for the offset of a partition of which it was lost. */
const unknown = "unknown";

const format = {
  format: ({ offset, flush }: RecoveryPoint) => `${offset ?? unknown} ${flush}`,
  parse(text: string): RecoveryPoint | undefined {
    const match = /^(\d{1,16}|unknown) (always|interval|os)$/.exec(text);
    if (match?.[1] === undefined) return undefined;
    const flush = match[2] as FlushPolicy;
    if (match[1] === unknown) return { offset: undefined, flush };
    const offset = parseCheckpointOffset(match[1]);
    return offset === undefined ? undefined : { offset, flush };
  },
};

export class RecoveryPoints {
  readonly #table: CheckpointTable<RecoveryPoint>;

  private constructor(table: CheckpointTable<RecoveryPoint>) {
    this.#table = table;
  }

  /**
   * Reads the file. Where it is missing or unreadable, it is known of none of `names`, the partitions on disk, how much was
   * promised; that is recorded at once, before a partition is made of which it is known.
   */
  static async load(fileSystem: FileSystem, path: string, names: readonly string[]): Promise<RecoveryPoints> {
    const table = await CheckpointTable.load(fileSystem, path, format);
    if (table !== undefined) return new RecoveryPoints(table);
    const lost = names.map((name) => [name, { offset: undefined, flush: "os" }] as const);
    const empty = new CheckpointTable<RecoveryPoint>(fileSystem, path, format, lost);
    await empty.save();
    return new RecoveryPoints(empty);
  }

  /** Writes the file of a directory that has no partitions yet. */
  static async create(fileSystem: FileSystem, path: string): Promise<void> {
    await replaceFile(fileSystem, path, formatCheckpoint([], { hasChecksum: true }));
  }

  /** What was promised of a partition: nothing where it is not in the file. */
  get(name: string): RecoveryPoint {
    return this.#table.get(name) ?? { offset: 0, flush: "os" };
  }

  has(name: string): boolean {
    return this.#table.has(name);
  }

  /** Resolves when the recovery point is durable. @throws an error of the file system. */
  set(name: string, point: RecoveryPoint): Promise<void> {
    return this.#table.set(name, point);
  }

  /** Forgets a partition that was deleted; durable with the next `save`. */
  remove(name: string): void {
    this.#table.remove(name);
  }

  save(): Promise<void> {
    return this.#table.save();
  }
}
