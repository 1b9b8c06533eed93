/**
 * The file `replication-offset-checkpoint` of a log directory: for each partition an offset below which everything is known to be
 * committed.
 *
 *     0
 *     2
 *     5b0f2c4e-...-0 1187
 *     5b0f2c4e-...-1 93
 *     crc32c 1c291ca3
 *
 * It is written now and then, so it says less than is true, and never more: what lies below it is served after a restart
 * before the other replicas are heard of, and is not given up to a leader that has less. Before a log is cut below it, it is
 * lowered durably. Without the file nothing is known.
 */

import type { FileSystem } from "@sluice/model";
import { CheckpointTable, parseCheckpointOffset } from "./checkpoint-table.js";

const format = { format: String, parse: parseCheckpointOffset };

export class HighWatermarkCheckpoint {
  readonly #table: CheckpointTable<number>;
  #isChanged = false;

  private constructor(table: CheckpointTable<number>) {
    this.#table = table;
  }

  static async load(fileSystem: FileSystem, path: string): Promise<HighWatermarkCheckpoint> {
    const table = await CheckpointTable.load(fileSystem, path, format);
    return new HighWatermarkCheckpoint(table ?? new CheckpointTable(fileSystem, path, format));
  }

  /** What was recorded of a partition; undefined where nothing was. */
  get(name: string): number | undefined {
    return this.#table.get(name);
  }

  has(name: string): boolean {
    return this.#table.has(name);
  }

  /** Notes a high watermark; durable with the next `save`. */
  note(name: string, highWatermark: number): void {
    if (this.#table.get(name) === highWatermark) return;
    this.#table.put(name, highWatermark);
    this.#isChanged = true;
  }

  /** Forgets a partition that was deleted; durable with the next `save`. */
  remove(name: string): void {
    this.#table.remove(name);
    this.#isChanged = true;
  }

  /** Resolves when everything is durable; nothing is written where nothing has changed. @throws an error of the file system */
  async save(): Promise<void> {
    if (!this.#isChanged) return;
    this.#isChanged = false;
    try {
      await this.#table.save();
    } catch (error) {
      this.#isChanged = true;
      throw error;
    }
  }

  /** Resolves when the file says at most `bound` of that partition. @throws an error of the file system */
  async lower(name: string, bound: number): Promise<void> {
    if ((this.#table.get(name) ?? 0) <= bound) return;
    await this.#table.set(name, bound);
  }
}
