/** One etcd, from PATH, in a temporary directory, for as long as a benchmark runs. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { freePort } from "./free-port.js";

const startMsMax = 20_000;
const pageBytes = 4096;

export class EtcdProcess implements AsyncDisposable {
  readonly endpoint: string;
  readonly #process: ChildProcess;
  readonly #directory: string;
  /** This program ends before it was stopped: etcd must not go on alone. */
  readonly #onExit = (): void => {
    this.#process.kill("SIGKILL");
    rmSync(this.#directory, { recursive: true, force: true });
  };

  private constructor(child: ChildProcess, directory: string, endpoint: string) {
    this.#process = child;
    this.#directory = directory;
    this.endpoint = endpoint;
    process.once("exit", this.#onExit);
  }

  /** @throws where there is no etcd on PATH, or it does not get ready */
  static async start(): Promise<EtcdProcess> {
    const directory = await mkdtemp(join(tmpdir(), "sluice-bench-etcd-"));
    const client = `http://127.0.0.1:${await freePort()}`;
    const peer = `http://127.0.0.1:${await freePort()}`;
    const addresses = ["--listen-client-urls", client, "--advertise-client-urls", client];
    const peers = ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer];
    const args = ["--data-dir", directory, "--log-level", "error", ...addresses, ...peers];
    const child = spawn("etcd", [...args, "--initial-cluster", `default=${peer}`], { stdio: "ignore" });
    const failed = new Promise<never>((_, reject) => {
      child.once("error", (error) => reject(new Error(`etcd could not be started: ${error.message}`)));
      child.once("exit", (code) => reject(new Error(`etcd ended with ${code} before it was ready`)));
    });
    failed.catch(() => undefined); // Later it may end as it likes.
    const etcd = new EtcdProcess(child, directory, client);
    try {
      await Promise.race([isHealthy(client), failed]);
    } catch (error) {
      await etcd[Symbol.asyncDispose]();
      throw error;
    }
    return etcd;
  }

  /** Memory of the process. */
  async residentBytes(): Promise<number> {
    const pages = (await readFile(`/proc/${this.#process.pid}/statm`, "utf8")).split(" ")[1];
    return Number(pages) * pageBytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off("exit", this.#onExit);
    if (this.#process.exitCode === null && this.#process.pid !== undefined) {
      const exited = once(this.#process, "exit");
      this.#process.kill("SIGTERM");
      await exited;
    }
    await rm(this.#directory, { recursive: true, force: true });
  }
}

async function isHealthy(endpoint: string): Promise<void> {
  for (const untilMs = performance.now() + startMsMax; performance.now() < untilMs; await setTimeout(50)) {
    const response = await fetch(`${endpoint}/health`).catch(() => undefined);
    if (response?.ok && ((await response.json()) as { health: string }).health === "true") return;
  }
  throw new Error(`etcd at ${endpoint} is not healthy after ${startMsMax} ms`);
}
