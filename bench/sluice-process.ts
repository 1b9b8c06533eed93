/** A `sluice` program that a benchmark starts as a process of its own, and what it costs while it runs. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Seconds of processor time and bytes of memory of a process, as its metrics say. */
export interface ProcessUse {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
}

/** The repository, seen from bench/dist. */
export const repositoryRoot = fileURLToPath(new URL("../../", import.meta.url));
export const sluiceBin = join(repositoryRoot, "packages/cli/bin/sluice.js");

interface DataDirectory {
  readonly directory: string;
  /** It stays when the process is stopped. */
  readonly isKept: boolean;
}

export class SluiceProcess implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #data: DataDirectory;
  /** This program ends before it was stopped: it must not go on alone. */
  readonly #onExit = (): void => {
    this.signal("SIGKILL");
    if (!this.#data.isKept) rmSync(this.#data.directory, { recursive: true, force: true });
  };
  /** Its output is closed: what it started itself, as npm does, is gone too. */
  readonly #closed: Promise<unknown>;
  /** The JSON line that it printed when it was ready. */
  readonly ready: unknown;
  /** Milliseconds from its start to that line. */
  readonly readyMs: number;

  private constructor(child: ChildProcess, data: DataDirectory, ready: unknown, readyMs: number) {
    this.#process = child;
    this.#closed = once(child, "close");
    process.once("exit", this.#onExit);
    this.#data = data;
    this.ready = ready;
    this.readyMs = readyMs;
  }

  /** Process id of the command that was started. */
  get pid(): number {
    return this.#process.pid as number;
  }

  /**
   * Starts a command and waits for its first line. `{data}` in an argument is a directory: a temporary one, or `kept`, which
   * stays when the process is stopped.
   */
  static async start(command: string, args: readonly string[], kept?: string): Promise<SluiceProcess> {
    const directory = kept ?? (await mkdtemp(join(tmpdir(), "sluice-bench-")));
    const given = args.map((arg) => arg.replace("{data}", directory));
    const startedMs = performance.now();
    // A process group of its own: npm does not hand a signal on to what it started.
    const stdio = ["ignore", "pipe", "inherit"] as const;
    const child = spawn(command, given, { cwd: repositoryRoot, stdio: [...stdio], detached: true });
    const lines = createInterface({ input: child.stdout });
    const ended = once(child, "exit").then(([code, signal]) => {
      throw new Error(`${command} ${given.join(" ")} ended with ${code ?? signal} before it was ready`);
    });
    ended.catch(() => undefined); // Later it may end as it likes.
    const jsonLine = (async () => {
      for await (const line of lines) if (line.startsWith("{")) return JSON.parse(line) as unknown;
      return await ended;
    })();
    const ready = await Promise.race([jsonLine, ended]);
    const readyMs = performance.now() - startedMs;
    return new SluiceProcess(child, { directory, isKept: kept !== undefined }, ready, readyMs);
  }

  /** Ends it with SIGTERM, and removes its data unless they are to be kept. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.end("SIGTERM");
  }

  /** The same with that signal. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    process.off("exit", this.#onExit);
    this.signal(signal);
    await this.#closed;
    if (!this.#data.isKept) await rm(this.#data.directory, { recursive: true, force: true });
  }

  /** Sends a signal, and waits for nothing. */
  signal(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#process;
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, signal);
  }
}

/** What a broker's process has used up to now. */
export async function processUse(httpPort: number): Promise<ProcessUse> {
  const text = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
  const value = (name: string): number => {
    const line = text.split("\n").find((each) => each.startsWith(`${name} `) || each.startsWith(`${name}{`));
    if (line === undefined) throw new Error(`the broker has no metric ${name}`);
    return Number(line.slice(line.lastIndexOf(" ") + 1));
  };
  return { cpuSeconds: value("process_cpu_seconds_total"), rssBytes: value("process_resident_memory_bytes") };
}
