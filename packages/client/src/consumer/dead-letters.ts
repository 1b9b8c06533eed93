/**
 * Writes messages that were given up to a dead-letter topic: their key, value and headers as they were, and headers that tell
 * where they are from and why.
 *
 * A message is written before anything behind it is committed, and `write` ends when all in-sync replicas have it. Headers
 * `sluice-dlt-*` that a message already has, because it was given up once before, are replaced: they tell of the last time.
 */

import { toSluiceError } from "@sluice/model";
import type { ClientDependencies } from "../client-dependencies.js";
import type { MessageBytes } from "../producer/outgoing-message.js";
import { Producer } from "../producer/producer.js";
import type { AnyMessage } from "./message.js";

const prefix = "sluice-dlt-";

export class DeadLetters {
  readonly #topic: string;
  readonly #groupId: string | undefined;
  readonly #dependencies: ClientDependencies;
  #producer: Producer | undefined;

  constructor(topic: string, groupId: string | undefined, dependencies: ClientDependencies) {
    this.#topic = topic;
    this.#groupId = groupId;
    this.#dependencies = dependencies;
  }

  get topic(): string {
    return this.#topic;
  }

  /**
   * Resolves when the message is written, and acknowledged by all in-sync replicas.
   * @throws SluiceError what the producer throws; its cause is why the message was given up
   */
  async write(message: AnyMessage, given: { readonly error: unknown; readonly attempts: number }): Promise<void> {
    this.#producer ??= new Producer({ acks: "all" }, { ...this.#dependencies, onClosed: () => undefined });
    const { key, value } = message.raw;
    const timestamp = message.timestamp < 0 ? {} : { timestamp: message.timestamp };
    const headers = this.#headers(message, given);
    const topic = this.#topic;
    try {
      await this.#producer.send({ topic, messages: [{ key, value, headers, ...timestamp }] });
    } catch (thrown) {
      const error = toSluiceError(thrown);
      this.#dependencies.logger.error(
        { error, deadLetterTopic: topic, topic: message.topic, partition: message.partition, offset: message.offset },
        "could not write to the dead-letter topic",
      );
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#producer?.close();
  }

  #headers(
    message: AnyMessage,
    { error, attempts }: { readonly error: unknown; readonly attempts: number },
  ): Record<string, MessageBytes | readonly MessageBytes[]> {
    const headers = Object.create(null) as Record<string, MessageBytes | readonly MessageBytes[]>;
    for (const [name, value] of Object.entries(message.headers)) if (!name.startsWith(prefix)) headers[name] = value;
    const isError = error instanceof Error;
    const told = {
      topic: message.topic,
      partition: `${message.partition}`,
      offset: `${message.offset}`,
      timestamp: `${message.timestamp}`,
      group: this.#groupId ?? "",
      attempts: `${attempts}`,
      "error-class": isError ? error.name : typeof error,
      "error-message": (isError ? error.message : String(error)).slice(0, 1000),
    };
    for (const [name, value] of Object.entries(told)) headers[`${prefix}${name}`] = value;
    return headers;
  }
}
