/**
 * Takes replicas that have failed on this broker out of the cluster's reckoning, while the broker runs: the disk gave an error, or the
 * partition stopped for a defect.
 *
 * Such a replica leads and follows nothing before the next start. Where others have all that was committed, it leaves the in-sync and
 * the eligible replicas by compare-and-set, and the leadership with them, so that another one is elected and no leader waits for it.
 * Where nobody else has it, it keeps its place until somebody does: what can still be read is read here.
 */

import { type LossyReplica, planWithdrawals } from "@sluice/cluster";
import type { ClusterStore, ImageWatcher } from "@sluice/coordination";
import type { BrokerId, Clock, Timer } from "@sluice/model";
import type { Logger } from "../logging.js";

export interface ReplicaWithdrawalDependencies {
  readonly store: ClusterStore;
  readonly images: ImageWatcher;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Registration of this broker; undefined while it has none. */
  brokerEpoch(): number | undefined;
  /** Replicas here that have failed. */
  failed(): readonly LossyReplica[];
  /** The image was looked at, and nothing is left that can be withdrawn now. */
  onWithdrawn(): void;
}

/** Wait after an error of the store, in milliseconds. */
const retryDelayMs = 500;

export class ReplicaWithdrawal {
  readonly #brokerId: BrokerId;
  readonly #dependencies: ReplicaWithdrawalDependencies;
  readonly #closing = new AbortController();
  #unsubscribe: (() => void) | undefined;
  #retryTimer: Timer | undefined;
  /** A failure, or an image, has not been looked at yet. */
  #isAwake = false;
  #isRunning = false;

  constructor(options: { readonly brokerId: BrokerId }, dependencies: ReplicaWithdrawalDependencies) {
    this.#brokerId = options.brokerId;
    this.#dependencies = dependencies;
  }

  /** A replica here has failed. From the first on, every image is looked at. */
  replicaFailed(): void {
    if (this.#closing.signal.aborted) return;
    this.#unsubscribe ??= this.#dependencies.images.subscribe(() => this.#wake());
    this.#wake();
  }

  /** Nothing more is begun. What is under way may still be taken. */
  close(): void {
    this.#closing.abort();
    this.#unsubscribe?.();
    this.#retryTimer?.cancel();
  }

  #wake(): void {
    this.#isAwake = true;
    if (!this.#isRunning) void this.#run();
  }

  /** Never rejects. One at a time. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    // What fails in the same turn goes with the first.
    await Promise.resolve();
    while (this.#isAwake && !this.#closing.signal.aborted) {
      this.#isAwake = false;
      try {
        await this.#withdraw();
      } catch (error) {
        this.#retryLater(error);
      }
    }
    this.#isRunning = false;
  }

  async #withdraw(): Promise<void> {
    const { store, images, logger, brokerEpoch: epochNow } = this.#dependencies;
    const brokerEpoch = epochNow();
    if (brokerEpoch === undefined) return;
    const plans = planWithdrawals(images.image, { id: this.#brokerId, brokerEpoch }, this.#dependencies.failed());
    for (const { compares, operations, purpose } of plans) {
      const { succeeded, revision } = await store.transact(compares, operations);
      if (!succeeded) continue;
      logger.warn({ purpose, revision }, "replicas that have failed are out of sync");
      await images.waitFor((image) => image.revision >= revision, this.#closing.signal);
    }
    // What was refused, was changed meanwhile: the image with that change wakes it again.
    if (plans.length === 0) this.#dependencies.onWithdrawn();
  }

  #retryLater(error: unknown): void {
    if (this.#closing.signal.aborted) return;
    this.#dependencies.logger.warn({ err: error }, "replicas that have failed could not be withdrawn yet");
    this.#retryTimer?.cancel();
    this.#retryTimer = this.#dependencies.clock.setTimer(retryDelayMs, () => this.#wake());
  }
}
