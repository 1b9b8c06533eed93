/**
 * Sluice: a client of one cluster. It makes producers, consumers and admins, which share its connections and its knowledge of
 * the cluster, and it closes them with itself.
 *
 * Nothing is connected before it is needed.
 */

import { type BrokerAddress, type Clock, type Random, SluiceError, type Transport } from "@sluice/model";
import { NodeClock, NodeRandom } from "@sluice/model/node";
import { GrpcTransport } from "@sluice/protocol";
import { Admin } from "./admin/admin.js";
import type { Brokers } from "./broker-addresses.js";
import { BrokerConnections } from "./broker-connections.js";
import type { ClientDependencies } from "./client-dependencies.js";
import { Consumer } from "./consumer/consumer.js";
import type { ConsumerOptions } from "./consumer/consumer-options.js";
import { type Logger, silentLogger } from "./logger.js";
import { MetadataCache } from "./metadata-cache.js";
import { checkOptionNames, integerOption } from "./option-check.js";
import { Producer } from "./producer/producer.js";
import type { ProducerOptions } from "./producer/producer-options.js";
import { type RetryOptions, RetryPolicy } from "./retry-policy.js";
import { noTracing } from "./tracing/client-tracing.js";

export interface SluiceOptions {
  /** Where to look for the cluster first: `"localhost:9092"`, several of those, or a function that finds them. */
  readonly brokers: Brokers;
  /** Name of the program, for people who look at the brokers. Default `sluice-client`. */
  readonly clientId?: string | undefined;
  /** Milliseconds for one broker to answer before another is asked. Default 5000. */
  readonly connectTimeoutMs?: number | undefined;
  /** Milliseconds for a request to be answered, with its retries. Default 30000. */
  readonly requestTimeoutMs?: number | undefined;
  readonly retry?: RetryOptions | undefined;
  /** Where to dial for an address that a broker gives: for port mappings, tunnels and tests. Default: as it is. */
  readonly addressMap?: ((address: BrokerAddress) => BrokerAddress) | undefined;
  /** For example a pino logger. Default: none. */
  readonly logger?: Logger | undefined;
}

/** The world as the client sees it; everything has a default that is real. */
export interface SluiceDependencies {
  readonly transport?: Transport;
  readonly clock?: Clock;
  readonly random?: Random;
}

const subject = "Sluice";
const names = [
  "brokers",
  "clientId",
  "connectTimeoutMs",
  "requestTimeoutMs",
  "retry",
  "addressMap",
  "logger",
] as const satisfies readonly (keyof SluiceOptions)[];

interface Closable {
  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void>;
}

export class Sluice implements AsyncDisposable {
  readonly #connections: BrokerConnections;
  readonly #dependencies: ClientDependencies;
  readonly #children = new Set<Closable>();
  #closing: Promise<void> | undefined;

  /** Connects to nothing yet. @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION */
  constructor(options: SluiceOptions, dependencies: SluiceDependencies = {}) {
    checkOptionNames(subject, options, names);
    if (options?.brokers === undefined)
      throw new SluiceError("INVALID_OPTION", {
        option: "brokers",
        subject,
        reason: "it is needed, as in 'localhost:9092'",
      });
    const time = { min: 1, max: 3_600_000 };
    const connectTimeoutMs = integerOption({ subject, option: "connectTimeoutMs" }, options.connectTimeoutMs, {
      fallback: 5000,
      ...time,
    });
    const requestTimeoutMs = integerOption({ subject, option: "requestTimeoutMs" }, options.requestTimeoutMs, {
      fallback: 30_000,
      ...time,
    });
    const transport = dependencies.transport ?? new GrpcTransport({ connectTimeoutMs });
    const clock = dependencies.clock ?? new NodeClock({ keepsProcessAlive: true });
    const random = dependencies.random ?? new NodeRandom();
    const logger = options.logger ?? silentLogger;
    const policy = new RetryPolicy(options.retry ?? {}, { random });
    const addressMap = options.addressMap ?? ((address) => address);
    this.#connections = new BrokerConnections(
      { brokers: options.brokers, connectTimeoutMs, requestTimeoutMs, addressMap },
      { transport, logger },
    );
    const connections = this.#connections;
    const metadata = new MetadataCache({ requestTimeoutMs }, { connections, clock, policy });
    const clientId = options.clientId ?? "sluice-client";
    this.#dependencies = {
      clientId,
      requestTimeoutMs,
      connections,
      metadata,
      policy,
      clock,
      random,
      logger,
      tracing: noTracing,
    };
  }

  /** @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION, CLOSED */
  producer(options: ProducerOptions = {}): Producer {
    return this.#adopt((dependencies) => new Producer(options, dependencies));
  }

  /** @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION, INVALID_GROUP_NAME, CLOSED */
  consumer(options: ConsumerOptions = {}): Consumer {
    return this.#adopt((dependencies) => new Consumer(options, dependencies));
  }

  /** @throws SluiceError CLOSED */
  admin(): Admin {
    return this.#adopt((dependencies) => new Admin(dependencies));
  }

  /**
   * Closes all producers, consumers and admins, each within `timeoutMs` (default: its own), then the connections. Always
   * settles; closing again waits for the same.
   */
  close(options: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    checkOptionNames("close", options, ["timeoutMs"]);
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #adopt<Child extends Closable>(
    make: (dependencies: ClientDependencies & { readonly onClosed: (child: Child) => void }) => Child,
  ): Child {
    if (this.#closing !== undefined) throw new SluiceError("CLOSED", { subject: "The client" });
    const child = make({ ...this.#dependencies, onClosed: (closed) => void this.#children.delete(closed) });
    this.#children.add(child);
    return child;
  }

  async #close(options: { readonly timeoutMs?: number | undefined }): Promise<void> {
    try {
      await Promise.all([...this.#children].map((child) => child.close(options)));
    } finally {
      this.#connections.close();
    }
  }
}
