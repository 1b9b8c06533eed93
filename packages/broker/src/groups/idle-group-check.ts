/**
 * Looks from time to time for groups that nobody uses any more, says beforehand that they will be forgotten, and has them forgotten.
 *
 * Whether a group's time is over is decided by the group, from what it wrote down: this only asks, some groups at a time, so that a
 * hundred thousand of them neither hold the broker up nor are all written about at once.
 */

import type { Clock, Timer } from "@sluice/model";
import type { Logger } from "../logging.js";
import type { GroupRuntime } from "./group-runtime.js";

export interface IdleGroupOptions {
  /** How long a group without members, and what it committed, is kept, in milliseconds. */
  readonly retentionMs: number;
  /** How often to look, in milliseconds. */
  readonly checkIntervalMs: number;
}

export interface IdleGroupCheckDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The groups that this broker coordinates and has read. */
  groups(): Iterable<GroupRuntime>;
}

/** Part of the retention time that is left when a group is warned of. */
const warnedPart = 0.1;
/** Groups that are asked in one go, and the pause after them. */
const sliceSize = 500;
const slicePauseMs = 20;

export class IdleGroupCheck {
  readonly #options: IdleGroupOptions;
  readonly #dependencies: IdleGroupCheckDependencies;
  /** Groups that were warned of, with the time since which they had been idle then. */
  readonly #warned = new WeakMap<GroupRuntime, number>();
  #timer: Timer | undefined;

  constructor(options: IdleGroupOptions, dependencies: IdleGroupCheckDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  start(): void {
    const { clock, groups } = this.#dependencies;
    this.#timer = clock.setTimer(this.#options.checkIntervalMs, () => this.#checkSome([...groups()]));
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #checkSome(groups: readonly GroupRuntime[]): void {
    for (const runtime of groups.slice(0, sliceSize)) this.#check(runtime);
    const rest = groups.slice(sliceSize);
    if (rest.length === 0) this.start();
    else this.#timer = this.#dependencies.clock.setTimer(slicePauseMs, () => this.#checkSome(rest));
  }

  #check(runtime: GroupRuntime): void {
    this.#maybeWarn(runtime);
    runtime.checkIdle(this.#options.retentionMs);
  }

  /** Reading everything again because offsets are gone is a surprise that nobody wants: said once, while something can be done. */
  #maybeWarn(runtime: GroupRuntime): void {
    const { clock, logger } = this.#dependencies;
    const { group, view } = runtime;
    const { idleSinceMs } = view;
    if (idleSinceMs === undefined || this.#warned.get(runtime) === idleSinceMs) return;
    const { retentionMs } = this.#options;
    const expiresAtMs = idleSinceMs + retentionMs;
    const leftMs = expiresAtMs - clock.nowMs();
    if (leftMs <= 0 || leftMs > retentionMs * warnedPart || view.offsets.length === 0) return;
    this.#warned.set(runtime, idleSinceMs);
    logger.warn(
      { group, idleSinceMs, expiresAtMs, leftMs },
      "committed offsets of an idle group will soon be forgotten",
    );
  }
}
