/**
 * Records now and then what a restart wants to know of the logs of a directory: how far they are durable, and how far they are
 * known committed. Nothing depends on when: both files say less than is true, and never more.
 */

import type { Clock, Timer } from "@sluice/model";
import type { HighWatermarkCheckpoint } from "./high-watermark-checkpoint.js";

const recoveryPointIntervalMs = 60_000;
const highWatermarkIntervalMs = 5_000;

/** A log, as far as it is recorded here. */
export interface CheckpointedLog {
  readonly highWatermark: number;
  /** @throws what takes the log offline, which its owner is told of */
  saveRecoveryPoint(): Promise<void>;
}

export interface DirectoryCheckpointsDependencies {
  readonly clock: Clock;
  readonly highWatermarks: HighWatermarkCheckpoint;
  /** Open logs by the name of their directory. */
  readonly logs: ReadonlyMap<string, CheckpointedLog>;
  /** Runs what writes in the directory. Never rejects: an error of the disk takes the directory offline. */
  guarded(work: () => Promise<void>): Promise<void>;
}

export class DirectoryCheckpoints {
  readonly #dependencies: DirectoryCheckpointsDependencies;
  readonly #timers = new Set<Timer>();
  #saving: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(dependencies: DirectoryCheckpointsDependencies) {
    this.#dependencies = dependencies;
  }

  start(): void {
    this.#repeat(recoveryPointIntervalMs, () => this.#saveRecoveryPoints());
    this.#repeat(highWatermarkIntervalMs, () => this.saveHighWatermarks());
  }

  /** Records the high watermarks of open logs, and forgets nothing of those that were closed. Never rejects. */
  saveHighWatermarks(): Promise<void> {
    const { logs, highWatermarks, guarded } = this.#dependencies;
    for (const [name, { highWatermark }] of logs) highWatermarks.note(name, highWatermark);
    return guarded(() => highWatermarks.save());
  }

  /** Stops the timers, and resolves when nothing is being recorded. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers) timer.cancel();
    await this.#saving;
  }

  #repeat(intervalMs: number, save: () => Promise<unknown>): void {
    const timer = this.#dependencies.clock.setTimer(intervalMs, () => {
      this.#timers.delete(timer);
      const saving = save();
      this.#saving = Promise.all([this.#saving, saving]);
      void saving.then(() => {
        if (!this.#isClosed) this.#repeat(intervalMs, save);
      });
    });
    this.#timers.add(timer);
  }

  #saveRecoveryPoints(): Promise<unknown> {
    // A failure takes its log offline and is told to the log's owner: there is nobody else to tell.
    return Promise.allSettled([...this.#dependencies.logs.values()].map((log) => log.saveRecoveryPoint()));
  }
}
