/**
 * Group commit of a data directory: syncs go in rounds, one round at a time, and the next round covers everything that was
 * asked for meanwhile. Files of one round are synced side by side, so that they share the commit of the file system's journal.
 *
 * An error is told to who asked for that file. Nothing is synced a second time because it failed (P38).
 */

/** A file that can be made durable. */
export interface Flushable {
  syncData(): Promise<void>;
}

interface QueuedSync {
  readonly done: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
}

export class DirectoryFlusher {
  #queued = new Map<Flushable, QueuedSync>();
  #isRunning = false;

  /** Resolves when everything that was written to `file` before the call survives a power loss. */
  sync(file: Flushable): Promise<void> {
    const waiting = this.#queued.get(file);
    if (waiting !== undefined) return waiting.done;
    const queued = newQueuedSync();
    this.#queued.set(file, queued);
    if (!this.#isRunning) void this.#runRounds();
    return queued.done;
  }

  async #runRounds(): Promise<void> {
    this.#isRunning = true;
    while (this.#queued.size > 0) {
      const round = this.#queued;
      this.#queued = new Map();
      await Promise.all([...round].map(([file, sync]) => file.syncData().then(sync.resolve, sync.reject)));
    }
    this.#isRunning = false;
  }
}

function newQueuedSync(): QueuedSync {
  let settle: Omit<QueuedSync, "done"> | undefined;
  const done = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { done, ...(settle as Omit<QueuedSync, "done">) };
}
