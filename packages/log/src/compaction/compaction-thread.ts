/**
 * Compaction in a thread of its own, so that decompressing and comparing keys takes no time from the event loop that serves.
 *
 * One thread, started with the first job, that keeps no process alive and ends with `close`. A thread that dies takes only the
 * job under way with it: the next one gets a new thread. The file operations of both threads share libuv's pool; a job has one
 * under way at a time.
 *
 * The thread always runs the built package, also where the sources themselves run: a thread has no loader for TypeScript.
 */

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { SluiceError } from "@sluice/model";
import type { CompactionJob, CompactionResult, CompactionRunner } from "./compaction-job.js";
import { type CompactionReply, type CompactionRequest, errorFromMessage } from "./compaction-messages.js";

interface Pending {
  resolve(result: CompactionResult): void;
  reject(error: Error): void;
}

export class CompactionThread implements CompactionRunner {
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #nextId = 1;
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  run(job: CompactionJob, signal?: AbortSignal): Promise<CompactionResult> {
    const begin = (): Promise<CompactionResult> => this.#run(job, signal);
    const running = this.#last.then(begin, begin);
    this.#last = running;
    // Whoever runs the job gets the error; the next one only waits.
    running.catch(() => undefined);
    return running;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const id of this.#pending.keys()) this.#post({ type: "abort", id });
    // The job removes its files before it ends.
    await this.#last.catch(() => undefined);
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  async #run(job: CompactionJob, signal: AbortSignal | undefined): Promise<CompactionResult> {
    signal?.throwIfAborted();
    if (this.#isClosed) throw closed();
    const id = this.#nextId++;
    const abort = (): void => this.#post({ type: "abort", id });
    signal?.addEventListener("abort", abort, { once: true });
    try {
      return await new Promise<CompactionResult>((resolve, reject) => {
        this.#pending.set(id, { resolve, reject });
        this.#worker ??= this.#start();
        this.#post({ type: "run", id, job });
      });
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      throw this.#isClosed ? closed() : error;
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#pending.delete(id);
    }
  }

  #post(request: CompactionRequest): void {
    this.#worker?.postMessage(request);
  }

  #start(): Worker {
    const path = createRequire(import.meta.url).resolve("@sluice/log/compaction-worker");
    // No flags of the process: a condition of exports among them would lead the thread to the sources.
    const worker = new Worker(pathToFileURL(path), { name: "compaction", execArgv: [] });
    worker.on("message", (reply: CompactionReply) => {
      const pending = this.#pending.get(reply.id);
      if (reply.type === "done") pending?.resolve(reply.result);
      else pending?.reject(errorFromMessage(reply.error));
    });
    worker.on("error", (error) => this.#onEnd(worker, error.message));
    worker.on("exit", (code) => this.#onEnd(worker, `it ended with ${code}`));
    worker.unref();
    return worker;
  }

  #onEnd(worker: Worker, reason: string): void {
    if (this.#worker === worker) this.#worker = undefined;
    const error = new SluiceError("INTERNAL", { reason: `the compaction thread failed: ${reason}` });
    for (const pending of this.#pending.values()) pending.reject(error);
  }
}

function closed(): SluiceError {
  return new SluiceError("CLOSED", { subject: "Compaction" });
}
