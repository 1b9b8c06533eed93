/**
 * Gives out producer ids that were never given out before, on any broker, in any life of the cluster.
 *
 * Ids come from blocks that are claimed in the cluster store, one at a time, and are counted up in memory. What is left of a block
 * when the broker stops, or when it does not learn whether its claim succeeded, is lost. Requests that come while a block is
 * claimed wait for that one claim, and only so many of them.
 */

import { planProducerIdClaim, producerIdBlockSize, producerIdsKey } from "@sluice/cluster";
import type { ClusterStore } from "@sluice/coordination";
import { SluiceError } from "@sluice/model";
import type { StoreHistory } from "../store-history.js";

/** Requests that may wait for a claim. */
const waitersMax = 10_000;
/** Each try that fails is one in which another broker succeeded. */
const claimTriesMax = 50;

export interface ProducerIdAllocatorDependencies {
  readonly store: ClusterStore;
  /** Records a claim before an id of its block is given out. */
  readonly storeHistory: Pick<StoreHistory, "act">;
}

export class ProducerIdAllocator {
  readonly #store: ClusterStore;
  readonly #storeHistory: Pick<StoreHistory, "act">;
  #next = 0;
  /** First id that is not ours any more. */
  #end = 0;
  #claiming: Promise<void> | undefined;
  #waiters = 0;

  constructor(dependencies: ProducerIdAllocatorDependencies) {
    this.#store = dependencies.store;
    this.#storeHistory = dependencies.storeHistory;
  }

  /**
   * An id that nobody else gets.
   *
   * @throws SluiceError RESOURCE_EXHAUSTED when too many wait, STORE_CONFLICT, and what the store throws: the same request can be
   *   made again; STORE_RESTORED, DISK_FULL, DISK_FAILED
   */
  async next(signal?: AbortSignal): Promise<number> {
    while (this.#next >= this.#end) {
      signal?.throwIfAborted();
      await this.#waitForBlock();
    }
    this.#next += 1;
    return this.#next - 1;
  }

  async #waitForBlock(): Promise<void> {
    if (this.#waiters >= waitersMax) {
      throw new SluiceError("RESOURCE_EXHAUSTED", { resource: "requests for a producer id", limit: waitersMax });
    }
    this.#waiters += 1;
    this.#claiming ??= this.#claim().finally(() => {
      this.#claiming = undefined;
    });
    try {
      await this.#claiming;
    } finally {
      this.#waiters -= 1;
    }
  }

  /** A claim of unknown outcome throws: the next one reads what the store holds then, and takes the block after it. */
  async #claim(): Promise<void> {
    for (let tries = 0; tries < claimTriesMax; tries += 1) {
      const claim = planProducerIdClaim(await this.#store.get(producerIdsKey));
      const { compares, operations } = claim.transaction;
      const { succeeded } = await this.#storeHistory.act(() => this.#store.transact(compares, operations));
      if (!succeeded) continue;
      this.#next = claim.first;
      this.#end = claim.first + claim.count;
      return;
    }
    throw new SluiceError("STORE_CONFLICT", { operation: `claiming ${producerIdBlockSize} producer ids` });
  }
}
