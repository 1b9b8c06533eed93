/**
 * Fetches of one leader epoch that wait for the high watermark to pass the offset that they want.
 *
 * They are kept by offset, with a heap of the offsets, so that an advance touches only what it releases: nearly always all
 * waiting fetches want the same offset, the high watermark itself. A bucket stays in the heap after its last fetch expired,
 * until the watermark passes it, because the next fetch of an idle partition wants the same offset again.
 */

import type { Offset } from "@sluice/model";

export class ParkedFetches {
  readonly #offsetByRequest = new Map<number, Offset>();
  readonly #requestsByOffset = new Map<Offset, Set<number>>();
  /** Binary min-heap of the keys of `#requestsByOffset`. */
  readonly #offsets: Offset[] = [];

  park(requestId: number, fetchOffset: Offset): void {
    this.#offsetByRequest.set(requestId, fetchOffset);
    let requests = this.#requestsByOffset.get(fetchOffset);
    if (requests === undefined) {
      requests = new Set();
      this.#requestsByOffset.set(fetchOffset, requests);
      this.#pushOffset(fetchOffset);
    }
    requests.add(requestId);
  }

  /** Whether that fetch was still waiting; it no longer is. */
  remove(requestId: number): boolean {
    const fetchOffset = this.#offsetByRequest.get(requestId);
    if (fetchOffset === undefined) return false;
    this.#offsetByRequest.delete(requestId);
    this.#requestsByOffset.get(fetchOffset)?.delete(requestId);
    return true;
  }

  /** Fetches that want an offset below the high watermark, lowest offset first; they wait no longer. */
  takeBelow(highWatermark: Offset): { requestId: number; fetchOffset: Offset }[] {
    const taken: { requestId: number; fetchOffset: Offset }[] = [];
    for (let lowest = this.#offsets[0]; lowest !== undefined && lowest < highWatermark; lowest = this.#offsets[0]) {
      for (const requestId of this.#requestsByOffset.get(lowest) ?? []) {
        taken.push({ requestId, fetchOffset: lowest });
        this.#offsetByRequest.delete(requestId);
      }
      this.#requestsByOffset.delete(lowest);
      this.#popOffset();
    }
    return taken;
  }

  /** Fetches that want an offset beyond `logEndOffset`; they wait no longer. Looks at every fetch: for rare moments only. */
  takeBeyond(logEndOffset: Offset): { requestId: number; fetchOffset: Offset }[] {
    const taken: { requestId: number; fetchOffset: Offset }[] = [];
    for (const [requestId, fetchOffset] of this.#offsetByRequest) {
      if (fetchOffset > logEndOffset) taken.push({ requestId, fetchOffset });
    }
    for (const { requestId } of taken) this.remove(requestId);
    return taken;
  }

  /** Requests of all fetches; none waits afterwards. */
  takeAll(): number[] {
    const requestIds = [...this.#offsetByRequest.keys()];
    this.#offsetByRequest.clear();
    this.#requestsByOffset.clear();
    this.#offsets.length = 0;
    return requestIds;
  }

  #pushOffset(added: Offset): void {
    const heap = this.#offsets;
    let index = heap.length;
    heap.push(added);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex] as Offset;
      if (parent <= added) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = added;
  }

  #popOffset(): void {
    const heap = this.#offsets;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= heap.length) break;
      const right = heap[childIndex + 1];
      if (right !== undefined && right < (heap[childIndex] as Offset)) childIndex += 1;
      const child = heap[childIndex] as Offset;
      if (child >= last) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = last;
  }
}
