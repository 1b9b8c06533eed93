/**
 * Requests of one leader epoch that wait until a number that only grows passes the one that each waits for: the high watermark,
 * the end of what is written, or the bytes that were committed.
 *
 * They are kept by that number, with a heap of the numbers, so that an advance touches only what it releases: nearly always all
 * waiting requests want the same one. A bucket stays in the heap after its last request left, because the next fetch of an idle
 * partition wants the same again; when most buckets are empty they are thrown away, so that nobody fills the heap.
 */

interface Parked<Request> {
  readonly waiting: Request;
  readonly key: number;
}

/** So many empty buckets are kept whatever else is there. */
const emptyBucketsKept = 64;

export class ParkedRequests<Request extends { readonly requestId: number }> {
  readonly #parked = new Map<number, Parked<Request>>();
  readonly #buckets = new Map<number, Set<Request>>();
  /** Binary min-heap of the keys of `#buckets`. */
  #keys: number[] = [];

  get isEmpty(): boolean {
    return this.#parked.size === 0;
  }

  /** @param key the request is released when the number that grows is above it */
  park(waiting: Request, key: number): void {
    this.#parked.set(waiting.requestId, { waiting, key });
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      this.#maybeDropEmpty();
      bucket = new Set();
      this.#buckets.set(key, bucket);
      this.#pushKey(key);
    }
    bucket.add(waiting);
  }

  /** That request, which waits no longer; undefined where it did not wait. */
  remove(requestId: number): Request | undefined {
    const parked = this.#parked.get(requestId);
    if (parked === undefined) return undefined;
    this.#parked.delete(requestId);
    this.#buckets.get(parked.key)?.delete(parked.waiting);
    return parked.waiting;
  }

  /** Requests whose key is below `bound`, lowest key first; they wait no longer. */
  takeBelow(bound: number): Request[] {
    const taken: Request[] = [];
    for (let lowest = this.#keys[0]; lowest !== undefined && lowest < bound; lowest = this.#keys[0]) {
      for (const waiting of this.#buckets.get(lowest) ?? []) {
        taken.push(waiting);
        this.#parked.delete(waiting.requestId);
      }
      this.#buckets.delete(lowest);
      this.#popKey();
    }
    return taken;
  }

  /** Requests for which that is true; they wait no longer. Looks at every request: for rare moments only. */
  takeWhere(isWanted: (request: Request) => boolean): Request[] {
    const taken: Request[] = [];
    for (const { waiting } of this.#parked.values()) if (isWanted(waiting)) taken.push(waiting);
    for (const { requestId } of taken) this.remove(requestId);
    return taken;
  }

  /** Ids of all requests; none waits afterwards. */
  takeAll(): number[] {
    const requestIds = [...this.#parked.keys()];
    this.#parked.clear();
    this.#buckets.clear();
    this.#keys.length = 0;
    return requestIds;
  }

  /** Looks at every bucket, after so many were added that each is looked at a constant number of times. */
  #maybeDropEmpty(): void {
    if (this.#buckets.size <= 2 * this.#parked.size + emptyBucketsKept) return;
    for (const [key, bucket] of this.#buckets) if (bucket.size === 0) this.#buckets.delete(key);
    // An ascending array is a heap.
    this.#keys = [...this.#buckets.keys()].sort((a, b) => a - b);
  }

  #pushKey(added: number): void {
    const heap = this.#keys;
    let index = heap.length;
    heap.push(added);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex] as number;
      if (parent <= added) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = added;
  }

  #popKey(): void {
    const heap = this.#keys;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= heap.length) break;
      const right = heap[childIndex + 1];
      if (right !== undefined && right < (heap[childIndex] as number)) childIndex += 1;
      const child = heap[childIndex] as number;
      if (child >= last) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = last;
  }
}
