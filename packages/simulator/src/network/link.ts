/**
 * The way from one host to another, in that direction only.
 *
 * Cut, it holds back what is sent, as a network does to which the sender keeps repeating; whoever gives up first breaks the
 * connection. Clogged, it is slow.
 */

import type { Chance } from "../kernel/chance.js";
import type { Scheduler } from "../kernel/scheduler.js";

export interface Latency {
  /** Milliseconds from one host to another, at least. */
  readonly msMin: number;
  /** At most, but for one in a hundred, which takes up to ten times as long. */
  readonly msMax: number;
}

const slowShare = 0.01;
const slowFactor = 10;

export class Link {
  readonly #latency: Latency;
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  readonly #waiting: (() => void)[] = [];
  #isCut = false;
  #clogMs = 0;

  constructor(latency: Latency, dependencies: { readonly scheduler: Scheduler; readonly chance: Chance }) {
    this.#latency = latency;
    this.#scheduler = dependencies.scheduler;
    this.#chance = dependencies.chance;
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  cut(): void {
    this.#isCut = true;
  }

  /** Ends cut and clog; what was held back goes on. */
  heal(): void {
    this.#isCut = false;
    this.#clogMs = 0;
    for (const waiting of this.#waiting.splice(0)) waiting();
  }

  /** Adds so many milliseconds to everything that is sent, until `heal`. */
  clog(ms: number): void {
    this.#clogMs = ms;
  }

  /** How long what is sent now is under way. */
  drawDelayMs(): number {
    const { msMin, msMax } = this.#latency;
    const delayMs = this.#clogMs + this.#chance.between(msMin, msMax);
    return this.#chance.happens(slowShare) ? delayMs * slowFactor : delayMs;
  }

  /** Calls back when the link is not cut (any more). */
  whenWhole(callback: () => void): void {
    if (this.#isCut) this.#waiting.push(callback);
    else callback();
  }

  /** Calls `callback` at the other end, after the delay, and not while the link is cut. */
  transmit(callback: () => void): void {
    this.#scheduler.schedule(this.drawDelayMs(), () => this.whenWhole(callback));
  }
}
