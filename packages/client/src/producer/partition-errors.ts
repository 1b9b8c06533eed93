/** What the batches of one partition fail with: INDETERMINATE where they may be in the log, and nothing else then. */

import { isSluiceError, SluiceError, topicPartitionText } from "@sluice/model";
import type { ProducerSettings } from "./producer-options.js";

export class PartitionErrors {
  readonly #topic: string;
  readonly #partition: number;
  readonly #deliveryTimeoutMs: number;
  readonly #requestTimeoutMs: number;

  constructor(
    options: { readonly topic: string; readonly partition: number; readonly settings: ProducerSettings },
    limits: { readonly requestTimeoutMs: number },
  ) {
    this.#topic = options.topic;
    this.#partition = options.partition;
    this.#deliveryTimeoutMs = options.settings.deliveryTimeoutMs;
    this.#requestTimeoutMs = limits.requestTimeoutMs;
  }

  /** The stream broke before the answer. */
  broke(error: SluiceError): SluiceError {
    const reason = `the connection to the leader broke (${withoutStop(error)})`;
    return new SluiceError("INDETERMINATE", { operation: this.#operation, reason }, { cause: error });
  }

  /** Another broker leads the partition, and the one that did has not answered. */
  leaderMoved(): SluiceError {
    const reason = "another broker became the leader before the answer";
    return new SluiceError("INDETERMINATE", { operation: this.#operation, reason });
  }

  /** There was no answer in time. */
  noAnswer(): SluiceError {
    const timeoutMs = Math.min(this.#deliveryTimeoutMs, this.#requestTimeoutMs);
    return new SluiceError("REQUEST_TIMED_OUT", { operation: this.#operation, timeoutMs });
  }

  /** Time was over before the batch was sent, or could be sent again. */
  notSent(reason: string): SluiceError {
    const details = { topic: this.#topic, partition: this.#partition, timeoutMs: this.#deliveryTimeoutMs, reason };
    return new SluiceError("DELIVERY_TIMED_OUT", details);
  }

  /** Why nothing was sent: never an error that leaves open whether something was. */
  unsent(error: SluiceError): SluiceError {
    return isSluiceError(error, "REQUEST_TIMED_OUT") ? this.notSent(withoutStop(error)) : error;
  }

  /** The batch may be in the log, and `error` is the last that was heard of it. */
  indeterminate(error: SluiceError): SluiceError {
    if (error.code === "INDETERMINATE") return error;
    const reason = withoutStop(error);
    return new SluiceError("INDETERMINATE", { operation: this.#operation, reason }, { cause: error });
  }

  get #operation(): string {
    return `Producing to ${topicPartitionText(this.#topic, this.#partition)}`;
  }
}

/** A message as part of another sentence. */
function withoutStop(error: SluiceError): string {
  return error.message.replace(/\.$/, "");
}
