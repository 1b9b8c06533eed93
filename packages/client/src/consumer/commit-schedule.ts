/**
 * Automatic commits: by time, and by how many messages are processed and not committed.
 *
 * One at a time. While partitions are being given up there is none: they are committed once, at the end of that, and an
 * automatic commit in between would only keep the group from settling. A commit that fails is tried again with the next.
 */

import { isSluiceError, type SluiceError, type Timer } from "@sluice/model";
import type { ClientDependencies } from "../client-dependencies.js";
import type { CommitSettings } from "./consumer-options.js";
import type { FetchedPartition } from "./fetched-partition.js";

export interface CommitScheduleDependencies extends Pick<ClientDependencies, "clock" | "logger"> {
  /** Commits all that is processed. */
  readonly commit: () => Promise<void>;
  /** True: partitions are being given up. */
  readonly isRevoking: () => boolean;
  /** The consumer cannot go on. */
  readonly onFailed: (error: SluiceError) => void;
}

export class CommitSchedule {
  readonly #settings: CommitSettings;
  readonly #dependencies: CommitScheduleDependencies;
  #timer: Timer | undefined;
  #processed = 0;
  #isCommitting = false;
  #isStopped = true;

  constructor(settings: CommitSettings, dependencies: CommitScheduleDependencies) {
    this.#settings = settings;
    this.#dependencies = dependencies;
  }

  start(): void {
    if (!this.#settings.autoCommit) return;
    this.#isStopped = false;
    this.#later();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** From now on the partition counts. */
  watch(partition: FetchedPartition): void {
    const threshold = this.#settings.autoCommitThreshold;
    if (!this.#settings.autoCommit || threshold === undefined) return;
    partition.onProcessed = (count) => {
      this.#processed += Math.max(0, count);
      if (this.#processed >= threshold) this.#commit();
    };
  }

  #later(): void {
    const intervalMs = this.#settings.autoCommitIntervalMs;
    if (intervalMs === undefined || this.#isStopped) return;
    this.#timer = this.#dependencies.clock.setTimer(intervalMs, () => {
      this.#timer = undefined;
      this.#commit();
      this.#later();
    });
  }

  #commit(): void {
    if (this.#isStopped || this.#isCommitting || this.#dependencies.isRevoking()) return;
    this.#isCommitting = true;
    this.#processed = 0;
    this.#dependencies
      .commit()
      .catch((error: unknown) => {
        if (isSluiceError(error, "GROUP_NOT_EMPTY")) this.#dependencies.onFailed(error);
        else this.#dependencies.logger.warn({ error }, "automatic commit failed, will be tried again");
      })
      .finally(() => {
        this.#isCommitting = false;
      });
  }
}
