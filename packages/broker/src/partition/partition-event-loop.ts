/**
 * The one loop that drives the state machine of a partition: events are taken one at a time, and the effects of each are run in
 * order before the next is looked at. Events that an effect leads to are queued behind those that are there.
 *
 * It is synchronous. A broken invariant ends it and is told once; after `stop` nothing is taken, kept or run any more.
 */

import type { PartitionEffect, PartitionEvent } from "@sluice/replication";

export interface PartitionEventLoopDependencies {
  /** Decides; changes nothing but the state of the machine. */
  step(event: PartitionEvent): readonly PartitionEffect[];
  /** May post events, and may stop the loop. */
  run(effect: PartitionEffect): void;
  /** Everything that was posted has been dealt with, for now. */
  onDrained(): void;
  /** What `step` or `run` threw. The loop is stopped by whoever is told. */
  onBroken(error: unknown): void;
}

export class PartitionEventLoop {
  readonly #dependencies: PartitionEventLoopDependencies;
  #queue: PartitionEvent[] = [];
  #isDraining = false;
  #isStopped = false;

  constructor(dependencies: PartitionEventLoopDependencies) {
    this.#dependencies = dependencies;
  }

  /** Takes an event; it has been dealt with when this returns, unless this is called from an effect. */
  post(event: PartitionEvent): void {
    if (this.#isStopped) return;
    this.#queue.push(event);
    if (this.#isDraining) return;
    this.#isDraining = true;
    try {
      // The queue grows while it is drained.
      for (let index = 0; index < this.#queue.length; index += 1) this.#take(this.#queue[index] as PartitionEvent);
      this.#queue.length = 0;
    } catch (error) {
      this.#dependencies.onBroken(error);
    } finally {
      this.#isDraining = false;
    }
    if (!this.#isStopped) this.#dependencies.onDrained();
  }

  /** Forgets what is queued. */
  stop(): void {
    this.#isStopped = true;
    this.#queue = [];
  }

  #take(event: PartitionEvent): void {
    for (const effect of this.#dependencies.step(event)) {
      if (this.#isStopped) return;
      this.#dependencies.run(effect);
    }
  }
}
