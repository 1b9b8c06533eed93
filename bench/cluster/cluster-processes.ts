/** Three brokers and an etcd as processes of their own, on one machine: what a user deploys. A broker can be ended and started again. */

import { mkdtemp, readdir, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ProcessUse, processUse, SluiceProcess, sluiceBin } from "../sluice-process.js";
import { EtcdProcess } from "./etcd-process.js";
import { freePort } from "./free-port.js";

/** Brokers of a cluster. */
export const brokerCount = 3;

export class ClusterBroker {
  readonly id: number;
  readonly port: number;
  /** Where its data are. */
  readonly dataDirectory: string;
  readonly #etcdEndpoint: string;
  readonly #flags: readonly string[];
  #process: SluiceProcess | undefined;

  constructor(
    id: number,
    port: number,
    options: { readonly etcdEndpoint: string; readonly directory: string; readonly flags: readonly string[] },
  ) {
    this.id = id;
    this.port = port;
    this.dataDirectory = join(options.directory, String(id));
    this.#etcdEndpoint = options.etcdEndpoint;
    this.#flags = options.flags;
  }

  /** Starts it, on its port and on the data that it has. */
  async start(): Promise<void> {
    const flags = ["--broker-id", String(this.id), "--port", String(this.port), "--http-port", "0"];
    const cluster = ["--etcd-endpoints", this.#etcdEndpoint, "--group-offsets-brokers-min", String(brokerCount)];
    const data = ["--data-directory", "{data}", "--log-level", "error"];
    const args = [sluiceBin, "broker", ...data, ...flags, ...cluster, ...this.#flags];
    this.#process = await SluiceProcess.start(process.execPath, args, this.dataDirectory);
  }

  /** Ends it, and waits until it is gone. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    await this.#process?.end(signal);
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#process?.signal(signal);
  }

  /** What it has used up to now. Only while it runs. */
  async use(): Promise<ProcessUse> {
    if (this.#process === undefined) throw new Error(`broker ${this.id} was not started`);
    return processUse((this.#process.ready as { readonly httpPort: number }).httpPort);
  }

  /** Its open sockets. Only while it runs, and on Linux. */
  async connections(): Promise<number> {
    const descriptors = `/proc/${this.#process?.pid}/fd`;
    const names = await readdir(descriptors);
    // One that was closed meanwhile is no socket.
    const targets = await Promise.all(names.map((name) => readlink(join(descriptors, name)).catch(() => "")));
    return targets.filter((target) => target.startsWith("socket:")).length;
  }
}

export class ClusterProcesses implements AsyncDisposable {
  readonly brokers: readonly ClusterBroker[];
  readonly #etcd: EtcdProcess;
  readonly #directory: string;

  private constructor(etcd: EtcdProcess, directory: string, brokers: readonly ClusterBroker[]) {
    this.#etcd = etcd;
    this.#directory = directory;
    this.brokers = brokers;
  }

  /**
   * Starts etcd from PATH and the brokers; resolves when all are ready.
   * @param flags of `sluice broker`, for all of them
   */
  static async start(flags: readonly string[] = []): Promise<ClusterProcesses> {
    const etcd = await EtcdProcess.start();
    const directory = await mkdtemp(join(tmpdir(), "sluice-bench-cluster-"));
    const brokers: ClusterBroker[] = [];
    for (let id = 1; id <= brokerCount; id += 1) {
      brokers.push(new ClusterBroker(id, await freePort(), { etcdEndpoint: etcd.endpoint, directory, flags }));
    }
    const cluster = new ClusterProcesses(etcd, directory, brokers);
    // All of them, so that none is still starting when the others are ended.
    const starts = await Promise.allSettled(brokers.map((broker) => broker.start()));
    const failed = starts.find((start) => start.status === "rejected");
    if (failed === undefined) return cluster;
    await cluster[Symbol.asyncDispose]();
    throw failed.reason;
  }

  /** `host:port` of every broker. */
  get addresses(): string[] {
    return this.brokers.map(({ port }) => `127.0.0.1:${port}`);
  }

  /** Processor time of all brokers together; memory of theirs and of etcd. */
  async use(): Promise<ProcessUse> {
    const uses = await Promise.all(this.brokers.map((broker) => broker.use()));
    const sum = (of: (use: ProcessUse) => number): number => uses.reduce((total, use) => total + of(use), 0);
    const etcdBytes = await this.#etcd.residentBytes();
    return { cpuSeconds: sum((use) => use.cpuSeconds), rssBytes: sum((use) => use.rssBytes) + etcdBytes };
  }

  /** Their data go with them: nothing is handed over. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.brokers.map((broker) => broker.end("SIGKILL")));
    await this.#etcd[Symbol.asyncDispose]();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
