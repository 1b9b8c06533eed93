/**
 * One direction of one stream: frames arrive in the order in which they were sent, each after a delay of its own, and none after
 * the pipe was broken. Between two pipes there is no order, also where they share a connection.
 */

import type { Scheduler } from "../kernel/scheduler.js";
import type { Link } from "./link.js";

/** Keeps two frames of one pipe apart, in milliseconds. */
const spacingMs = 0.001;

export class FramePipe<Frame> {
  readonly #link: Link;
  readonly #scheduler: Scheduler;
  readonly #arrived: (frame: Frame) => void;
  #lastDueMs = 0;
  #held: Frame[] = [];
  #isBroken = false;

  constructor(link: Link, scheduler: Scheduler, arrived: (frame: Frame) => void) {
    this.#link = link;
    this.#scheduler = scheduler;
    this.#arrived = arrived;
  }

  send(frame: Frame): void {
    if (this.#isBroken) return;
    const { nowMs } = this.#scheduler;
    this.#lastDueMs = Math.max(this.#lastDueMs + spacingMs, nowMs + this.#link.drawDelayMs());
    this.#scheduler.schedule(this.#lastDueMs - nowMs, () => this.#arrive(frame));
  }

  /** What is under way is lost. */
  break(): void {
    this.#isBroken = true;
    this.#held = [];
  }

  #arrive(frame: Frame): void {
    if (this.#isBroken) return;
    if (!this.#link.isCut && this.#held.length === 0) {
      this.#arrived(frame);
      return;
    }
    this.#held.push(frame);
    if (this.#held.length === 1) this.#link.whenWhole(() => this.#repeat());
  }

  /** What was held back is sent again; frames that arrive meanwhile queue behind. */
  #repeat(): void {
    this.#scheduler.schedule(this.#link.drawDelayMs(), () => {
      if (this.#link.isCut) {
        this.#link.whenWhole(() => this.#repeat());
        return;
      }
      const held = this.#held;
      this.#held = [];
      for (const frame of held) if (!this.#isBroken) this.#arrived(frame);
    });
  }
}
