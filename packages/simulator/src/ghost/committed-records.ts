/**
 * What is committed of every partition, as nobody in the cluster can see it: the true high watermark, the greatest that any leader has
 * ever told anybody of, and the batches below it as that leader had them.
 */

import type { LoggedBatch } from "./batch-pool.js";
import type { ReplicaLog } from "./replica-log.js";
import type { PartitionKey } from "./replica-logs.js";

export class CommittedRecords {
  readonly #batches = new Map<PartitionKey, LoggedBatch[]>();

  /** First offset not known committed. */
  highWatermark(partition: PartitionKey): number {
    return this.#batches.get(partition)?.at(-1)?.endOffset ?? 0;
  }

  batches(partition: PartitionKey): readonly LoggedBatch[] {
    return this.#batches.get(partition) ?? [];
  }

  partitions(): PartitionKey[] {
    return [...this.#batches.keys()];
  }

  /** Takes over what the log of a leader has up to `highWatermark`. Returns whether it has all of it. */
  advance(partition: PartitionKey, log: ReplicaLog, highWatermark: number): boolean {
    const committed = this.#batches.get(partition) ?? [];
    this.#batches.set(partition, committed);
    const from = committed.at(-1)?.endOffset ?? log.startOffset;
    for (let index = log.indexOf(from); index < log.batches.length; index += 1) {
      const batch = log.batches[index] as LoggedBatch;
      if (batch.endOffset > highWatermark) break;
      committed.push(batch);
    }
    return (committed.at(-1)?.endOffset ?? log.startOffset) >= highWatermark;
  }

  /**
   * The first offset below the true high watermark that a log lacks or has differently; undefined: it has everything. What lies
   * before its start was deleted.
   */
  firstDifference(partition: PartitionKey, log: ReplicaLog | undefined): number | undefined {
    const committed = this.#batches.get(partition) ?? [];
    if (committed.length === 0) return undefined;
    if (log === undefined) return committed[0]?.baseOffset;
    let index = 0;
    for (const batch of committed) {
      if (batch.endOffset <= log.startOffset) continue;
      while ((log.batches[index]?.endOffset ?? Number.POSITIVE_INFINITY) <= batch.baseOffset) index += 1;
      const own = log.batches[index];
      if (own === undefined || (own !== batch && own.bytes.compare(batch.bytes) !== 0)) return batch.baseOffset;
    }
    return undefined;
  }
}
