/**
 * Notices that the coordinator of a group is another broker, without waiting for the old one to say so: a broker that stands
 * still says nothing. The leaders of the offsets topic tell.
 */

import { groupOffsetsTopic, sleep, toSluiceError } from "@sluice/model";
import { anySignal } from "../cancellation.js";
import type { ClientDependencies } from "../client-dependencies.js";
import type { GroupCoordinator } from "../group-coordinator.js";

/** A broker that is asked may not have heard of the change yet: it is asked again so often. */
const asksMax = 6;

export interface CoordinatorWatchDependencies extends ClientDependencies {
  readonly coordinator: GroupCoordinator;
  /** Told when calls go to another broker than before. */
  readonly onMoved: () => void;
}

export class CoordinatorWatch {
  readonly #dependencies: CoordinatorWatchDependencies;
  #isAsking = false;
  #asks = 0;
  /** Ends the wait before the next ask. */
  #wait = new AbortController();

  constructor(dependencies: CoordinatorWatchDependencies) {
    this.#dependencies = dependencies;
  }

  /** Watches until `signal` aborts. */
  start(signal: AbortSignal): void {
    const { metadata, coordinator } = this.#dependencies;
    metadata.watch(groupOffsetsTopic);
    const stopListening = metadata.onLeadersChanged((topics) => {
      if (!topics.has(groupOffsetsTopic) || !coordinator.mayHaveMoved) return;
      this.#asks = 0;
      this.#wait.abort();
      if (!this.#isAsking) void this.#ask(signal);
    });
    signal.addEventListener("abort", stopListening, { once: true });
  }

  /** Never rejects: whatever it cannot find out, the session does when its stream breaks. */
  async #ask(signal: AbortSignal): Promise<void> {
    const { coordinator, logger, onMoved } = this.#dependencies;
    this.#isAsking = true;
    let hasMoved = false;
    while (!hasMoved && !signal.aborted && coordinator.mayHaveMoved && this.#asks++ < asksMax) {
      this.#wait = new AbortController();
      try {
        hasMoved = await coordinator.relocate({ signal });
        if (hasMoved) onMoved();
      } catch (error) {
        logger.debug({ group: coordinator.group, error: toSluiceError(error) }, "the new coordinator is not known yet");
      }
      if (!hasMoved) await this.#pause(signal);
    }
    if (!hasMoved) coordinator.stayed();
    this.#isAsking = false;
  }

  /** Waits longer each time, but not past the next change. */
  async #pause(signal: AbortSignal): Promise<void> {
    const { clock, policy } = this.#dependencies;
    const scope = anySignal(signal, this.#wait.signal);
    await sleep(clock, policy.delayMs(this.#asks), scope.signal).catch(() => undefined); // It is asked again, or over.
    scope.dispose();
  }
}
