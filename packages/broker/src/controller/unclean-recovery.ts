/**
 * Gives leaders to partitions all of whose in-sync and eligible replicas may have lost records: more crashes with loss than the
 * guarantee covers.
 *
 * All replicas are asked what they have; when every one of them has answered or, after a wait, those that were eligible last, the one with
 * the most leads. What may be lost is logged as an error: an operator has to know. Runs on the controller, beside its other work, since
 * brokers that are asked may not answer.
 */

import {
  type ClusterImage,
  needsUncleanRecovery,
  type PartitionImage,
  PartitionWriteBatches,
  planUncleanRecovery,
  type TopicImage,
  termStands,
  topicsToLookAt,
} from "@sluice/cluster";
import type { ClusterStore, ImageWatcher } from "@sluice/coordination";
import type { BrokerId, Clock, Timer } from "@sluice/model";
import type { ReplicaAnswer } from "../cluster/replica-inquiry.js";
import type { Logger } from "../logging.js";
import type { ReplicaName } from "../replication/replica-access.js";

export interface UncleanRecoveryOptions {
  /** How long to wait for all replicas, before those that were eligible last are enough. */
  readonly waitMsMax: number;
}

export interface UncleanRecoveryDependencies {
  readonly store: ClusterStore;
  readonly images: ImageWatcher;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What each of these brokers has. Who does not answer is left out. */
  inquire(wanted: ReadonlyMap<BrokerId, readonly ReplicaName[]>): Promise<readonly ReplicaAnswer[]>;
}

interface LeaderlessPartition {
  readonly topic: TopicImage;
  readonly partition: PartitionImage;
}

/** Between two rounds of asking, in milliseconds. */
const roundDelayMs = 1000;

export class UncleanRecovery {
  readonly #options: UncleanRecoveryOptions;
  readonly #dependencies: UncleanRecoveryDependencies;
  /** When each was first seen as it is, on the monotonic clock; by topic id and number. */
  #sinceMs = new Map<string, number>();
  /** Term of the controller on this broker; undefined: it is not the controller. */
  #controllerEpoch: number | undefined;
  /** The last image in which every partition had a leader, or somebody to be elected. */
  #settled: ClusterImage | undefined;
  #timer: Timer | undefined;
  #round: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: UncleanRecoveryOptions, dependencies: UncleanRecoveryDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /** To be called with every image of the controller. Returns at once. */
  observe(image: ClusterImage, controllerEpoch: number): void {
    this.#controllerEpoch = controllerEpoch;
    if (leaderless(image, this.#settled).next().done === true) this.#settled = image;
    else this.#startRound();
  }

  /** Resolves when nothing is asked or written any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#round;
  }

  #startRound(): void {
    if (this.#isClosed || this.#round !== undefined || this.#timer !== undefined) return;
    this.#round = this.#recover().finally(() => {
      this.#round = undefined;
      if (this.#isClosed || this.#sinceMs.size === 0) return;
      this.#timer = this.#dependencies.clock.setTimer(roundDelayMs, () => {
        this.#timer = undefined;
        this.#startRound();
      });
    });
  }

  /** Never rejects. */
  async #recover(): Promise<void> {
    const { images, inquire, logger } = this.#dependencies;
    const found = [...leaderless(images.image)];
    this.#seen(found);
    if (found.length === 0) return;
    try {
      const answers = await inquire(replicasOf(found, images.image));
      await this.#elect(found, answers);
    } catch (error) {
      logger.warn({ err: error }, "partitions without a leader could not be recovered yet");
    }
  }

  #seen(found: readonly LeaderlessPartition[]): void {
    const nowMs = this.#dependencies.clock.monotonicMs();
    this.#sinceMs = new Map(
      found.map(({ partition }) => [keyOf(partition), this.#sinceMs.get(keyOf(partition)) ?? nowMs]),
    );
  }

  async #elect(found: readonly LeaderlessPartition[], answers: readonly ReplicaAnswer[]): Promise<void> {
    const { images, store, logger } = this.#dependencies;
    const { image } = images;
    const controllerEpoch = this.#controllerEpoch;
    if (controllerEpoch === undefined || image.controller?.controllerEpoch !== controllerEpoch) return;
    const elections = new PartitionWriteBatches({ what: "recovering", compares: [termStands(controllerEpoch)] });
    for (const { topic, partition } of found) {
      const reports = answers.filter((answer) => keyOf(answer) === keyOf(partition));
      const options = { reports, isWaitOver: this.#isWaitOver(partition) };
      const write = planUncleanRecovery(image, { topic, partition }, options);
      if (write === undefined) continue;
      elections.add(write);
      const chosen = { topic: topic.name, partition: partition.partition, leader: write.value.leader, reports };
      logger.error(chosen, "all replicas may have lost records: the one that has most is to lead");
    }
    for (const { compares, operations, purpose } of elections.finish()) {
      const { succeeded, revision } = await store.transact(compares, operations);
      logger.info({ purpose, revision, succeeded }, "recovery of partitions written");
    }
  }

  #isWaitOver(partition: PartitionImage): boolean {
    const nowMs = this.#dependencies.clock.monotonicMs();
    return nowMs - (this.#sinceMs.get(keyOf(partition)) ?? nowMs) >= this.#options.waitMsMax;
  }
}

/** @param settled an earlier image that has none of them; undefined: all topics are looked at */
function* leaderless(image: ClusterImage, settled?: ClusterImage): Generator<LeaderlessPartition> {
  for (const topic of topicsToLookAt(image, settled)) {
    for (const partition of topic.partitions) if (needsUncleanRecovery(partition)) yield { topic, partition };
  }
}

/** By broker that takes part, what to ask it for. */
function replicasOf(found: readonly LeaderlessPartition[], image: ClusterImage): Map<BrokerId, ReplicaName[]> {
  const wanted = new Map<BrokerId, ReplicaName[]>();
  for (const [id, { isActive }] of image.brokers) {
    const names = found.map(({ partition }) => partition).filter(({ replicas }) => replicas.includes(id));
    if (isActive && names.length > 0) wanted.set(id, names);
  }
  return wanted;
}

function keyOf({ topicId, partition }: ReplicaName): string {
  return `${topicId}/${partition}`;
}
