/** Tells the log once a minute how many connections were refused, where there were any: each by itself would be another attack. */

import type { Clock, Timer } from "@sluice/model";
import type { Logger } from "./logging.js";

const intervalMs = 60_000;

export class RefusedConnectionsReport {
  readonly #connectionsMax: number;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #refusedCount: () => number;
  #reported = 0;
  #timer: Timer | undefined;

  constructor(
    options: { readonly connectionsMax: number },
    dependencies: { readonly clock: Clock; readonly logger: Logger; refusedCount(): number },
  ) {
    this.#connectionsMax = options.connectionsMax;
    this.#clock = dependencies.clock;
    this.#logger = dependencies.logger;
    this.#refusedCount = () => dependencies.refusedCount();
  }

  start(): void {
    this.#timer = this.#clock.setTimer(intervalMs, () => {
      this.#report();
      this.start();
    });
  }

  close(): void {
    this.#timer?.cancel();
  }

  #report(): void {
    const refused = this.#refusedCount() - this.#reported;
    if (refused === 0) return;
    this.#reported += refused;
    const connectionsMax = this.#connectionsMax;
    this.#logger.warn({ refused, connectionsMax }, "connections refused: there are as many as there may be");
  }
}
