/**
 * Brings leaderships back to the preferred leaders: now and then this broker hands over what it leads and another one is preferred for,
 * where that one is in sync. What does not succeed is tried again the next time.
 */

import { planPreferredLeaders } from "@sluice/cluster";
import type { BrokerId, Timer } from "@sluice/model";
import type { Leaderships } from "./leaderships.js";

export interface LeaderBalanceOptions {
  readonly brokerId: BrokerId;
  /** 0: never. */
  readonly intervalMs: number;
}

export class LeaderBalance {
  readonly #options: LeaderBalanceOptions;
  readonly #dependencies: Leaderships;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: LeaderBalanceOptions, dependencies: Leaderships) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  start(): void {
    const { intervalMs } = this.#options;
    if (this.#isClosed || intervalMs === 0) return;
    this.#timer = this.#dependencies.clock.setTimer(intervalMs, () => {
      void this.#balance().then(() => this.start());
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  /** Never rejects. */
  async #balance(): Promise<void> {
    const { images, logger, led, isReachable, handOver } = this.#dependencies;
    const wanted = planPreferredLeaders(images.image, this.#options.brokerId);
    const handovers = wanted.flatMap(({ topic, partition, candidate }) => {
      const handed = led(topic.id, partition.partition);
      return handed === undefined || !isReachable(candidate) ? [] : [handOver(handed, candidate)];
    });
    const failed = (await Promise.allSettled(handovers)).find(({ status }) => status === "rejected");
    if (failed?.status === "rejected")
      logger.info({ err: failed.reason }, "a preferred leader could not take over yet");
  }
}
