/**
 * A broker that is started anew, in the same process and under the same addresses, when it cannot go on with what it has made of its
 * cluster store. Whoever runs it sees one broker.
 */

import { type Clock, type SluiceError, sleep } from "@sluice/model";
import type { Logger } from "./logging.js";
import type { RunningBroker, StartableBroker } from "./running-broker.js";

export interface BrokerRenewalDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * Makes a broker. `previous` is the one in whose place it comes. `onStale` is called when that broker cannot go on, at most once.
   */
  make(previous: RunningBroker | undefined, onStale: (error: SluiceError) => void): StartableBroker;
}

/** After a start that failed. */
const retryDelayMs = 1000;

export class BrokerRenewal implements RunningBroker {
  readonly #dependencies: BrokerRenewalDependencies;
  readonly #closing = new AbortController();
  #current: StartableBroker;
  #renewing: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(dependencies: BrokerRenewalDependencies) {
    this.#dependencies = dependencies;
    this.#current = this.#make(undefined);
  }

  get id(): number {
    return this.#current.id;
  }

  get host(): string {
    return this.#current.host;
  }

  get port(): number {
    return this.#current.port;
  }

  get listenerPorts(): ReadonlyMap<string, number> {
    return this.#current.listenerPorts;
  }

  get httpPort(): number {
    return this.#current.httpPort;
  }

  /** Starts the first one, or the one that comes in its place meanwhile. @throws what starting the first one throws */
  async start(): Promise<void> {
    try {
      await this.#current.start();
    } catch (error) {
      // It was ended because it had become stale on its way.
      if (this.#renewing === undefined || this.#closing.signal.aborted) throw error;
      await this.#renewing;
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await this.#renewing;
    await this.#current.close();
  }

  #make(previous: RunningBroker | undefined): StartableBroker {
    return this.#dependencies.make(previous, (error) => this.#renewAfter(error));
  }

  #renewAfter(error: SluiceError): void {
    if (this.#closing.signal.aborted) return;
    this.#dependencies.logger.error({ err: error }, "broker is started anew");
    const before = this.#renewing ?? Promise.resolve();
    this.#renewing = before.then(() => this.#renew());
  }

  /** Never rejects. */
  async #renew(): Promise<void> {
    const { clock, logger } = this.#dependencies;
    while (!this.#closing.signal.aborted) {
      const previous = this.#current;
      await previous.close().catch((err: unknown) => logger.error({ err }, "broker did not stop in order"));
      try {
        this.#current = this.#make(previous);
        return await this.#current.start();
      } catch (error) {
        logger.error({ err: error }, "broker could not be started anew and is tried again");
      }
      // Closing ends the wait; the loop sees why.
      await sleep(clock, retryDelayMs, this.#closing.signal).catch(() => undefined);
    }
  }
}
