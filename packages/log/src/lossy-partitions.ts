/**
 * The file `lossy` of a log directory: the partitions that may have lost what they acknowledged, until the cluster knows.
 *
 *     0
 *     3
 *     5b0f2c4e-...-0 1187        may have lost records; where its log ended
 *     5b0f2c4e-...-1 unjudged    a power loss may have taken records: its recovery says whether it did
 *     missing-partitions 0       the disk is another one: what is not here may be lost
 *     crc32c 1c291ca3
 *
 * What is in doubt is in the file before the next life is recorded, after which nobody knows of the one before, and a verdict is
 * in the file before recovery cuts a byte: so a second crash cannot launder a loss.
 */

import type { FileSystem } from "@sluice/model";
import { CheckpointTable, parseCheckpointOffset } from "./checkpoint-table.js";
import type { LastLife } from "./lossy-verdict.js";

/** Where the log ended, as recovery found it; `unjudged`: nobody has looked yet. */
type Verdict = number | "unjudged";

const missingPartitions = "missing-partitions";

const format = {
  format: String,
  parse: (text: string): Verdict | undefined => (text === "unjudged" ? text : parseCheckpointOffset(text)),
};

export interface LossyPartitionsOptions {
  readonly path: string;
  /** Names of the partition directories. */
  readonly names: readonly string[];
  /** Those of them that were not closed in order. */
  readonly unclosed: readonly string[];
  readonly lastLife: LastLife;
}

export class LossyPartitions {
  readonly #table: CheckpointTable<Verdict>;

  private constructor(table: CheckpointTable<Verdict>) {
    this.#table = table;
  }

  /** Reads the file, and records durably what the end of the last life puts in doubt. @throws errors of the file system */
  static async load(fileSystem: FileSystem, options: LossyPartitionsOptions): Promise<LossyPartitions> {
    const { path, names, unclosed, lastLife } = options;
    const found = await CheckpointTable.load(fileSystem, path, format);
    const table = found ?? new CheckpointTable(fileSystem, path, format);
    const doubted = new Map<string, Verdict>();
    if (lastLife === "crashed") for (const name of unclosed) doubted.set(name, "unjudged");
    if (lastLife === "unknown") for (const name of unclosed) doubted.set(name, 0);
    // A file that makes no sense may have named any partition, those that are not here among them.
    if (lastLife === "superseded" || (found === undefined && (await fileSystem.exists(path)))) {
      for (const name of [...names, missingPartitions]) doubted.set(name, 0);
    }
    // What is certain stays so.
    const added = [...doubted].filter(([name]) => table.get(name) === undefined || table.get(name) === "unjudged");
    for (const [name, verdict] of added) table.put(name, verdict);
    if (added.length > 0) await table.save();
    return new LossyPartitions(table);
  }

  /** Partitions that may have lost records, those that nobody has looked at yet among them. */
  get names(): readonly string[] {
    return this.#table.names.filter((name) => name !== missingPartitions);
  }

  has(name: string): boolean {
    return this.#table.has(name);
  }

  /** Its last life ended with a power loss, and nobody has looked what that cost. */
  isUnjudged(name: string): boolean {
    return this.#table.get(name) === "unjudged";
  }

  /** Partitions that should be here, and are not, were lost. */
  get mayMissPartitions(): boolean {
    return this.#table.has(missingPartitions);
  }

  /** Resolves when it is durable that the partition may have lost records. @throws errors of the file system */
  record(name: string, logEndOffset: number): Promise<void> {
    return this.#table.set(name, logEndOffset);
  }

  /** The partition lost nothing, or the cluster knows what it lost; durable with the next `save`. */
  remove(name: string): void {
    this.#table.remove(name);
  }

  /** The cluster knows of all that is not here; durable with the next `save`. */
  removeMissing(): void {
    this.#table.remove(missingPartitions);
  }

  /** @throws errors of the file system */
  save(): Promise<void> {
    return this.#table.save();
  }
}
