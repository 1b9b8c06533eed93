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
import type { ClientSnapshot } from "./client-snapshot.js";
import { Consumer } from "./consumer/consumer.js";
import type { ConsumerOptions } from "./consumer/consumer-options.js";
import type { SubscribedTopic } from "./consumer/subscription.js";
import type { ConsumedMessage } from "./consumer/typed-messages.js";
import { replacedOptions, security } from "./kafkajs-options.js";
import { type LogLevel, loggerFor } from "./log-level.js";
import type { Logger } from "./logger.js";
import { MetadataCache } from "./metadata-cache.js";
import { checkOptionNames, choiceOption, integerOption } from "./option-check.js";
import { processSignals } from "./process-signals.js";
import { Producer } from "./producer/producer.js";
import type { ProducerOptions } from "./producer/producer-options.js";
import { type RetryOptions, RetryPolicy } from "./retry-policy.js";
import { stderrLogger } from "./stderr-logger.js";
import { type ClientTracing, noTracing } from "./tracing/client-tracing.js";
import { LiveTracing } from "./tracing/live-tracing.js";

/** What `new Sluice` takes. Names of kafkajs's options do as well, or are refused by name. */
export interface SluiceOptions {
  /** Where to look for the cluster first: `"localhost:9092"`, `"sluice://a:9092,b:9092"`, several, or what finds them. */
  readonly brokers: Brokers;
  /** Name of the program: brokers count it by that name in logs and quotas. Default `sluice-client`. */
  readonly clientId?: string | undefined;
  /** Milliseconds for one broker to answer before another is asked. Default 5000. */
  readonly connectTimeoutMs?: number | undefined;
  /** `connectTimeoutMs`, by its name in kafkajs. */
  readonly connectionTimeout?: number | undefined;
  /** Milliseconds for a request to be answered, with its retries. Default 30000. */
  readonly requestTimeoutMs?: number | undefined;
  /** `requestTimeoutMs`, by its name in kafkajs. */
  readonly requestTimeout?: number | undefined;
  /** When to try again, and how often. */
  readonly retry?: RetryOptions | undefined;
  /** Where to dial for an address that a broker gives: for port mappings, tunnels and tests. Default: as it is. */
  readonly addressMap?: ((address: BrokerAddress) => BrokerAddress) | undefined;
  /** For example a pino logger. Default: none; with `logLevel`, JSON lines on standard error. */
  readonly logger?: Logger | undefined;
  /** From which level on something is logged. Default: all that a logger is given; nothing without one. */
  readonly logLevel?: LogLevel | undefined;
  /**
   * `auto`: spans and trace headers where the program has set up OpenTelemetry, and the diagnostics channels
   * `sluice:producer:send` and `sluice:consumer:process` for who subscribes to them. False: none of it. Default `auto`.
   */
  readonly tracing?: "auto" | false | undefined;
}

/** What `Sluice.admin` takes. */
export interface AdminOptions {
  /** When to try again, and how often. Default: as the client. */
  readonly retry?: RetryOptions | undefined;
}

/** The world as the client sees it; everything has a default that is real. */
export interface SluiceDependencies {
  /** Default: gRPC. */
  readonly transport?: Transport;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: the machine's. */
  readonly random?: Random;
}

const subject = "Sluice";
const names = [
  "brokers",
  "clientId",
  "connectTimeoutMs",
  "connectionTimeout",
  "requestTimeoutMs",
  "requestTimeout",
  "retry",
  "addressMap",
  "logger",
  "logLevel",
  "tracing",
] as const satisfies readonly (keyof SluiceOptions)[];

interface Closable {
  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void>;
}

export class Sluice implements AsyncDisposable {
  readonly #connections: BrokerConnections;
  readonly #dependencies: ClientDependencies;
  readonly #children = new Set<Closable>();
  #closing: Promise<void> | undefined;

  /** Connects to nothing yet. @throws SluiceError UNKNOWN_OPTION, REPLACED_OPTION, INVALID_OPTION */
  constructor(options: SluiceOptions, dependencies: SluiceDependencies = {}) {
    checkOptionNames(subject, options, names, { ...replacedOptions("client"), tls: security, auth: security });
    if (options?.brokers === undefined) throw invalid("brokers", "it is needed, as in 'localhost:9092'");
    const connectTimeoutMs = timeoutOption(options, ["connectTimeoutMs", "connectionTimeout"], 5000);
    const requestTimeoutMs = timeoutOption(options, ["requestTimeoutMs", "requestTimeout"], 30_000);
    const clientId = clientIdOf(options.clientId);
    // The default names nobody: quotas would take all clients that have it for one.
    const named = options.clientId === undefined ? "" : clientId;
    const transport = dependencies.transport ?? new GrpcTransport({ connectTimeoutMs, clientId: named });
    const clock = dependencies.clock ?? new NodeClock({ keepsProcessAlive: true });
    const random = dependencies.random ?? new NodeRandom();
    const logger = loggerFor(options, stderrLogger);
    const policy = new RetryPolicy(options.retry ?? {}, { random });
    const addressMap = options.addressMap ?? ((address) => address);
    this.#connections = new BrokerConnections(
      { brokers: options.brokers, connectTimeoutMs, requestTimeoutMs, addressMap },
      { transport, clock, logger },
    );
    const connections = this.#connections;
    this.#dependencies = {
      clientId,
      requestTimeoutMs,
      connections,
      metadata: new MetadataCache({ requestTimeoutMs }, { connections, clock, policy, random }),
      policy,
      clock,
      random,
      logger,
      tracing: tracingOf(options, { clientId, logger }),
    };
  }

  /** Makes a producer, which sends messages. @throws SluiceError UNKNOWN_OPTION, REPLACED_OPTION, INVALID_OPTION, CLOSED */
  producer(options: ProducerOptions = {}): Producer {
    return this.#adopt((dependencies) => new Producer(options, dependencies));
  }

  /**
   * Makes a consumer, which reads messages; of typed topics given as `topics`, with their types.
   * @throws SluiceError UNKNOWN_OPTION, REPLACED_OPTION, INVALID_OPTION, INVALID_GROUP_NAME, CLOSED
   */
  consumer<const Topics extends readonly SubscribedTopic[] = readonly string[]>(
    options: ConsumerOptions<Topics> = {},
  ): Consumer<ConsumedMessage<Topics[number]>> {
    return this.#adopt((dependencies) => new Consumer<ConsumedMessage<Topics[number]>>(options, dependencies));
  }

  /**
   * Makes an admin, which asks for and changes what a cluster has.
   * @throws SluiceError UNKNOWN_OPTION, REPLACED_OPTION, INVALID_OPTION, CLOSED
   */
  admin(options: AdminOptions = {}): Admin {
    checkOptionNames("an admin", options, ["retry"] satisfies (keyof AdminOptions)[]);
    const policy = options.retry && new RetryPolicy(options.retry, this.#dependencies);
    return this.#adopt((dependencies) => new Admin(policy === undefined ? dependencies : { ...dependencies, policy }));
  }

  /** What the client is doing at this moment. Asks nobody. */
  snapshot(): ClientSnapshot {
    const { clientId, connections, metadata } = this.#dependencies;
    const children = [...this.#children];
    return {
      clientId,
      connections: connections.connected,
      metadata: { ageMs: metadata.ageMs, topics: metadata.topicCount },
      producers: children
        .filter((child) => child instanceof Producer)
        .map(({ bufferedBytes, bufferedMessages }) => ({ bufferedBytes, bufferedMessages })),
      consumers: children
        .filter((child) => child instanceof Consumer)
        .map((consumer) => ({ health: consumer.health(), positions: consumer.position() })),
    };
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

  /** As `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Closes the client when the process gets one of these signals, and then sends the signal again, so that the process ends
   * as it would have; where the program has a listener of its own, that decides. Several clients close together, and a
   * second signal does not wait for them. Disposing of what is returned forgets it.
   * @param signals default SIGTERM and SIGINT.
   */
  closeOnSignals(signals: readonly NodeJS.Signals[] = ["SIGTERM", "SIGINT"]): Disposable {
    const { logger } = this.#dependencies;
    return processSignals.closeOn(signals, () =>
      this.close().catch((error: unknown) => logger.error({ error }, "closing the client on a signal failed")),
    );
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
      this.#dependencies.metadata.close();
      this.#connections.close();
    }
  }
}

/** @throws SluiceError INVALID_OPTION where both names are given, or what is no time. */
function timeoutOption(
  options: SluiceOptions,
  [name, alias]: readonly ["connectTimeoutMs", "connectionTimeout"] | readonly ["requestTimeoutMs", "requestTimeout"],
  fallback: number,
): number {
  if (options[name] !== undefined && options[alias] !== undefined)
    throw invalid(alias, `it is another name of ${name}, and both are given`);
  const option = options[name] === undefined ? alias : name;
  return integerOption({ subject, option }, options[option], { fallback, min: 1, max: 3_600_000 });
}

function clientIdOf(clientId: unknown = "sluice-client"): string {
  if (typeof clientId !== "string") throw invalid("clientId", `it takes text, not ${String(clientId)}`);
  return clientId;
}

function tracingOf(
  options: SluiceOptions,
  { clientId, logger }: { readonly clientId: string; readonly logger: Logger },
): ClientTracing {
  if (options.tracing === false) return noTracing;
  choiceOption({ subject, option: "tracing" }, options.tracing, { fallback: "auto", choices: ["auto"] });
  const onMissing = (error: unknown): void =>
    logger.warn(
      { error },
      "OpenTelemetry is set up, but @opentelemetry/api is not installed beside the client: no spans",
    );
  return new LiveTracing({ clientId }, { onMissing });
}

function invalid(option: string, reason: string): SluiceError {
  return new SluiceError("INVALID_OPTION", { option, subject, reason });
}
