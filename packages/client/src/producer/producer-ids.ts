/**
 * The id under which a producer numbers its batches, asked of any broker when it is first needed.
 *
 * An id is never given out twice by a cluster. A partition that must begin anew counts up the epoch by itself, because nobody
 * else has the id; only where epochs run out, or a broker says that somebody else has the id, another one is asked for.
 */

import { type SluiceError, toSluiceError } from "@sluice/model";
import { logService } from "@sluice/protocol";
import type { BrokerConnections } from "../broker-connections.js";

/** Who sends: a producer id and an epoch of it. */
export interface ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

export class ProducerIds {
  readonly #connections: BrokerConnections;
  readonly #signal: AbortSignal;
  #current: ProducerIdentity | undefined;
  #isAsking = false;
  #waiting: ((error: SluiceError | undefined) => void)[] = [];

  /** @param dependencies.signal aborts when the producer is closed. */
  constructor(dependencies: { readonly connections: BrokerConnections; readonly signal: AbortSignal }) {
    this.#connections = dependencies.connections;
    this.#signal = dependencies.signal;
  }

  /** Undefined: `whenReady` asks for one. */
  get current(): ProducerIdentity | undefined {
    return this.#current;
  }

  /** Calls back once there is an id, or with why there is none. */
  whenReady(callback: (error: SluiceError | undefined) => void): void {
    this.#waiting.push(callback);
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#connections.callAny(logService.initProducerId, {}, { signal: this.#signal }).then(
      (identity) => {
        this.#current = identity;
        this.#tell(undefined);
      },
      (error: unknown) => this.#tell(toSluiceError(error)),
    );
  }

  /** That id is used up. Another partition may have said so before. */
  discard(producerId: number): void {
    if (this.#current?.producerId === producerId) this.#current = undefined;
  }

  #tell(error: SluiceError | undefined): void {
    this.#isAsking = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const callback of waiting) callback(error);
  }
}
