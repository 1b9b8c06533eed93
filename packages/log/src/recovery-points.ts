/**
 * The file `recovery-point` of a log directory: for each partition the offset below which everything was synced.
 *
 *     0
 *     2
 *     5b0f2c4e-...-0 1187
 *     5b0f2c4e-...-1 93
 *     5b0f2c4e-...-2 unknown
 *     crc32c 1c291ca3
 *
 * Bytes below that offset were promised: recovery never cuts them. So the file is the one thing that must not lie upwards or
 * downwards: it is replaced atomically, checked by a checksum, and when it cannot be read every partition that is there
 * counts as promised to its end, until it is opened and recorded anew: also by later lives, which find the file whole again.
 * Saves are coalesced: one is written at a time, and the next covers all that came meanwhile.
 */

import type { FileSystem, Offset } from "@sluice/model";
import { formatCheckpoint, parseCheckpoint, replaceFile } from "./checkpoint-file.js";

/** Stands for the offset of a partition of which it was lost. */
const unknown = "unknown";

export class RecoveryPoints {
  readonly #fileSystem: FileSystem;
  readonly #path: string;
  readonly #offsets: Map<string, number | undefined>;
  #saving: Promise<void> | undefined;
  #queued: Promise<void> | undefined;

  private constructor(fileSystem: FileSystem, path: string, offsets: Map<string, number | undefined>) {
    this.#fileSystem = fileSystem;
    this.#path = path;
    this.#offsets = offsets;
  }

  /**
   * Reads the file. Where it is missing or unreadable, it is known of none of `names`, the partitions on disk, how much was
   * promised; that is recorded at once, before a partition is made of which it is known.
   */
  static async load(fileSystem: FileSystem, path: string, names: readonly string[]): Promise<RecoveryPoints> {
    const offsets = await readOffsets(fileSystem, path);
    if (offsets !== undefined) return new RecoveryPoints(fileSystem, path, offsets);
    const points = new RecoveryPoints(fileSystem, path, new Map(names.map((name) => [name, undefined])));
    await points.#write();
    return points;
  }

  /** Writes the file of a directory that has no partitions yet. */
  static async create(fileSystem: FileSystem, path: string): Promise<void> {
    await replaceFile(fileSystem, path, formatCheckpoint([], { hasChecksum: true }));
  }

  /** Exclusive end of what was promised of a partition: 0 where nothing was, undefined where that is not known. */
  get(name: string): number | undefined {
    return this.#offsets.has(name) ? this.#offsets.get(name) : 0;
  }

  /** Resolves when the recovery point is durable. @throws an error of the file system. */
  save(name: string, flushedOffset: Offset): Promise<void> {
    if (this.#offsets.get(name) === flushedOffset) return this.#saving ?? Promise.resolve();
    this.#offsets.set(name, flushedOffset);
    return this.#write();
  }

  /** Forgets a partition that was deleted; durable with the next save. */
  remove(name: string): void {
    this.#offsets.delete(name);
  }

  #write(): Promise<void> {
    if (this.#queued !== undefined) return this.#queued;
    if (this.#saving !== undefined) {
      this.#queued = this.#saving.then(
        () => this.#writeNow(),
        () => this.#writeNow(),
      );
      return this.#queued;
    }
    return this.#writeNow();
  }

  #writeNow(): Promise<void> {
    this.#queued = undefined;
    const lines = [...this.#offsets].map(([name, offset]) => `${name} ${offset ?? unknown}`);
    const saving = replaceFile(this.#fileSystem, this.#path, formatCheckpoint(lines, { hasChecksum: true })).finally(
      () => {
        if (this.#saving === saving) this.#saving = undefined;
      },
    );
    this.#saving = saving;
    return saving;
  }
}

async function readOffsets(fileSystem: FileSystem, path: string): Promise<Map<string, number | undefined> | undefined> {
  if (!(await fileSystem.exists(path))) return undefined;
  const lines = parseCheckpoint(await fileSystem.readFile(path), { hasChecksum: true });
  return lines === undefined ? undefined : parseLines(lines);
}

function parseLines(lines: readonly string[]): Map<string, number | undefined> | undefined {
  const offsets = new Map<string, number | undefined>();
  for (const line of lines) {
    const match = /^(\S+) (\d{1,16}|unknown)$/.exec(line);
    if (match?.[1] === undefined) return undefined;
    const offset = match[2] === unknown ? undefined : Number(match[2]);
    if (offset !== undefined && !Number.isSafeInteger(offset)) return undefined;
    offsets.set(match[1], offset);
  }
  return offsets;
}
