/**
 * Murmur2 as Kafka's clients compute it (32 bits, seed 0x9747b28c), so that a key has the same partition whichever client
 * produced it.
 */

import { invariant } from "@sluice/model";

const seed = 0x9747b28c;
const multiplier = 0x5bd1e995;

/** The hash as a signed int32. */
export function murmur2(bytes: Uint8Array): number {
  const sizeBytes = bytes.length;
  const wholeBytes = sizeBytes & ~3;
  let hash = seed ^ sizeBytes;
  for (let at = 0; at < wholeBytes; at += 4) {
    hash = Math.imul(hash, multiplier) ^ mixed(wordAt(bytes, at));
  }
  const tailBytes = sizeBytes - wholeBytes;
  if (tailBytes > 0) {
    for (let index = tailBytes - 1; index >= 0; index--) hash ^= (bytes[wholeBytes + index] as number) << (8 * index);
    hash = Math.imul(hash, multiplier);
  }
  hash = Math.imul(hash ^ (hash >>> 13), multiplier);
  return hash ^ (hash >>> 15);
}

/** The partition in [0, partitionCount) that Kafka's default partitioner gives to `key`. */
export function partitionForKey(key: Uint8Array, partitionCount: number): number {
  invariant(Number.isInteger(partitionCount) && partitionCount > 0, `not a partition count: ${partitionCount}`);
  return toPositive(murmur2(key)) % partitionCount;
}

/** Clears the sign bit. Not the absolute value: Kafka does not take that either. */
export function toPositive(hash: number): number {
  return hash & 0x7fffffff;
}

/** Little-endian int32. */
function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

function mixed(word: number): number {
  const product = Math.imul(word, multiplier);
  return Math.imul(product ^ (product >>> 24), multiplier);
}
