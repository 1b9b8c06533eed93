/**
 * Wakes everybody who waits for a change of some state that they look at themselves. Nothing is counted: whoever wakes looks
 * again, and waits again where there is nothing for it.
 */
export class WakeUp {
  #waiting: (() => void)[] = [];

  /** Resolves at the next `wake`. Never rejects. */
  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  wake(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
