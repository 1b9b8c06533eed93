/**
 * The second phase of a delete: files that were renamed to `.deleted` are unlinked after a while, so that who still reads them
 * by name can finish. What is not unlinked when the process ends, the next open of its partition unlinks.
 */

import type { Clock, FileSystem, Timer } from "@sluice/model";
import { removeIfThere } from "./checkpoint-file.js";

export class DeferredRemoval {
  readonly #fileSystem: FileSystem;
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #waiting = new Map<Timer, readonly string[]>();
  #removing: Promise<void> = Promise.resolve();

  constructor(dependencies: {
    readonly fileSystem: FileSystem;
    readonly clock: Clock;
    /** A file could not be unlinked. */
    readonly onError: (error: unknown) => void;
  }) {
    this.#fileSystem = dependencies.fileSystem;
    this.#clock = dependencies.clock;
    this.#onError = dependencies.onError;
  }

  /** Unlinks `paths` after `delayMs`. */
  schedule(paths: readonly string[], delayMs: number): void {
    if (paths.length === 0) return;
    const timer = this.#clock.setTimer(delayMs, () => {
      this.#waiting.delete(timer);
      this.#remove(paths);
    });
    this.#waiting.set(timer, paths);
  }

  /** Unlinks everything that waits, now: somebody needs the room. Resolves when it is done. */
  removeNow(): Promise<void> {
    for (const [timer, paths] of this.#waiting) {
      timer.cancel();
      this.#remove(paths);
    }
    this.#waiting.clear();
    return this.#removing;
  }

  /** One removal after the other; never rejects. */
  #remove(paths: readonly string[]): void {
    this.#removing = this.#removing.then(async () => {
      try {
        for (const path of paths) await removeIfThere(this.#fileSystem, path);
      } catch (error) {
        this.#onError(error);
      }
    });
  }
}
