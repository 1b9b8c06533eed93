/**
 * Many partitions written in few transactions: each compares the partition as it was seen, and the lives that the change counts on.
 *
 * One transaction for a partition each would be slow after a broker's death. The price: a transaction is refused when one of its
 * partitions was changed meanwhile. Who needs to know which one plans them again one by one.
 */

import { type BrokerId, invariant } from "@sluice/model";
import type { BrokerRegistration, PartitionImage } from "./cluster-image.js";
import { brokerKey, controllerKey, lastRegistrationKey, partitionKey } from "./cluster-keys.js";
import { formatPartitionValue, type PartitionValue } from "./cluster-values.js";
import {
  type PlannedCompare,
  type PlannedOperation,
  type PlannedTransaction,
  transactionStepsMax,
} from "./planned-transaction.js";

/** A partition that is to have another record. */
export interface PartitionWrite {
  /** As it was planned from. */
  readonly partition: PartitionImage;
  readonly value: PartitionValue;
  /** What it counts on besides: lives of brokers. */
  readonly compares: readonly PlannedCompare[];
}

/** A transaction, with what it writes. All of it is taken, or nothing. */
export interface PlannedPartitionWrites extends PlannedTransaction {
  readonly writes: readonly PartitionWrite[];
}

export class PartitionWriteBatches {
  readonly #what: string;
  readonly #shared: readonly PlannedCompare[];
  readonly #finished: PlannedPartitionWrites[] = [];
  #compares: PlannedCompare[];
  #compared = new Set<string>();
  #writes: PartitionWrite[] = [];

  /**
   * @param options.what what is done, for logs: "electing leaders of"
   * @param options.compares what must hold for every transaction; a few
   */
  constructor(options: { readonly what: string; readonly compares?: readonly PlannedCompare[] }) {
    this.#what = options.what;
    this.#shared = options.compares ?? [];
    this.#compares = [...this.#shared];
  }

  /** A partition at most once. */
  add(write: PartitionWrite): void {
    const steps = this.#compares.length + this.#writes.length;
    if (steps + 2 + write.compares.length > transactionStepsMax) this.#finishBatch();
    this.#compares.push({ key: keyOf(write.partition), target: "modRevision", equals: write.partition.version });
    for (const compare of write.compares) {
      const name = `${compare.target} ${compare.key}`;
      if (!this.#compared.has(name)) this.#compares.push(compare);
      this.#compared.add(name);
    }
    this.#writes.push(write);
  }

  /** The transactions, in the order in which partitions were added. */
  finish(): PlannedPartitionWrites[] {
    if (this.#writes.length > 0) this.#finishBatch();
    return this.#finished;
  }

  #finishBatch(): void {
    const writes = this.#writes;
    const purpose = `${this.#what} ${writes.length} partition${writes.length === 1 ? "" : "s"}`;
    const operations = writes.map(({ partition, value }): PlannedOperation => {
      return { type: "put", key: keyOf(partition), value: formatPartitionValue(value) };
    });
    this.#finished.push({ purpose, compares: this.#compares, operations, writes });
    this.#compares = [...this.#shared];
    this.#compared = new Set();
    this.#writes = [];
  }
}

/** One partition, written alone. */
export function planOneWrite(what: string, write: PartitionWrite): PlannedPartitionWrites {
  const batches = new PartitionWriteBatches({ what });
  batches.add(write);
  const [planned] = batches.finish();
  invariant(planned !== undefined, "a write that was added is in a transaction");
  return planned;
}

/** Holds while that term of the controller lasts. */
export function termStands(controllerEpoch: number): PlannedCompare {
  return { key: controllerKey, target: "createRevision", equals: controllerEpoch };
}

/** Holds while that broker lives that life. */
export function livesStill({
  id,
  brokerEpoch,
}: {
  readonly id: BrokerId;
  readonly brokerEpoch: number;
}): PlannedCompare {
  return { key: brokerKey(id), target: "createRevision", equals: brokerEpoch };
}

/** Hold while that broker lives that life, unfenced: it may be elected. */
export function electableStill(registration: BrokerRegistration): PlannedCompare[] {
  const { id, stateVersion } = registration;
  return [livesStill(registration), { key: lastRegistrationKey(id), target: "modRevision", equals: stateVersion }];
}

function keyOf({ topicId, partition }: PartitionImage): string {
  return partitionKey(topicId, partition);
}
