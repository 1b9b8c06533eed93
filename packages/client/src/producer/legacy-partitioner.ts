/**
 * The partitioner that kafkajs had before 2.0, for programs whose keys have to stay in the partitions where they are.
 *
 * Its murmur2 multiplies in floating point and reads past the end of the key, so it is another hash than Kafka's. Both are kept: what counts
 * is that a key goes where it went. Messages without a key go to the partitions in turn.
 */

import type { KafkaJsPartitioner } from "./partitioner.js";

const seed = 0x9747b28c;
const m = 0x5bd1e995;
const r = 24;

/** Makes one: kafkajs's `Partitioners.LegacyPartitioner`. */
export function legacyPartitioner(): KafkaJsPartitioner {
  const turns = new Map<string, number>();
  return ({ topic, partitionMetadata, message: { key } }) => {
    if (key !== null && key !== undefined) return toPositive(legacyHash(bytesOf(key))) % partitionMetadata.length;
    const available = partitionMetadata.filter(({ leader }) => leader >= 0);
    const partitions = available.length > 0 ? available : partitionMetadata;
    const turn = turns.get(topic) ?? 0;
    turns.set(topic, toPositive(turn + 1));
    return partitions[turn % partitions.length]?.partitionId ?? 0;
  };
}

function bytesOf(key: string | Uint8Array): Uint8Array {
  return typeof key === "string" ? Buffer.from(key) : key;
}

function toPositive(value: number): number {
  return value & 0x7fffffff;
}

function legacyHash(data: Uint8Array): number {
  // Past the end there is nothing, which counts as 0.
  const byte = (index: number): number => data[index] ?? 0;
  const { length } = data;
  let h = seed ^ length;
  for (let at = 0; at < length; at += 4) {
    let k = byte(at) + (byte(at + 1) << 8) + (byte(at + 2) << 16) + (byte(at + 3) << 24);
    k *= m;
    k ^= k >>> r;
    k *= m;
    h *= m;
    h ^= k;
  }
  const rest = length % 4;
  const tail = length - rest;
  if (rest >= 3) h ^= byte(tail + 2) << 16;
  if (rest >= 2) h ^= byte(tail + 1) << 8;
  if (rest >= 1) {
    h ^= byte(tail);
    h *= m;
  }
  h ^= h >>> 13;
  h *= m;
  h ^= h >>> 15;
  return h;
}
