/**
 * An immutable map whose versions share what did not change: a version that differs in a few keys is made, and compared with the
 * one before, at the cost of those keys, however many there are.
 *
 * Keys lie in a fixed number of small sorted arrays, by hash; a version copies the arrays that it changes. The order of iteration
 * comes from the keys alone, so equal contents are iterated alike.
 */

interface Entry<Key, Value> {
  readonly key: Key;
  readonly value: Value;
}

/** Sorted by key. */
type Bucket<Key, Value> = readonly Entry<Key, Value>[];

/** A power of two. */
const bucketCount = 1024;
const noBuckets: readonly Bucket<never, never>[] = Array.from({ length: bucketCount }, () => []);

/** An immutable map with string keys. `edit` makes the next version. */
export class SharedMap<Key extends string, Value> implements ReadonlyMap<Key, Value> {
  readonly #buckets: readonly Bucket<Key, Value>[];
  readonly size: number;

  /** For drafts: others begin with `from`. */
  constructor(buckets: readonly Bucket<Key, Value>[], size: number) {
    this.#buckets = buckets;
    this.size = size;
  }

  /** The entries of any map, without copying where it is of this kind. */
  static from<Key extends string, Value>(map: ReadonlyMap<Key, Value>): SharedMap<Key, Value> {
    if (map instanceof SharedMap) return map as SharedMap<Key, Value>;
    if (map.size === 0) return new SharedMap(noBuckets, 0);
    const draft = new SharedMapDraft<Key, Value>(noBuckets, 0);
    for (const [key, value] of map) draft.set(key, value);
    return draft.finish();
  }

  /** Begins the next version; this one stays as it is. */
  edit(): SharedMapDraft<Key, Value> {
    return new SharedMapDraft(this.#buckets, this.size);
  }

  get(key: Key): Value | undefined {
    const bucket = this.#buckets[bucketOf(key)] as Bucket<Key, Value>;
    const entry = bucket[positionOf(bucket, key)];
    return entry?.key === key ? entry.value : undefined;
  }

  has(key: Key): boolean {
    const bucket = this.#buckets[bucketOf(key)] as Bucket<Key, Value>;
    return bucket[positionOf(bucket, key)]?.key === key;
  }

  forEach(callback: (value: Value, key: Key, map: ReadonlyMap<Key, Value>) => void): void {
    for (const bucket of this.#buckets) for (const { key, value } of bucket) callback(value, key, this);
  }

  *keys(): MapIterator<Key> {
    for (const bucket of this.#buckets) for (const { key } of bucket) yield key;
  }

  *values(): MapIterator<Value> {
    for (const bucket of this.#buckets) for (const { value } of bucket) yield value;
  }

  *entries(): MapIterator<[Key, Value]> {
    for (const bucket of this.#buckets) for (const { key, value } of bucket) yield [key, value];
  }

  [Symbol.iterator](): MapIterator<[Key, Value]> {
    return this.entries();
  }

  /** Keys whose value is another one than in `before`, or that only one of the two has. */
  changedKeys(before: SharedMap<Key, Value>): Key[] {
    const changed: Key[] = [];
    if (before === this) return changed;
    // Every image is compared with the one before, by several who follow it: nearly all buckets are the same, and cost nothing.
    for (let index = 0; index < bucketCount; index += 1) {
      const earlier = before.#buckets[index] as Bucket<Key, Value>;
      const bucket = this.#buckets[index] as Bucket<Key, Value>;
      if (earlier !== bucket) changed.push(...changedInBucket(earlier, bucket));
    }
    return changed;
  }
}

/** The next version of a `SharedMap`, while it is being made. */
export class SharedMapDraft<Key extends string, Value> {
  /** The arrays that were copied are this draft's own to change. */
  #own = new Set<number>();
  #buckets: Bucket<Key, Value>[];
  #size: number;

  constructor(buckets: readonly Bucket<Key, Value>[], size: number) {
    this.#buckets = [...buckets];
    this.#size = size;
  }

  get(key: Key): Value | undefined {
    const bucket = this.#buckets[bucketOf(key)] as Bucket<Key, Value>;
    const entry = bucket[positionOf(bucket, key)];
    return entry?.key === key ? entry.value : undefined;
  }

  set(key: Key, value: Value): void {
    const bucket = this.#ownBucket(bucketOf(key));
    const position = positionOf(bucket, key);
    const isThere = bucket[position]?.key === key;
    bucket.splice(position, isThere ? 1 : 0, { key, value });
    if (!isThere) this.#size += 1;
  }

  delete(key: Key): void {
    if (this.get(key) === undefined) return;
    const bucket = this.#ownBucket(bucketOf(key));
    bucket.splice(positionOf(bucket, key), 1);
    this.#size -= 1;
  }

  /** The version as it is now. The draft can go on: what comes later is not in it. */
  finish(): SharedMap<Key, Value> {
    const map = new SharedMap(this.#buckets, this.#size);
    this.#buckets = [...this.#buckets];
    this.#own = new Set();
    return map;
  }

  #ownBucket(index: number): Entry<Key, Value>[] {
    if (!this.#own.has(index)) {
      this.#own.add(index);
      this.#buckets[index] = [...(this.#buckets[index] as Bucket<Key, Value>)];
    }
    return this.#buckets[index] as Entry<Key, Value>[];
  }
}

/** Keys whose value is another one in `after`, or that only one of the two maps has. */
export function changedKeys<Key extends string, Value>(
  before: ReadonlyMap<Key, Value>,
  after: ReadonlyMap<Key, Value>,
): Key[] {
  return before === after ? [] : SharedMap.from(after).changedKeys(SharedMap.from(before));
}

function changedInBucket<Key extends string, Value>(before: Bucket<Key, Value>, after: Bucket<Key, Value>): Key[] {
  const came = after.filter(({ key, value }) => {
    const earlier = before[positionOf(before, key)];
    return earlier?.key !== key || earlier.value !== value;
  });
  const gone = before.filter(({ key }) => after[positionOf(after, key)]?.key !== key);
  return [...came, ...gone].map(({ key }) => key);
}

/** Where the key is, or would be inserted. */
function positionOf<Key extends string>(bucket: Bucket<Key, unknown>, key: Key): number {
  let [low, high] = [0, bucket.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bucket[middle] as Entry<Key, unknown>).key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** FNV-1a of the UTF-16 units. */
function bucketOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return (hash ^ (hash >>> 16)) & (bucketCount - 1);
}
