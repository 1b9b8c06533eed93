/**
 * A file of a log directory with one line a partition: `<topicId>-<partition> <value>`, checked by a checksum and replaced as a
 * whole. Saves are coalesced: one is written at a time, and the next covers all that came meanwhile.
 */

import type { FileSystem } from "@sluice/model";
import { formatCheckpoint, parseCheckpoint, readIfThere, replaceFile } from "./checkpoint-file.js";

export interface CheckpointTableFormat<Value> {
  format(value: Value): string;
  /** Undefined where the text makes no sense: then the whole file makes none. */
  parse(text: string): Value | undefined;
}

export class CheckpointTable<Value> {
  readonly #fileSystem: FileSystem;
  readonly #path: string;
  readonly #format: CheckpointTableFormat<Value>;
  readonly #values: Map<string, Value>;
  #saving: Promise<void> | undefined;
  #queued: Promise<void> | undefined;

  constructor(
    fileSystem: FileSystem,
    path: string,
    format: CheckpointTableFormat<Value>,
    values: Iterable<readonly [string, Value]> = [],
  ) {
    this.#fileSystem = fileSystem;
    this.#path = path;
    this.#format = format;
    this.#values = new Map(values);
  }

  /** The table in the file, or undefined where the file is missing or makes no sense. */
  static async load<Value>(
    fileSystem: FileSystem,
    path: string,
    format: CheckpointTableFormat<Value>,
  ): Promise<CheckpointTable<Value> | undefined> {
    const bytes = await readIfThere(fileSystem, path);
    const lines = bytes === undefined ? undefined : parseCheckpoint(bytes, { hasChecksum: true });
    const values = lines === undefined ? undefined : parseLines(lines, format);
    return values === undefined ? undefined : new CheckpointTable(fileSystem, path, format, values);
  }

  get(name: string): Value | undefined {
    return this.#values.get(name);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** Names of the partitions that have a value. */
  get names(): readonly string[] {
    return [...this.#values.keys()];
  }

  /**
   * Resolves when the value is durable. After an error the old value counts again, unless a newer one was set meanwhile.
   * @throws an error of the file system.
   */
  async set(name: string, value: Value): Promise<void> {
    const before = this.#values.get(name);
    this.#values.set(name, value);
    try {
      await this.save();
    } catch (error) {
      const isStill = this.#values.get(name) === value;
      if (isStill && before === undefined) this.#values.delete(name);
      else if (isStill) this.#values.set(name, before as Value);
      throw error;
    }
  }

  /** Sets a value; durable with the next `save`. */
  put(name: string, value: Value): void {
    this.#values.set(name, value);
  }

  /** Forgets a partition; durable with the next `save`. */
  remove(name: string): void {
    this.#values.delete(name);
  }

  /** Resolves when everything that was set before the call is durable. @throws an error of the file system. */
  save(): Promise<void> {
    if (this.#queued !== undefined) return this.#queued;
    if (this.#saving === undefined) return this.#saveNow();
    this.#queued = this.#saving.then(
      () => this.#saveNow(),
      () => this.#saveNow(),
    );
    return this.#queued;
  }

  #saveNow(): Promise<void> {
    this.#queued = undefined;
    const lines = [...this.#values].map(([name, value]) => `${name} ${this.#format.format(value)}`);
    const bytes = formatCheckpoint(lines, { hasChecksum: true });
    const saving = replaceFile(this.#fileSystem, this.#path, bytes).finally(() => {
      if (this.#saving === saving) this.#saving = undefined;
    });
    this.#saving = saving;
    return saving;
  }
}

function parseLines<Value>(
  lines: readonly string[],
  format: CheckpointTableFormat<Value>,
): Map<string, Value> | undefined {
  const values = new Map<string, Value>();
  for (const line of lines) {
    const space = line.indexOf(" ");
    const value = space <= 0 ? undefined : format.parse(line.slice(space + 1));
    if (value === undefined) return undefined;
    values.set(line.slice(0, space), value);
  }
  return values;
}

/** A whole number of a checkpoint line that is a safe integer >= 0, or undefined. */
export function parseCheckpointOffset(text: string): number | undefined {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : undefined;
  return value !== undefined && Number.isSafeInteger(value) ? value : undefined;
}
