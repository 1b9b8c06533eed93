/**
 * Random port over the operating system's source. Drawn in blocks: one call into it costs as much as a thousand numbers.
 */

import { randomFillSync } from "node:crypto";
import type { Random } from "../random.js";

export class NodeRandom implements Random {
  readonly #block = new Uint32Array(1024);
  #next = this.#block.length;

  uint32(): number {
    if (this.#next === this.#block.length) {
      randomFillSync(this.#block);
      this.#next = 0;
    }
    return this.#block[this.#next++] as number;
  }
}
