/**
 * Gives away the leaderships that a move of replicas takes from this broker, each as soon as nothing else keeps its move from ending.
 *
 * It looks at every image. What cannot be given away is led on, and tried again after a while: a handover that does not succeed has kept
 * producers waiting, so it is not tried with each image. A broker that dies instead is replaced by an election.
 */

import { type ClusterImage, handoverCandidate, planMovedLeaders } from "@sluice/cluster";
import { type BrokerId, SluiceError, type Timer } from "@sluice/model";
import type { Leaderships } from "../controller/leaderships.js";

type MovedPartition = ReturnType<typeof planMovedLeaders>[number];

/** Before what failed is tried again, in milliseconds. */
const retryDelayMs = 5000;

export class MovedLeaders {
  readonly #brokerId: BrokerId;
  readonly #dependencies: Leaderships;
  /** Partitions that are being handed over, and those whose handover failed until it is tried again, by name. */
  readonly #busy = new Set<string>();
  /** The last image that was looked at, where it left nothing to do. */
  #settled: ClusterImage | undefined;
  #retryTimer: Timer | undefined;
  #failed: string[] = [];
  #isClosed = false;

  constructor(options: { readonly brokerId: BrokerId }, dependencies: Leaderships) {
    this.#brokerId = options.brokerId;
    this.#dependencies = dependencies;
  }

  /** Begins to give away what this image shows to be due. */
  apply(image: ClusterImage): void {
    if (this.#isClosed) return;
    const moved = planMovedLeaders(image, this.#brokerId, this.#settled);
    this.#settled = moved.length === 0 ? image : undefined;
    for (const partition of moved) {
      const name = `${partition.topicId}-${partition.partition}`;
      if (this.#busy.has(name)) continue;
      this.#busy.add(name);
      void this.#giveAway(partition, name);
    }
  }

  /** Begins nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#retryTimer?.cancel();
  }

  /** Never rejects. */
  async #giveAway(partition: MovedPartition, name: string): Promise<void> {
    try {
      await this.#handOver(partition);
      this.#busy.delete(name);
    } catch (error) {
      const { topicId, partition: number } = partition;
      this.#dependencies.logger.info({ err: error, topicId, partition: number }, "a leader that moves away leads on");
      this.#retryLater(name);
    }
  }

  async #handOver(partition: MovedPartition): Promise<void> {
    const { images, led, isReachable, handOver } = this.#dependencies;
    const { image } = images;
    const unreachable = new Set([...image.brokers.keys()].filter((id) => !isReachable(id)));
    const candidate = handoverCandidate(image, partition, unreachable);
    const handed = led(partition.topicId, partition.partition);
    if (handed !== undefined && candidate !== undefined) return handOver(handed, candidate);
    const topic = image.topicsById.get(partition.topicId)?.name ?? partition.topicId;
    throw new SluiceError("LEADER_NOT_AVAILABLE", { topic, partition: partition.partition });
  }

  #retryLater(name: string): void {
    this.#failed.push(name);
    if (this.#isClosed) return;
    this.#retryTimer ??= this.#dependencies.clock.setTimer(retryDelayMs, () => {
      this.#retryTimer = undefined;
      for (const failed of this.#failed.splice(0)) this.#busy.delete(failed);
      this.apply(this.#dependencies.images.image);
    });
  }
}
