/**
 * The directories of the disk in memory: for each the names that the running system sees and those that survive a power
 * loss; and how much of the disk all of it takes. Package-internal to `@sluice/log/testing`.
 */

import { type Random, randomBelow } from "@sluice/model";
import { MemoryFile } from "./memory-file.js";

/** What one name in a directory takes of the disk. */
export const nameCostBytes = 64;

/** One change of names that a power loss keeps or drops as a whole: a rename is two names. */
export type NameChange = ReadonlyMap<string, MemoryNode | undefined>;
export type MemoryNode = MemoryFile | MemoryDirectory;

export class MemoryDirectory {
  /** What the running system sees. */
  readonly names = new Map<string, MemoryNode>();
  readonly #durable = new Map<string, MemoryNode>();
  #unsynced: NameChange[] = [];

  change(change: NameChange): void {
    apply(this.names, change);
    this.#unsynced.push(change);
  }

  sync(): void {
    for (const change of this.#unsynced) apply(this.#durable, change);
    this.#unsynced = [];
  }

  /** The directory after a power loss: of the changes since the last sync the first few, in order, and all below it. */
  afterPowerLoss(random: Random): MemoryDirectory {
    const names = new Map(this.#durable);
    const keptCount = randomBelow(random, this.#unsynced.length + 1);
    for (const change of this.#unsynced.slice(0, keptCount)) apply(names, change);
    return copyOf(names, (node) => node.afterPowerLoss(random));
  }

  /** The directory on another disk, with all that the running system sees, all of it durable. */
  copy(): MemoryDirectory {
    return copyOf(this.names, (node) => node.copy());
  }

  /** The directory after its process was killed: all that was written is there, and what was durable is still. */
  afterKill(): MemoryDirectory {
    const survivor = copyOf(this.#durable, (node) => (node instanceof MemoryFile ? node : node.afterKill()));
    const isSame = (name: string): boolean => this.names.get(name) === this.#durable.get(name);
    const changed = new Set([...this.names.keys(), ...this.#durable.keys()]);
    for (const name of changed) {
      if (isSame(name)) continue;
      const node = this.names.get(name);
      survivor.change(new Map([[name, node instanceof MemoryDirectory ? node.afterKill() : node]]));
    }
    return survivor;
  }
}

/** Bytes that all names below `root` and their files take, and `openFiles`: a file that is removed goes when it is closed. */
export function usedBytesOf(root: MemoryDirectory, openFiles: Iterable<MemoryFile>): number {
  const files = new Set(openFiles);
  let nameCount = 0;
  const visit = (directory: MemoryDirectory): void => {
    for (const node of directory.names.values()) {
      nameCount += 1;
      if (node instanceof MemoryFile) files.add(node);
      else visit(node);
    }
  };
  visit(root);
  let usedBytes = nameCount * nameCostBytes;
  for (const file of files) usedBytes += file.allocatedBytes;
  return usedBytes;
}

function copyOf(names: ReadonlyMap<string, MemoryNode>, copy: (node: MemoryNode) => MemoryNode): MemoryDirectory {
  const directory = new MemoryDirectory();
  for (const [name, node] of names) directory.change(new Map([[name, copy(node)]]));
  directory.sync();
  return directory;
}

function apply(names: Map<string, MemoryNode>, change: NameChange): void {
  for (const [name, node] of change) {
    if (node === undefined) names.delete(name);
    else names.set(name, node);
  }
}
