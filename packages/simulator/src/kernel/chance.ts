/**
 * Chance of one part of a simulation. Every part draws from a generator of its own, made from the seed and a name, so that a
 * change of what one part draws leaves all others as they were.
 */

import { type Random, randomBelow } from "@sluice/model";
import { SeededRandom } from "@sluice/model/testing";

export class Chance implements Random {
  readonly #random: SeededRandom;

  constructor(seed: number, name: string) {
    this.#random = new SeededRandom(mix(seed, name));
  }

  uint32(): number {
    return this.#random.uint32();
  }

  /** A number in [0, 1). */
  fraction(): number {
    return this.#random.uint32() / 0x1_0000_0000;
  }

  /** A number in [min, max). */
  between(min: number, max: number): number {
    return min + this.fraction() * (max - min);
  }

  /** A whole number in [min, max], both included. */
  integer(min: number, max: number): number {
    return min + randomBelow(this.#random, max - min + 1);
  }

  /** True with that probability. */
  happens(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** One of them; there is at least one. */
  pick<Item>(items: readonly Item[]): Item {
    return items[randomBelow(this.#random, items.length)] as Item;
  }
}

/** FNV-1a over the name, begun with the seed. */
function mix(seed: number, name: string): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < name.length; i += 1) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}
