/** What the log is compared with: a file and the plain calls of `node:fs`, with nothing around them that is not needed. */

import fs from "node:fs";

/** Writes `count` buffers, these again and again, in one `writev` after the other with all of them. */
export function writeAll(descriptor: number, buffers: readonly Buffer[], count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let position = 0;
    let written = 0;
    const write = (): void => {
      if (written === count) {
        resolve();
        return;
      }
      const group = buffers.slice(0, count - written);
      fs.writev(descriptor, group, position, (error, sizeBytes) => {
        if (error !== null) return reject(error);
        if (sizeBytes !== sizeOf(group)) return reject(new Error("a short write"));
        position += sizeBytes;
        written += group.length;
        write();
      });
    };
    write();
  });
}

/** Appends with group commit: what came while a fdatasync was under way is written in one go and covered by the next. */
export class GroupCommitFile {
  readonly #descriptor: number;
  #position = 0;
  #queue: { buffer: Buffer; resolve: () => void; reject: (error: Error) => void }[] = [];
  #isWriting = false;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Resolves when the bytes survive a power loss. */
  append(buffer: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ buffer, resolve, reject });
      if (this.#isWriting) return;
      this.#isWriting = true;
      // What is appended in the same turn goes into the same write.
      queueMicrotask(() => this.#writeQueue());
    });
  }

  #writeQueue(): void {
    const group = this.#queue;
    this.#isWriting = group.length > 0;
    if (!this.#isWriting) return;
    this.#queue = [];
    const buffers = group.map(({ buffer }) => buffer);
    const fail = (error: Error): void => {
      for (const { reject } of group) reject(error);
    };
    fs.writev(this.#descriptor, buffers, this.#position, (writeError, sizeBytes) => {
      if (writeError !== null) return fail(writeError);
      if (sizeBytes !== sizeOf(buffers)) return fail(new Error("a short write"));
      this.#position += sizeBytes;
      fs.fdatasync(this.#descriptor, (syncError) => {
        if (syncError !== null) return fail(syncError);
        for (const { resolve } of group) resolve();
        // Those who waited append again before the next group is taken.
        setImmediate(() => this.#writeQueue());
      });
    });
  }
}

/** Reads the file to its end, `chunkBytes` a call, and hands each chunk on. `nextBuffer` says where a chunk goes to. */
export function readAll(
  descriptor: number,
  chunkBytes: number,
  nextBuffer: () => Buffer,
  use: (chunk: Buffer) => void = () => undefined,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let position = 0;
    const read = (): void => {
      const buffer = nextBuffer();
      fs.read(descriptor, buffer, 0, chunkBytes, position, (error, sizeBytes) => {
        if (error !== null) return reject(error);
        if (sizeBytes === 0) return resolve(position);
        use(buffer.subarray(0, sizeBytes));
        position += sizeBytes;
        read();
      });
    };
    read();
  });
}

/** Runs `work` with new files, which are closed and removed afterwards. Their paths begin with `path`. */
export async function withNewFiles<Result>(
  path: string,
  count: number,
  work: (descriptors: readonly number[]) => Promise<Result>,
): Promise<Result> {
  const paths = Array.from({ length: count }, (_, index) => `${path}-${index}`);
  const descriptors = paths.map((each) => fs.openSync(each, "wx+"));
  try {
    return await work(descriptors);
  } finally {
    for (const descriptor of descriptors) fs.closeSync(descriptor);
    for (const each of paths) fs.unlinkSync(each);
  }
}

/** Runs `work` with a file that is there, opened for reading. */
export async function withFile<Result>(path: string, work: (descriptor: number) => Promise<Result>): Promise<Result> {
  const descriptor = fs.openSync(path, "r");
  try {
    return await work(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

function sizeOf(buffers: readonly Buffer[]): number {
  return buffers.reduce((sum, buffer) => sum + buffer.length, 0);
}
