/** Three brokers and an etcd as processes, whose brokers are killed and started again on their data and their ports. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EtcdProcess } from "../cluster/etcd-process.js";
import { freePort } from "../cluster/free-port.js";
import { SluiceProcess, sluiceBin } from "../sluice-process.js";

const brokers = 3;

export class FailoverBroker {
  readonly id: number;
  readonly port: number;
  readonly #etcdEndpoint: string;
  readonly #directory: string;
  #process: SluiceProcess | undefined;

  constructor(id: number, port: number, where: { readonly etcdEndpoint: string; readonly directory: string }) {
    this.id = id;
    this.port = port;
    this.#etcdEndpoint = where.etcdEndpoint;
    this.#directory = join(where.directory, String(id));
  }

  async start(): Promise<void> {
    const flags = ["--broker-id", String(this.id), "--port", String(this.port), "--http-port", "0"];
    const cluster = ["--etcd-endpoints", this.#etcdEndpoint, "--group-offsets-brokers-min", String(brokers)];
    const args = [sluiceBin, "broker", "--data-directory", "{data}", ...flags, ...cluster, "--log-level", "error"];
    this.#process = await SluiceProcess.start(process.execPath, args, this.#directory);
  }

  /** Ends it, and waits until it is gone. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    await this.#process?.end(signal);
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#process?.signal(signal);
  }
}

export class FailoverCluster implements AsyncDisposable {
  readonly brokers: readonly FailoverBroker[];
  readonly #etcd: EtcdProcess;
  readonly #directory: string;

  private constructor(etcd: EtcdProcess, directory: string, brokers: readonly FailoverBroker[]) {
    this.#etcd = etcd;
    this.#directory = directory;
    this.brokers = brokers;
  }

  static async start(): Promise<FailoverCluster> {
    const etcd = await EtcdProcess.start();
    const directory = await mkdtemp(join(tmpdir(), "sluice-bench-failover-"));
    const placed: FailoverBroker[] = [];
    for (let id = 1; id <= brokers; id += 1) {
      placed.push(new FailoverBroker(id, await freePort(), { etcdEndpoint: etcd.endpoint, directory }));
    }
    const cluster = new FailoverCluster(etcd, directory, placed);
    try {
      await Promise.all(placed.map((broker) => broker.start()));
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  /** `host:port` of every broker. */
  get addresses(): string[] {
    return this.brokers.map(({ port }) => `127.0.0.1:${port}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.brokers.map((broker) => broker.end("SIGKILL")));
    await this.#etcd[Symbol.asyncDispose]();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
