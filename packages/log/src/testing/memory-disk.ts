/**
 * What a disk holds, in memory: for every file and directory the state that the running system sees and the state that
 * survives a power loss. Package-internal to `@sluice/log/testing`.
 */

import { type Random, randomBelow } from "@sluice/model";

export const sectorSizeBytes = 512;

export class MemoryFile {
  /** What the running system sees. */
  bytes: Buffer = Buffer.alloc(0);
  /** What is on the platter for certain. */
  durable: Buffer = Buffer.alloc(0);

  write(bytes: Uint8Array, position: number): void {
    if (position + bytes.length > this.bytes.length) this.resize(position + bytes.length);
    this.bytes.set(bytes, position);
  }

  resize(sizeBytes: number): void {
    const resized = Buffer.alloc(sizeBytes);
    this.bytes.copy(resized, 0, 0, Math.min(sizeBytes, this.bytes.length));
    this.bytes = resized;
  }

  sync(): void {
    this.durable = Buffer.from(this.bytes);
  }

  /**
   * The file after a power loss: some size between the durable and the last one, and of every sector either the durable or
   * the last content. What was never written reads as zeros.
   */
  afterPowerLoss(random: Random): MemoryFile {
    const survivor = new MemoryFile();
    const low = Math.min(this.durable.length, this.bytes.length);
    const high = Math.max(this.durable.length, this.bytes.length);
    const sizes = [this.durable.length, this.bytes.length, low + randomBelow(random, high - low + 1)];
    survivor.resize(sizes[randomBelow(random, sizes.length)] as number);
    for (let start = 0; start < survivor.bytes.length; start += sectorSizeBytes) {
      const source = randomBelow(random, 2) === 0 ? this.durable : this.bytes;
      survivor.bytes.set(source.subarray(start, Math.min(start + sectorSizeBytes, survivor.bytes.length)), start);
    }
    survivor.sync();
    return survivor;
  }
}

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
