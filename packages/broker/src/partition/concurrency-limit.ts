/** Runs asynchronous work, so many pieces at a time; the rest waits in order. The queue is bounded by its callers. */

export class ConcurrencyLimit {
  readonly #max: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Runs `work` as soon as there is room, and settles as it does. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running < this.#max) this.#running += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // Whoever is woken takes over the place, so the count stays.
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
