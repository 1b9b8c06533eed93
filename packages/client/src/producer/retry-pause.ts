/**
 * The pause of one partition before it sends again: a delay that grows from one to the next, and then fresh metadata. A
 * leader that is heard of meanwhile makes it pointless, and ends it.
 */

import { type SluiceError, type Timer, toSluiceError } from "@sluice/model";
import type { ClientDependencies } from "../client-dependencies.js";

export class RetryPause {
  readonly #topic: string;
  readonly #dependencies: ClientDependencies;
  #count = 0;
  /** Undefined: there is no pause, or its delay is over and metadata is asked for. */
  #timer: Timer | undefined;
  /** Which pause this is: what an earlier one still waits for is of no interest. */
  #current = 0;

  constructor(topic: string, dependencies: ClientDependencies) {
    this.#topic = topic;
    this.#dependencies = dependencies;
  }

  /**
   * Begins a pause, and calls back when it is over, unless it is ended before.
   * @param onOver told why metadata could not be had, where it could not.
   * @returns milliseconds of the delay
   */
  begin(onOver: (error: SluiceError | undefined) => void): number {
    const { clock, policy, metadata } = this.#dependencies;
    const current = ++this.#current;
    const over = (error?: unknown): void => {
      if (this.#current === current) onOver(error === undefined ? undefined : toSluiceError(error));
    };
    const delayMs = policy.delayMs(this.#count++);
    this.#timer = clock.setTimer(delayMs, () => {
      this.#timer = undefined;
      metadata.refresh([this.#topic]).then(() => over(), over);
    });
    return delayMs;
  }

  /** Ends the pause, without a call back. */
  end(): void {
    this.#current++;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Something was acknowledged: the next pause is a short one again. */
  reset(): void {
    this.#count = 0;
  }
}
