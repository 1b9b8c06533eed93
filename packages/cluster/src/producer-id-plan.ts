/**
 * How a broker claims producer ids: a block at a time, by a transaction that fails where somebody else claimed first.
 *
 * A block belongs to whoever's transaction succeeded, and to nobody where that broker dies or does not learn of it: ids are lost
 * then, and never given twice. What is stored only grows.
 */

import { SluiceError } from "@sluice/model";
import { producerIdsKey } from "./cluster-keys.js";
import { formatProducerIdsValue, parseProducerIdsValue } from "./cluster-values.js";
import type { PlannedTransaction, StoredEntry } from "./planned-transaction.js";

/** Ids that a broker claims at one time. */
export const producerIdBlockSize = 1000;

/** A claim: the ids from `first` on, so many, are the caller's where `transaction` succeeds. */
export interface ProducerIdClaim {
  readonly first: number;
  readonly count: number;
  readonly transaction: PlannedTransaction;
}

/**
 * The claim of the next block.
 *
 * @param entry what the store holds under `producerIdsKey`; undefined: nothing, no id was ever given out
 * @throws SluiceError CORRUPT_CLUSTER_KEY, RESOURCE_EXHAUSTED when no ids are left
 */
export function planProducerIdClaim(entry: Pick<StoredEntry, "value" | "modRevision"> | undefined): ProducerIdClaim {
  const first = entry === undefined ? 0 : parseProducerIdsValue(producerIdsKey, entry.value).next;
  const next = first + producerIdBlockSize;
  if (!Number.isSafeInteger(next)) {
    throw new SluiceError("RESOURCE_EXHAUSTED", { resource: "producer ids", limit: Number.MAX_SAFE_INTEGER });
  }
  return {
    first,
    count: producerIdBlockSize,
    transaction: {
      purpose: "claiming producer ids",
      compares: [{ key: producerIdsKey, target: "modRevision", equals: entry?.modRevision ?? 0 }],
      operations: [{ type: "put", key: producerIdsKey, value: formatProducerIdsValue({ next }) }],
    },
  };
}
