/**
 * A Sluice cluster in containers for the time of a test: brokers of an image, and with several of them one member of etcd, in a network of
 * their own. Clients on this machine reach it, and so do containers in that network.
 *
 *     await using cluster = await new SluiceContainer("sluice:0.1.0").withBrokers(3).start();
 */

import { SluiceError } from "@sluice/model";
import { GenericContainer, Network, type StartedNetwork, type StartedTestContainer, Wait } from "testcontainers";
import { freePorts } from "./free-ports.js";
import { removeNetwork } from "./remove-network.js";
import { type StartedBroker, StartedSluiceContainer } from "./started-sluice-container.js";

const etcdImageDefault = "gcr.io/etcd-development/etcd:v3.6.6";
const etcdAlias = "etcd";
const etcdPort = 2379;
/** Of the listener for containers of the same network. */
const internalPort = 9092;
const httpPort = 9192;
const brokersMax = 32;
const startupTimeoutMs = 60_000;
/** Another program may take a port between its choice and its use. */
const triesMax = 3;

export class SluiceContainer {
  readonly #image: string;
  readonly #settings: Record<string, string> = {};
  #brokers = 1;
  #etcdImage = etcdImageDefault;

  /** @param image of a broker, with its tag: "sluice:0.1.0". */
  constructor(image: string) {
    this.#image = image;
  }

  /** How many brokers. Default 1, which needs no etcd. @throws SluiceError INVALID_OPTION */
  withBrokers(count: number): this {
    if (!Number.isInteger(count) || count < 1 || count > brokersMax) {
      const reason = `it takes a whole number from 1 to ${brokersMax}`;
      throw new SluiceError("INVALID_OPTION", { option: "brokers", subject: "a SluiceContainer", reason });
    }
    this.#brokers = count;
    return this;
  }

  /** A setting of all brokers, by its name in docs/configuration.md: `withSetting("defaultPartitions", 6)`. */
  withSetting(key: string, value: string | number | boolean): this {
    this.#settings[variableOf(key)] = String(value);
    return this;
  }

  /** The image of etcd. Default: the official one. */
  withEtcdImage(image: string): this {
    this.#etcdImage = image;
    return this;
  }

  /** Starts it; resolves when every broker is ready. Whatever fails, no container is left behind. */
  async start(): Promise<StartedSluiceContainer> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#start();
      } catch (error) {
        if (tries === triesMax || !/port is already allocated|address already in use/i.test(String(error))) throw error;
      }
    }
  }

  async #start(): Promise<StartedSluiceContainer> {
    const network = await new Network().start();
    const started: StartedTestContainer[] = [];
    try {
      if (this.#brokers > 1) started.push(await this.#startEtcd(network));
      const ports = await freePorts(this.#brokers);
      const starts = await Promise.allSettled(ports.map((port, index) => this.#startBroker(index + 1, port, network)));
      const brokers = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
      started.push(...brokers.map(({ container }) => container));
      const failed = starts.find((start) => start.status === "rejected");
      if (failed !== undefined) throw failed.reason;
      return new StartedSluiceContainer({ brokers, containers: started, network });
    } catch (error) {
      await removeNetwork(network).catch((left: unknown) => {
        throw new AggregateError(
          [error, left],
          "the cluster did not start, and what there was of it could not be removed",
        );
      });
      throw error;
    }
  }

  #startEtcd(network: StartedNetwork): Promise<StartedTestContainer> {
    return new GenericContainer(this.#etcdImage)
      .withNetwork(network)
      .withNetworkAliases(etcdAlias)
      .withEnvironment({
        ETCD_LISTEN_CLIENT_URLS: `http://0.0.0.0:${etcdPort}`,
        ETCD_ADVERTISE_CLIENT_URLS: `http://${etcdAlias}:${etcdPort}`,
        ETCD_DATA_DIR: "/etcd-data",
      })
      .withTmpFs({ "/etcd-data": "rw" })
      .withExposedPorts(etcdPort)
      .withWaitStrategy(
        Wait.forHttp("/health", etcdPort, { abortOnContainerExit: true }).withStartupTimeout(startupTimeoutMs),
      )
      .start();
  }

  async #startBroker(id: number, port: number, network: StartedNetwork): Promise<StartedBroker> {
    const alias = `broker-${id}`;
    const container = await new GenericContainer(this.#image)
      .withNetwork(network)
      .withNetworkAliases(alias)
      .withEnvironment({
        SLUICE_AUTO_CREATE_TOPICS: "true",
        SLUICE_DISK_RESERVE_BYTES: "0",
        SLUICE_LOG_LEVEL: "warn",
        SLUICE_GROUP_OFFSETS_BROKERS_MIN: String(this.#brokers),
        ...this.#settings,
        ...(this.#brokers > 1 ? { SLUICE_ETCD_ENDPOINTS: `http://${etcdAlias}:${etcdPort}` } : {}),
        SLUICE_BROKER_ID: String(id),
        // `external` is told as it was dialled: whatever this machine is called from where the test runs.
        SLUICE_LISTENERS: `internal=0.0.0.0:${internalPort},external=0.0.0.0:${port}`,
        SLUICE_ADVERTISED_LISTENERS: `internal=${alias}:${internalPort}`,
        SLUICE_HTTP_PORT: String(httpPort),
      })
      .withExposedPorts({ container: port, host: port }, httpPort)
      .withWaitStrategy(
        Wait.forHttp("/readyz", httpPort, { abortOnContainerExit: true }).withStartupTimeout(startupTimeoutMs),
      )
      .start();
    return { id, container, address: `${container.getHost()}:${port}`, internalAddress: `${alias}:${internalPort}` };
  }
}

/** `brokerLeaseMs` is `SLUICE_BROKER_LEASE_MS`. */
function variableOf(key: string): string {
  return `SLUICE_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
