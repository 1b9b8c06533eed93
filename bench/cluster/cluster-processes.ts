/** Three brokers and an etcd as processes of their own: what a user deploys, on one machine. */

import { processUse, SluiceProcess, sluiceBin } from "../sluice-process.js";
import { EtcdProcess } from "./etcd-process.js";

export interface ClusterUse {
  /** Seconds of processor time of all brokers together. */
  readonly cpuSeconds: number;
  /** Memory of all brokers and of etcd. */
  readonly rssBytes: number;
}

interface Ready {
  readonly host: string;
  readonly port: number;
  readonly httpPort: number;
}

export class ClusterProcesses implements AsyncDisposable {
  readonly #etcd: EtcdProcess;
  readonly #brokers: readonly SluiceProcess[];

  private constructor(etcd: EtcdProcess, brokers: readonly SluiceProcess[]) {
    this.#etcd = etcd;
    this.#brokers = brokers;
  }

  /** Starts etcd from PATH and so many brokers; resolves when all are ready. */
  static async start(count: number): Promise<ClusterProcesses> {
    const etcd = await EtcdProcess.start();
    const started: SluiceProcess[] = [];
    try {
      const starts = Array.from({ length: count }, async (_, index) => {
        const flags = ["--broker-id", String(index + 1), "--etcd-endpoints", etcd.endpoint, "--port", "0"];
        const rest = ["--http-port", "0", "--group-offsets-brokers-min", String(count), "--log-level", "warn"];
        const args = [sluiceBin, "broker", "--data-directory", "{data}", ...flags, ...rest];
        started.push(await SluiceProcess.start(process.execPath, args));
      });
      await Promise.all(starts);
    } catch (error) {
      await new ClusterProcesses(etcd, started)[Symbol.asyncDispose]();
      throw error;
    }
    return new ClusterProcesses(etcd, started);
  }

  /** `host:port` of every broker, with commas in between. */
  get addresses(): string {
    return this.#brokers.map(({ ready }) => `${(ready as Ready).host}:${(ready as Ready).port}`).join(",");
  }

  async use(): Promise<ClusterUse> {
    const uses = await Promise.all(this.#brokers.map(({ ready }) => processUse((ready as Ready).httpPort)));
    const sum = (of: (use: (typeof uses)[number]) => number): number => uses.reduce((total, use) => total + of(use), 0);
    const etcdBytes = await this.#etcd.residentBytes();
    return { cpuSeconds: sum((use) => use.cpuSeconds), rssBytes: sum((use) => use.rssBytes) + etcdBytes };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#brokers.map((broker) => broker[Symbol.asyncDispose]()));
    await this.#etcd[Symbol.asyncDispose]();
  }
}
