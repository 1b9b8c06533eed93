/**
 * Several brokers in one process over one file store: a cluster for a laptop, with nothing else to install.
 *
 * Layout: `<data>/cluster-store/` and `<data>/broker-1/`, `<data>/broker-2/` ... Ids are 1 to N. It survives a restart, and
 * kill -9, like any other broker; what it cannot do is lose one broker and keep the process.
 */

import { FileClusterStore } from "@sluice/coordination";
import { NodeFileSystem } from "@sluice/log";
import { addressText, SluiceError } from "@sluice/model";
import { NodeClock, NodeRandom } from "@sluice/model/node";
import { type BrokerConfig, brokerConfig } from "./broker-config.js";
import { clusterStorePath } from "./broker-store.js";
import { createLogger, type Logger } from "./logging.js";
import type { RunningBroker } from "./running-broker.js";
import { startBroker } from "./start-broker.js";

export interface LocalClusterOptions {
  /** Brokers, 1 to 100. Default 3. */
  readonly brokers?: number;
  readonly dataDirectory: string;
  /** gRPC port of the first broker; the others follow. 0: free ports. */
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Settings of all brokers, over the defaults. Ids, ports and directories are the cluster's. */
  readonly config?: Partial<BrokerConfig>;
  /** By key of `config`, where its value came from, in words. Default: nowhere that is known. */
  readonly configOrigins?: ReadonlyMap<string, string>;
  /** Default: JSON lines on standard error, at the configured level. */
  readonly logger?: Logger;
}

export interface LocalCluster extends AsyncDisposable {
  readonly brokers: readonly RunningBroker[];
  /** `host:port` of each broker. */
  readonly bootstrap: readonly string[];
  /** Stops all brokers, cleanly. Closing twice is closing once. */
  close(): Promise<void>;
}

const brokersDefault = 3;
const brokersMax = 100;
/** Kept back on the disk for each broker: a laptop has one disk for all of them. */
const laptopReserveBytes = 8 * 1024 * 1024;

/**
 * Starts a local cluster; resolves when all its brokers are ready.
 * @throws SluiceError as `startBroker`, and INVALID_OPTION
 */
export async function startLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  const count = options.brokers ?? brokersDefault;
  if (!Number.isInteger(count) || count < 1 || count > brokersMax) {
    const reason = `it takes a whole number from 1 to ${brokersMax}`;
    throw new SluiceError("INVALID_OPTION", { option: "brokers", subject: "a local cluster", reason });
  }
  const configs = Array.from({ length: count }, (_, index) => configOf(options, index, count));
  const logger = options.logger ?? createLogger(configs[0]?.logLevel ?? "info");
  const clusterStore = await FileClusterStore.open(
    { path: clusterStorePath(configs[0] as BrokerConfig) },
    { fileSystem: new NodeFileSystem(), clock: new NodeClock(), random: new NodeRandom() },
  );
  const configOrigins = options.configOrigins ?? new Map<string, string>();
  const clusterStoreProblem = (): Error | undefined => clusterStore.failure ?? clusterStore.diskFull;
  const starts = await Promise.allSettled(
    configs.map((config) => startBroker({ config, configOrigins, clusterStore, clusterStoreProblem, logger })),
  );
  const brokers = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  const cluster = new RunningCluster(brokers, clusterStore);
  const failed = starts.find((start) => start.status === "rejected");
  if (failed === undefined) return cluster;
  await cluster.close();
  throw failed.reason;
}

class RunningCluster implements LocalCluster {
  readonly brokers: readonly RunningBroker[];
  readonly #clusterStore: FileClusterStore;
  #closing: Promise<void> | undefined;

  constructor(brokers: readonly RunningBroker[], clusterStore: FileClusterStore) {
    this.brokers = brokers;
    this.#clusterStore = clusterStore;
  }

  get bootstrap(): readonly string[] {
    return this.brokers.map(addressText);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#clusterStore.stopWaitingForRoom();
    const closes = await Promise.allSettled(this.brokers.map((broker) => broker.close()));
    await this.#clusterStore.close();
    const failed = closes.find((close) => close.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }
}

function configOf(options: LocalClusterOptions, index: number, count: number): BrokerConfig {
  const { port, config = {} } = options;
  const httpPort = config.httpPort ?? -1;
  return brokerConfig({
    groupOffsetsBrokersMin: count,
    diskReserveBytes: laptopReserveBytes,
    autoCreateTopics: true,
    ...config,
    brokerId: index + 1,
    host: options.host ?? config.host ?? "127.0.0.1",
    port: port === 0 ? 0 : port + index,
    advertisedPort: 0,
    httpPort: httpPort > 0 ? httpPort + index : httpPort,
    dataDirectory: options.dataDirectory,
  });
}
