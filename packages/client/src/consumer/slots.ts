/** A number of things that may go on at the same time. Whoever waits for a slot gets it in turn. */

export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  get free(): number {
    return this.#free;
  }

  /** Somebody waits for a slot: there is none. */
  get isWaitedFor(): boolean {
    return this.#waiting.length > 0;
  }

  /** Takes a slot where one is free. */
  tryAcquire(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /** Takes a slot as soon as one is free. Never rejects. */
  async acquire(): Promise<void> {
    if (this.tryAcquire()) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}

/** One slot of somebody who may lend it while there is nothing to do but wait. */
export class SlotHold {
  readonly #slots: Slots;
  #isHeld = true;
  #isEnded = false;
  #regaining: Promise<void> | undefined;

  /** @param slots of which the caller has acquired one. */
  constructor(slots: Slots) {
    this.#slots = slots;
  }

  /** Nobody else waits for want of this slot. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Somebody else may have it. */
  lend(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#slots.release();
  }

  /** Has it again. Several may wait for it. */
  regain(): Promise<void> {
    if (this.#isHeld) return Promise.resolve();
    this.#regaining ??= this.#slots.acquire().then(() => {
      this.#regaining = undefined;
      if (this.#isEnded) this.#slots.release();
      else this.#isHeld = true;
    });
    return this.#regaining;
  }

  /** Gives it back for good. */
  end(): void {
    this.#isEnded = true;
    this.lend();
  }
}
