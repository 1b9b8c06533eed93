/**
 * Memory of batches that are answered, for the next ones: new memory of hundreds of KiB for each batch costs page faults and
 * keeps the garbage collector busy.
 *
 * Only memory that nobody can look at any more comes back: that of a batch that was sent once and answered, because the
 * transport had then copied it. Small batches are left to Node, which has a pool of its own.
 */

const sizeBytesMin = 64 * 1024;
const keptBytesMax = 16 * 1024 * 1024;

export class BatchMemory {
  readonly #free: Buffer[] = [];
  #freeBytes = 0;

  /** Memory of at least `sizeBytes` that was given back, or undefined. */
  take(sizeBytes: number): Buffer | undefined {
    const last = this.#free.at(-1);
    if (last === undefined || sizeBytes < sizeBytesMin) return undefined;
    this.#free.pop();
    this.#freeBytes -= last.length;
    // Too small for what is sent now: it is not kept for later, when nothing may be small again.
    return last.length >= sizeBytes ? last : undefined;
  }

  /** `batch` is a view of the memory, which has no other use any more. */
  giveBack(batch: Buffer): void {
    const { buffer, byteOffset } = batch;
    const sizeBytes = buffer.byteLength;
    if (byteOffset !== 0 || sizeBytes < sizeBytesMin || this.#freeBytes + sizeBytes > keptBytesMax) return;
    this.#free.push(Buffer.from(buffer as ArrayBuffer));
    this.#freeBytes += sizeBytes;
  }
}
