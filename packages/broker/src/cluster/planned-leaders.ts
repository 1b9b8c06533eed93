/**
 * Leaders of partitions that this broker is about to create and that no image shows yet.
 *
 * Who plans the next topic counts them in: many topics that are created at one time would all get the same leader otherwise.
 */

import type { BrokerId } from "@sluice/model";

export class PlannedLeaders {
  readonly #leaders = new Map<BrokerId, number>();

  /** How many partitions each broker is about to lead. */
  get leaders(): ReadonlyMap<BrokerId, number> {
    return this.#leaders;
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
    for (const [leader] of placed) {
      if (leader === undefined) continue;
      const count = (this.#leaders.get(leader) ?? 0) + by;
      if (count === 0) this.#leaders.delete(leader);
      else this.#leaders.set(leader, count);
    }
  }
}
