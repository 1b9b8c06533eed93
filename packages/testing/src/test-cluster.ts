/**
 * A cluster in the process of a test: real brokers on free ports of 127.0.0.1, with data in a temporary directory that goes
 * when the cluster is closed. No Docker, nothing to install.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrokerConfig, createLogger, type LocalCluster, startLocalCluster } from "@sluice/broker";
import { Sluice, type SluiceOptions } from "@sluice/client";

/** What `startTestCluster` takes. */
export interface TestClusterOptions {
  /** How many brokers. Default 1: the fastest to start. */
  readonly brokers?: number | undefined;
  /** Settings of all brokers, over the defaults of a test: topics are created when asked for, and nothing is logged. */
  readonly config?: Partial<BrokerConfig> | undefined;
}

export interface TestCluster extends AsyncDisposable {
  /** `host:port` of each broker: what `new Sluice({ brokers })` takes. */
  readonly brokers: readonly string[];
  /** The brokers themselves, to be closed one by one. */
  readonly cluster: LocalCluster;
  /** Where the brokers keep their data, until the cluster is closed. */
  readonly dataDirectory: string;
  /** A client of this cluster. It is closed with the cluster. */
  createClient(options?: Omit<SluiceOptions, "brokers">): Sluice;
  /** Closes the clients, stops the brokers and removes their data. Closing again waits for the same. */
  close(): Promise<void>;
}

/** Starts a cluster; resolves when it serves. @throws SluiceError as `startLocalCluster` */
export async function startTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const dataDirectory = await mkdtemp(join(tmpdir(), "sluice-test-"));
  try {
    const cluster = await startLocalCluster({
      brokers: options.brokers ?? 1,
      dataDirectory,
      port: 0,
      config: { autoCreateTopics: true, diskReserveBytes: 0, ...options.config },
      logger: createLogger(options.config?.logLevel ?? "silent"),
    });
    return new StartedTestCluster(cluster, dataDirectory);
  } catch (error) {
    await rm(dataDirectory, { recursive: true, force: true });
    throw error;
  }
}

class StartedTestCluster implements TestCluster {
  readonly cluster: LocalCluster;
  readonly dataDirectory: string;
  readonly #clients = new Set<Sluice>();
  #closing: Promise<void> | undefined;

  constructor(cluster: LocalCluster, dataDirectory: string) {
    this.cluster = cluster;
    this.dataDirectory = dataDirectory;
  }

  get brokers(): readonly string[] {
    return this.cluster.bootstrap;
  }

  createClient(options: Omit<SluiceOptions, "brokers"> = {}): Sluice {
    const client = new Sluice({ ...options, brokers: [...this.brokers] });
    this.#clients.add(client);
    return client;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    try {
      await Promise.all([...this.#clients].map((client) => client.close()));
      await this.cluster.close();
    } finally {
      await rm(this.dataDirectory, { recursive: true, force: true });
    }
  }
}
