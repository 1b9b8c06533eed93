/**
 * A program that `sluice dev --processes` runs: its output goes to a file, and a signal to this process does not reach it, so that it is
 * stopped in its turn and not by Ctrl-C.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where its standard error goes, and its standard output where `hasAnswers` is not set. Appended to. */
  readonly logPath: string;
  /** What it writes to standard output is read, with `firstLine`. */
  readonly hasAnswers: boolean;
}

export class Child {
  readonly logPath: string;
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;
  #hasExited = false;

  private constructor(process: ChildProcess, logPath: string) {
    this.logPath = logPath;
    this.#process = process;
    this.#exited = new Promise((resolve) => {
      process.once("exit", () => {
        this.#hasExited = true;
        resolve();
      });
    });
  }

  /** Starts it. @throws errors of the file system, and where there is no such program */
  static async start({ command, args, env, logPath, hasAnswers }: ChildOptions): Promise<Child> {
    const log: FileHandle = await open(logPath, "a");
    try {
      const stdout = hasAnswers ? "pipe" : log.fd;
      const process = spawn(command, [...args], { stdio: ["ignore", stdout, log.fd], env: { ...env }, detached: true });
      const child = new Child(process, logPath);
      await once(process, "spawn");
      return child;
    } finally {
      await log.close();
    }
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get hasExited(): boolean {
    return this.#hasExited;
  }

  /** Resolves when it has ended, for whatever reason. */
  get exited(): Promise<void> {
    return this.#exited;
  }

  /** The first line that it writes to standard output; undefined: it ended before. */
  async firstLine(): Promise<string | undefined> {
    let text = "";
    for await (const chunk of this.#process.stdout ?? []) {
      text += String(chunk);
      const end = text.indexOf("\n");
      if (end >= 0) return text.slice(0, end);
    }
    return undefined;
  }

  /** Asks it to stop, and waits for at most so long; then it is ended. */
  async stop(timeoutMs: number): Promise<void> {
    if (this.#hasExited) return;
    this.#process.kill("SIGTERM");
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), timeoutMs);
    await this.#exited;
    clearTimeout(timer);
  }
}
