/**
 * Brings leaderships back to the preferred leaders: now and then this broker hands over what it leads and another one is preferred for,
 * where that one is in sync. What does not succeed is tried again the next time.
 */

import { planPreferredLeaders } from "@sluice/cluster";
import type { ImageWatcher } from "@sluice/coordination";
import type { BrokerId, Clock, Timer, TopicId } from "@sluice/model";
import type { Logger } from "../logging.js";
import type { HandedPartition } from "./leader-handover.js";

export interface LeaderBalanceOptions {
  readonly brokerId: BrokerId;
  /** 0: never. */
  readonly intervalMs: number;
}

export interface LeaderBalanceDependencies {
  readonly images: ImageWatcher;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Undefined: this broker does not lead it. */
  led(topicId: TopicId, partition: number): HandedPartition | undefined;
  isReachable(broker: BrokerId): boolean;
  handOver(handed: HandedPartition, candidate: BrokerId): Promise<void>;
}

export class LeaderBalance {
  readonly #options: LeaderBalanceOptions;
  readonly #dependencies: LeaderBalanceDependencies;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: LeaderBalanceOptions, dependencies: LeaderBalanceDependencies) {
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
