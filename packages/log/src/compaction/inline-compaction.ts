/** Compaction in the calling thread: for tests and the simulator, whose disk and clock live there. */

import { type Clock, type FileSystem, SluiceError } from "@sluice/model";
import { compactSegments } from "./clean-segments.js";
import type { CompactionJob, CompactionResult, CompactionRunner } from "./compaction-job.js";
import { RateLimiter } from "./rate-limiter.js";

export class InlineCompaction implements CompactionRunner {
  readonly #dependencies: { readonly fileSystem: FileSystem; readonly clock: Clock };
  readonly #closing = new AbortController();
  #last: Promise<unknown> = Promise.resolve();

  constructor(dependencies: { readonly fileSystem: FileSystem; readonly clock: Clock }) {
    this.#dependencies = dependencies;
  }

  run(job: CompactionJob, signal?: AbortSignal): Promise<CompactionResult> {
    const begin = (): Promise<CompactionResult> => this.#run(job, signal);
    const running = this.#last.then(begin, begin);
    this.#last = running;
    // Whoever runs the job gets the error; the next one only waits.
    running.catch(() => undefined);
    return running;
  }

  async close(): Promise<void> {
    this.#closing.abort(new SluiceError("CLOSED", { subject: "Compaction" }));
    await this.#last.catch(() => undefined);
  }

  #run(job: CompactionJob, signal: AbortSignal | undefined): Promise<CompactionResult> {
    const { fileSystem, clock } = this.#dependencies;
    const either = signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
    return compactSegments(job, { fileSystem, limiter: new RateLimiter(clock, job.bytesPerSecMax) }, either);
  }
}
