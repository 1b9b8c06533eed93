/**
 * What all segments of one data directory may hold together: open files, and index bytes of closed segments.
 *
 * Both are budgets of the least recently used kind. A holder says each time that it uses what it holds; when a budget is
 * passed, those who did not for the longest time give theirs up. What is in use is never taken: its holder gives it up when
 * the use ends, so a budget can be passed for a moment by what is in use. Files with bytes that were not synced and the
 * indexes of active segments cannot be made again and are not counted.
 */

import { invariant } from "@sluice/model";

/** Holds something that it can make again. */
export interface ResourceHolder {
  /** Gives it up, now or as soon as nobody uses it. Must not throw. */
  giveUp(): void;
}

export class ResourceBudget {
  readonly #max: number;
  /** Least recently used first. */
  readonly #costs = new Map<ResourceHolder, number>();
  #used = 0;

  constructor(max: number) {
    invariant(max >= 1, "a budget has room for something");
    this.#max = max;
  }

  /** Sum of the costs that are held. */
  get used(): number {
    return this.#used;
  }

  /** Notes that `holder` uses what costs `cost`, and has others give up what is too much. The latest is never asked. */
  use(holder: ResourceHolder, cost: number): void {
    this.release(holder);
    this.#costs.set(holder, cost);
    this.#used += cost;
    while (this.#used > this.#max && this.#costs.size > 1) {
      const [oldest] = this.#costs.keys() as IterableIterator<ResourceHolder>;
      invariant(oldest !== undefined, "somebody holds something");
      this.release(oldest);
      oldest.giveUp();
    }
  }

  /** Notes that `holder` holds nothing any more, or nothing that could be taken. */
  release(holder: ResourceHolder): void {
    this.#used -= this.#costs.get(holder) ?? 0;
    this.#costs.delete(holder);
  }
}

export interface SegmentResourcesOptions {
  /** Files of segments that are open at the same time. */
  readonly openFilesMax: number;
  /** Bytes of loaded indexes of closed segments. */
  readonly indexBytesMax: number;
}

export class SegmentResources {
  readonly files: ResourceBudget;
  readonly indexBytes: ResourceBudget;

  constructor(options: SegmentResourcesOptions) {
    this.files = new ResourceBudget(options.openFilesMax);
    this.indexBytes = new ResourceBudget(options.indexBytesMax);
  }
}
