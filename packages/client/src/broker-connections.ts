/**
 * The client's connections: one a broker address, made when it is first needed, shared by everything of one client. Who needs
 * more than one connection carries asks for lane 1, 2 ... of an address, each a connection of its own.
 *
 * Any broker answers for the cluster; `callAny` asks the one that answered last, then the others, those that the client was
 * given first included. Retrying after all have failed is the caller's decision.
 */

import {
  addressText,
  type BrokerAddress,
  type Clock,
  isSluiceError,
  type MessageStream,
  SluiceError,
  type StreamListener,
  type StreamMethod,
  type Transport,
  type TransportConnection,
  toSluiceError,
  type UnaryMethod,
} from "@sluice/model";
import { type AdvertisedBroker, advertisedUnreachable } from "./advertised-unreachable.js";
import { askInTurn, type Failure } from "./ask-in-turn.js";
import { type Brokers, parseBrokerAddresses } from "./broker-addresses.js";
import type { Cancellable } from "./cancellation.js";
import type { Logger } from "./logger.js";

export interface BrokerConnectionsOptions {
  readonly brokers: Brokers;
  /** Milliseconds for one broker to answer when any will do, and for a connection to prove itself. */
  readonly connectTimeoutMs: number;
  /** Milliseconds for one broker to answer when only that one will do. */
  readonly requestTimeoutMs: number;
  /** Where to dial for an address that a broker gives. */
  readonly addressMap: (address: BrokerAddress) => BrokerAddress;
}

/** Milliseconds without an answer after which another broker is asked too. */
const patienceMs = 500;

export class BrokerConnections {
  readonly #options: BrokerConnectionsOptions;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #connections = new Map<string, TransportConnection>();
  #bootstrap: readonly BrokerAddress[] | undefined;
  #advertised: readonly AdvertisedBroker[] = [];
  /** Addresses at which a broker has answered this client, ever. */
  readonly #reached = new Set<string>();
  #lastGood: BrokerAddress | undefined;
  #isClosed = false;

  /** @throws SluiceError INVALID_OPTION where `brokers` names none. */
  constructor(
    options: BrokerConnectionsOptions,
    dependencies: { readonly transport: Transport; readonly clock: Clock; readonly logger: Logger },
  ) {
    this.#options = options;
    this.#transport = dependencies.transport;
    this.#clock = dependencies.clock;
    this.#logger = dependencies.logger;
    if (typeof options.brokers !== "function") this.#bootstrap = parseBrokerAddresses(options.brokers);
  }

  /** Where to dial for an address that a broker gave. */
  dialled(address: BrokerAddress): BrokerAddress {
    return this.#options.addressMap(address);
  }

  /** Addresses to which connections were made. */
  get connected(): string[] {
    return [...this.#connections.keys()];
  }

  /** Tells where the brokers of the cluster are now. */
  learn(brokers: readonly AdvertisedBroker[]): void {
    this.#advertised = brokers;
  }

  /** A broker has just said something unasked: it is the one to ask next. */
  heardFrom(address: BrokerAddress): void {
    this.#lastGood = address;
  }

  /**
   * Asks brokers one after the other until one answers, beginning with the one that answered last. One that is silent does not
   * keep the others from being asked.
   * @param options.isIdempotent default true; false: another is asked only where the first says that it is fenced, because
   *   no answer does not mean not done.
   * @throws SluiceError what a broker answered; BROKER_UNREACHABLE or WRONG_PORT where none did; INVALID_OPTION where the
   *   function that finds brokers found none.
   */
  async callAny<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    options: Cancellable & { readonly timeoutMs?: number; readonly isIdempotent?: boolean } = {},
  ): Promise<Response> {
    const timeoutMs = options.timeoutMs ?? this.#options.connectTimeoutMs;
    const isIdempotent = options.isIdempotent !== false;
    const { target, answer } = await askInTurn(await this.#candidates(), {
      clock: this.#clock,
      // What may be done twice is all that may be asked of two at one time.
      patienceMs: isIdempotent ? patienceMs : undefined,
      signal: options.signal,
      ask: async (address, signal) => await this.#ask(address, method, request, { signal, timeoutMs }),
      mayAskNext: (error) => error.code === "BROKER_FENCED" || (isNoAnswer(error) && isIdempotent),
      onFailed: ({ target: address, error }) =>
        this.#logger.debug({ address: addressText(address), code: error.code }, "broker does not answer"),
      noneAnswers,
    });
    this.#lastGood = target;
    return answer;
  }

  /**
   * Asks one broker, within the request timeout unless another is given.
   * @throws SluiceError what it answered, or BROKER_UNREACHABLE, WRONG_PORT, REQUEST_TIMED_OUT, CANCELLED, CLOSED.
   */
  async call<Request, Response>(
    address: BrokerAddress,
    method: UnaryMethod<Request, Response>,
    request: Request,
    options: Cancellable & { readonly timeoutMs?: number; readonly lane?: number } = {},
  ): Promise<Response> {
    try {
      return await this.#ask(address, method, request, options);
    } catch (thrown) {
      throw this.#explained(toSluiceError(thrown), address);
    }
  }

  /** Opens a stream to one broker. Failures arrive at the listener. */
  open<Request, Response>(
    address: BrokerAddress,
    method: StreamMethod<Request, Response>,
    listener: StreamListener<Response>,
    options: { readonly lane?: number } = {},
  ): MessageStream<Request> {
    const connection = this.#connection(address, options.lane ?? 0);
    const key = addressText(address);
    if (this.#reached.has(key)) return connection.open(method, listener);
    return connection.open(method, {
      onMessage: (message) => {
        this.#reached.add(key);
        listener.onMessage(message);
      },
      onEnd: () => listener.onEnd(),
      onError: (error) => listener.onError(this.#explained(error, address)),
      onDrain: () => listener.onDrain?.(),
    });
  }

  /** Breaks everything that is under way with CLOSED, and closes the sockets. */
  close(): void {
    this.#isClosed = true;
    for (const connection of this.#connections.values()) connection.close();
    this.#connections.clear();
  }

  async #ask<Request, Response>(
    address: BrokerAddress,
    method: UnaryMethod<Request, Response>,
    request: Request,
    options: Cancellable & { readonly timeoutMs?: number; readonly lane?: number },
  ): Promise<Response> {
    const timeoutMs = options.timeoutMs ?? this.#options.requestTimeoutMs;
    const signal = options.signal === undefined ? {} : { signal: options.signal };
    const connection = this.#connection(address, options.lane ?? 0);
    const response = await connection.call(method, request, { timeoutMs, ...signal });
    this.#reached.add(addressText(address));
    return response;
  }

  /** What usually is wrong when the cluster answers, and one of its brokers never did. */
  #explained(error: SluiceError, address: BrokerAddress): SluiceError {
    const unreached = addressText(address);
    if (error.code !== "BROKER_UNREACHABLE" || this.#reached.has(unreached)) return error;
    const broker = this.#advertised.find((known) => addressText(known.address) === unreached);
    const reached = this.#lastGood && addressText(this.#lastGood);
    if (broker === undefined || reached === undefined || reached === unreached) return error;
    return advertisedUnreachable(error, { broker, reached });
  }

  #connection(address: BrokerAddress, lane: number): TransportConnection {
    if (this.#isClosed) throw new SluiceError("CLOSED", { subject: "The client" });
    const key = lane === 0 ? addressText(address) : `${addressText(address)}#${lane}`;
    let connection = this.#connections.get(key);
    if (connection === undefined) {
      connection = this.#transport.connect(address);
      this.#connections.set(key, connection);
    }
    return connection;
  }

  async #candidates(): Promise<BrokerAddress[]> {
    const bootstrap = this.#bootstrap ?? (await this.#findBootstrap());
    const candidates = new Map<string, BrokerAddress>();
    const known = [...this.#advertised.map(({ address }) => address), ...bootstrap];
    if (this.#lastGood !== undefined) known.unshift(this.#lastGood);
    for (const address of known) candidates.set(addressText(address), address);
    return [...candidates.values()];
  }

  async #findBootstrap(): Promise<readonly BrokerAddress[]> {
    const brokers = this.#options.brokers;
    const found = parseBrokerAddresses(typeof brokers === "function" ? await brokers() : brokers);
    this.#bootstrap = found;
    return found;
  }
}

/** The broker gave no answer of its own, so another may. */
function isNoAnswer(error: SluiceError): boolean {
  return (
    error.code === "BROKER_UNREACHABLE" ||
    error.code === "WRONG_PORT" ||
    error.code === "REQUEST_TIMED_OUT" ||
    error.code === "BROKER_STOPPING"
  );
}

function noneAnswers(failures: readonly Failure<BrokerAddress>[]): SluiceError {
  // A wrong port is a mistake that somebody can correct: say that rather than that nobody answers.
  const wrongPort = failures.find(({ error }) => isSluiceError(error, "WRONG_PORT"));
  if (wrongPort !== undefined) return wrongPort.error;
  const reasons = new Set(failures.map(({ error }) => reasonOf(error)));
  return new SluiceError(
    "BROKER_UNREACHABLE",
    {
      addresses: failures.map(({ target }) => addressText(target)).join(", "),
      reason: [...reasons].join("; "),
    },
    { cause: failures.at(-1)?.error },
  );
}

function reasonOf(error: SluiceError): string {
  const { reason } = error.details;
  if (error.code === "BROKER_UNREACHABLE" && reason !== undefined) return String(reason);
  return error.message.replace(/\.$/, "");
}
