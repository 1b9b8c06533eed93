/**
 * Replicas of partitions that this broker is about to create and that no image shows yet.
 *
 * Who plans the next topic counts them in: many topics that are created at one time would all get the same brokers otherwise.
 */

import type { BrokerId } from "@sluice/model";

export class PlannedPlacements {
  readonly #leaders = new Map<BrokerId, number>();
  readonly #replicas = new Map<BrokerId, number>();

  /** How many partitions each broker is about to lead, and how many replicas it is about to keep: what a placement counts in. */
  get load(): { readonly alsoLed: ReadonlyMap<BrokerId, number>; readonly alsoKept: ReadonlyMap<BrokerId, number> } {
    return { alsoLed: this.#leaders, alsoKept: this.#replicas };
  }

  /**
   * Counts them while something goes on: from the plan until the image shows what came of it.
   *
   * @param placed replicas of partitions, the preferred leader first
   */
  async during<Result>(placed: readonly (readonly BrokerId[])[], run: () => Promise<Result>): Promise<Result> {
    this.#count(placed, 1);
    try {
      return await run();
    } finally {
      this.#count(placed, -1);
    }
  }

  #count(placed: readonly (readonly BrokerId[])[], by: 1 | -1): void {
    for (const replicas of placed) {
      for (const id of replicas.slice(0, 1)) add(this.#leaders, id, by);
      for (const id of replicas) add(this.#replicas, id, by);
    }
  }
}

function add(counts: Map<BrokerId, number>, id: BrokerId, by: 1 | -1): void {
  const count = (counts.get(id) ?? 0) + by;
  if (count === 0) counts.delete(id);
  else counts.set(id, count);
}
