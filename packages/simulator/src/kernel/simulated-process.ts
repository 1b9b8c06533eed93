/**
 * One process of the simulation: everything that reaches it comes through `enter`.
 *
 * A paused process gets what came meanwhile when it goes on, in order, one thing an event. A dead one gets nothing, for ever: what
 * it was waiting for never comes, so that nothing of it runs after its death.
 */

import type { ScheduledEvent, Scheduler } from "./scheduler.js";

export class SimulatedProcess {
  readonly name: string;
  readonly #scheduler: Scheduler;
  readonly #inbox: (() => void)[] = [];
  #state: "running" | "paused" | "dead" = "running";
  #isDraining = false;

  constructor(name: string, scheduler: Scheduler) {
    this.name = name;
    this.#scheduler = scheduler;
  }

  get isDead(): boolean {
    return this.#state === "dead";
  }

  get isPaused(): boolean {
    return this.#state === "paused";
  }

  /** Runs `callback` now, later where the process is paused, or never. */
  enter(callback: () => void): void {
    if (this.#state === "dead") return;
    if (this.#state === "running" && !this.#isDraining) callback();
    else this.#inbox.push(callback);
  }

  /** `enter` after a delay. */
  schedule(delayMs: number, callback: () => void): ScheduledEvent {
    let isCancelled = false;
    const event = this.#scheduler.schedule(delayMs, () => this.enter(() => isCancelled || callback()));
    return {
      cancel: () => {
        isCancelled = true;
        event.cancel();
      },
    };
  }

  /** SIGSTOP: time passes, and nothing runs. */
  pause(): void {
    if (this.#state === "running") this.#state = "paused";
  }

  /** SIGCONT. */
  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    if (!this.#isDraining) this.#drain();
  }

  /** Ends it at once. */
  die(): void {
    this.#state = "dead";
    this.#inbox.length = 0;
  }

  #drain(): void {
    this.#isDraining = this.#inbox.length > 0;
    if (!this.#isDraining) return;
    this.#scheduler.schedule(0, () => {
      // Paused again: `resume` goes on with the rest.
      if (this.#state !== "running") {
        this.#isDraining = false;
        return;
      }
      this.#inbox.shift()?.();
      this.#drain();
    });
  }
}
