/** A process that a benchmark starts, talks to and stops: the parent's side of child-messages.ts. */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ChildMessage, ProcessCost } from "./child-messages.js";

type MessageOf<Type extends ChildMessage["type"]> = Extract<ChildMessage, { type: Type }>;

export class Child {
  readonly #process: ChildProcess;
  /** Messages that nobody waited for yet, in order. */
  readonly #received: ChildMessage[] = [];
  #onChange: (() => void) | undefined;
  #exit: string | undefined;

  /** Starts the compiled module at `url` with these arguments. */
  constructor(url: URL, args: readonly (string | number)[]) {
    this.#process = fork(fileURLToPath(url), args.map(String), { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    this.#process.on("message", (message) => {
      this.#received.push(message as ChildMessage);
      this.#onChange?.();
    });
    this.#process.on("exit", (code, signal) => {
      this.#exit = signal ?? `code ${code}`;
      this.#onChange?.();
    });
  }

  /** The next message of that type. @throws when the process ends before it came. */
  async next<Type extends ChildMessage["type"]>(type: Type): Promise<MessageOf<Type>> {
    for (;;) {
      const index = this.#received.findIndex((message) => message.type === type);
      if (index >= 0) return this.#received.splice(index, 1)[0] as MessageOf<Type>;
      if (this.#exit !== undefined)
        throw new Error(`${this.#process.spawnfile} ended (${this.#exit}) before '${type}'`);
      await new Promise<void>((resolve) => {
        this.#onChange = resolve;
      });
    }
  }

  /** Asks it to stop, and resolves with what it cost once it is gone. */
  async stop(): Promise<ProcessCost> {
    const gone = this.ended();
    this.#process.send("stop");
    const { cost } = await this.next("stopped");
    await gone;
    return cost;
  }

  /** Resolves when it is gone. */
  async ended(): Promise<void> {
    if (this.#exit === undefined) await once(this.#process, "exit");
  }

  /** Ends it at once where it still runs: for the way out after a failure. */
  kill(): void {
    if (this.#exit === undefined) this.#process.kill("SIGKILL");
  }
}
