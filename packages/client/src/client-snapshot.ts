/** What a client is doing at a moment: for a diagnostics page, a bug report, or a look from a debugger. Asks nobody. */

import type { ConsumerHealth, PartitionPosition } from "./consumer/consumer-types.js";

/** One producer of a client. */
export interface ProducerSnapshot {
  /** Bytes that are sent or wait to be sent, and are not answered yet. */
  readonly bufferedBytes: number;
  /** Messages that are not answered yet. */
  readonly bufferedMessages: number;
}

/** One consumer of a client. */
export interface ConsumerSnapshot {
  /** Whether it goes on, and when it last gave out a message. */
  readonly health: ConsumerHealth;
  /** For each partition that it reads, the offset of the message that is given out next. */
  readonly positions: readonly PartitionPosition[];
}

/** A client at a moment. */
export interface ClientSnapshot {
  /** Name that the client gives to brokers. */
  readonly clientId: string;
  /** Addresses to which connections were made, `host:port`, with `#1`, `#2` ... for further connections to the same broker. */
  readonly connections: readonly string[];
  /** What it knows of the cluster. */
  readonly metadata: {
    /** Milliseconds since a broker last told of the cluster. Undefined: none has yet. */
    readonly ageMs: number | undefined;
    /** How many topics it knows. */
    readonly topics: number;
  };
  /** Its producers that are not closed. */
  readonly producers: readonly ProducerSnapshot[];
  /** Its consumers that are not closed. */
  readonly consumers: readonly ConsumerSnapshot[];
}
