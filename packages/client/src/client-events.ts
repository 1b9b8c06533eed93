/**
 * Events of a producer or a consumer, with kafkajs's names and shape: `on(name, listener)` returns what removes the listener.
 *
 * A listener that throws is logged and harms nobody else. Events are told in the turn in which they happen.
 */

import type { Clock } from "@sluice/model";
import type { Logger } from "./logger.js";

/** One event, as a listener gets it. */
export interface ClientEvent<Name extends string, Payload> {
  /** Name of the event. */
  readonly type: Name;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  /** What it tells. */
  readonly payload: Payload;
}

type Listener = (event: ClientEvent<string, unknown>) => void;

/** `Payloads`: by name of the event, what it tells. */
export class ClientEvents<Payloads extends object> {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #listeners = new Map<string, Set<Listener>>();

  constructor(dependencies: { readonly clock: Clock; readonly logger: Logger }) {
    this.#clock = dependencies.clock;
    this.#logger = dependencies.logger;
  }

  on<Name extends keyof Payloads & string>(
    name: Name,
    listener: (event: ClientEvent<Name, Payloads[Name]>) => void,
  ): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    const added = listener as unknown as Listener;
    listeners.add(added);
    return () => void listeners.delete(added);
  }

  /** Whether anybody listens: what is costly to tell need not be told otherwise. */
  has(name: keyof Payloads & string): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0;
  }

  emit<Name extends keyof Payloads & string>(name: Name, payload: Payloads[Name]): void {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined || listeners.size === 0) return;
    const event = { type: name, timestamp: this.#clock.nowMs(), payload };
    for (const listener of [...listeners]) {
      try {
        listener(event);
      } catch (error) {
        this.#logger.error({ error, event: name }, "a listener threw");
      }
    }
  }
}
