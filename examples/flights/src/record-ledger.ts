/**
 * What was seen of a topic, whether produced or read, as counts and a checksum that two runs can compare.
 *
 * Each record has a SHA-256 digest over its partition, offset, timestamp, key and value. The checksum is the SHA-256 of these
 * digests by partition and offset, so that it does not depend on how partitions interleave. Rows repeat in the input: it is
 * the offset that tells two of them apart.
 */

import { createHash, hash } from "node:crypto";

export interface LedgerRecord {
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly key: string | Buffer | null;
  readonly value: string | Buffer | null;
}

/** First offset that counts, by partition. Partitions that are not in it count from 0. */
export type FromOffsets = ReadonlyMap<number, number>;

export interface LedgerSummary {
  /** Different offsets. */
  readonly records: number;
  /** Times that a record was added whose offset was there already. */
  readonly repeated: number;
  /** Hexadecimal SHA-256. */
  readonly checksum: string;
}

export class RecordLedger {
  readonly #partitions = new Map<number, Map<number, string>>();
  #repeated = 0;

  /** @throws where another record was seen at the same offset */
  add(record: LedgerRecord): void {
    const { partition, offset } = record;
    const digests = this.#partitions.get(partition) ?? new Map<number, string>();
    this.#partitions.set(partition, digests);
    const digest = digestOf(record);
    const known = digests.get(offset);
    if (known !== undefined && known !== digest)
      throw new Error(`two different records at offset ${offset} of partition ${partition}`);
    if (known !== undefined) this.#repeated++;
    digests.set(offset, digest);
  }

  summary(from: FromOffsets = new Map()): LedgerSummary {
    const all = createHash("sha256");
    let records = 0;
    for (const [partition, digests] of [...this.#partitions].sort(([left], [right]) => left - right)) {
      const first = from.get(partition) ?? 0;
      const offsets = [...digests.keys()].filter((offset) => offset >= first).sort((left, right) => left - right);
      for (const offset of offsets) all.update(digests.get(offset) as string);
      records += offsets.length;
    }
    return { records, repeated: this.#repeated, checksum: all.digest("hex") };
  }
}

function digestOf({ partition, offset, timestamp, key, value }: LedgerRecord): string {
  // Lengths are part of it, so that no two records have the same text.
  const head = `${partition} ${offset} ${timestamp} ${lengthOf(key)} ${lengthOf(value)} `;
  return hash("sha256", `${head}${key ?? ""}${value ?? ""}`, "hex");
}

function lengthOf(text: string | Buffer | null): number {
  return text === null ? -1 : Buffer.byteLength(text);
}
