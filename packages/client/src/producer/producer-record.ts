/** What `send`, `sendBatch` and `write` take, and its check and encoding before anything is sent. */

import { SluiceError, topicName } from "@sluice/model";
import { replacedOptions } from "../kafkajs-options.js";
import { checkOptionNames, integerOption } from "../option-check.js";
import { type AnyTopic, isTopic } from "../topics/topic.js";
import { encodePart } from "../topics/topic-codec.js";
import type { OutgoingMessageOf } from "../topics/topic-types.js";
import { checkMessages, type OutgoingMessage } from "./outgoing-message.js";
import type { Delivery } from "./pending-send.js";
import {
  type Acks,
  acksName,
  type Compression,
  checkIdempotence,
  compressionCodec,
  type ProducerSettings,
} from "./producer-options.js";

/** A topic by its name, or as `defineTopic` gave it. */
export type TopicToSend = string | AnyTopic;

/** A message for that topic: text and bytes for one that is given by name, else what its schema takes. */
export type MessageFor<Given extends TopicToSend> = Given extends AnyTopic ? OutgoingMessageOf<Given> : OutgoingMessage;

/** How to send. Names as in kafkajs. */
export interface SendOptions {
  /** Default: that of the producer. Other than `all`, the records are not numbered, whatever the producer's default is. */
  readonly acks?: Acks | undefined;
  /** Milliseconds until the messages are acknowledged or have failed. Default: `deliveryTimeoutMs` of the producer. */
  readonly timeout?: number | undefined;
  /** Default: that of the producer. */
  readonly compression?: Compression | undefined;
}

/** Messages for one topic. */
export interface TopicMessages<Given extends TopicToSend = string> {
  /** By name, or as `defineTopic` gave it. */
  readonly topic: Given;
  /** The messages, in order. */
  readonly messages: readonly MessageFor<Given>[];
}

/** What `send` takes. */
export interface ProducerRecord<Given extends TopicToSend = string> extends TopicMessages<Given>, SendOptions {}

/** What `sendBatch` takes. */
export interface ProducerBatch<Topics extends readonly TopicToSend[] = readonly TopicToSend[]> extends SendOptions {
  /** Messages, by topic; a topic may be there more than once. */
  readonly topicMessages: readonly [...{ [Index in keyof Topics]: TopicMessages<Topics[Index]> }];
}

/** Messages for one topic, checked and encoded. */
export interface CheckedMessages {
  readonly topic: string;
  /** As the application gave them. */
  readonly given: readonly OutgoingMessage[];
  /** With text and bytes alone. */
  readonly messages: readonly OutgoingMessage[];
}

const sendNames = [
  "topic",
  "messages",
  "acks",
  "timeout",
  "compression",
] as const satisfies readonly (keyof ProducerRecord)[];
const batchNames = [
  "topicMessages",
  "acks",
  "timeout",
  "compression",
] as const satisfies readonly (keyof ProducerBatch)[];
const topicMessagesNames = ["topic", "messages"] as const satisfies readonly (keyof TopicMessages)[];
const replacedInSend = replacedOptions("send");
const replacedInBatch = replacedOptions("sendBatch");
/** Different deliveries that are kept; a program that has more of them is not worth a cache. */
const deliveriesMax = 100;

/** @throws SluiceError UNKNOWN_OPTION, INVALID_REQUEST, INVALID_TOPIC_NAME, SCHEMA_MISMATCH */
export function checkRecord(record: ProducerRecord<never>): CheckedMessages {
  checkOptionNames("send", record, sendNames, replacedInSend);
  return checkTopicMessages(record);
}

/** @throws SluiceError UNKNOWN_OPTION, INVALID_REQUEST, INVALID_TOPIC_NAME, SCHEMA_MISMATCH */
export function checkBatch(batch: ProducerBatch<never>): CheckedMessages[] {
  checkOptionNames("sendBatch", batch, batchNames, replacedInBatch);
  const topicMessages = batch.topicMessages as readonly TopicMessages<never>[];
  if (!Array.isArray(topicMessages))
    throw new SluiceError("INVALID_REQUEST", { reason: "topicMessages is not an array" });
  return topicMessages.map((one) => {
    checkOptionNames("sendBatch", one, topicMessagesNames);
    return checkTopicMessages(one);
  });
}

/** @throws SluiceError INVALID_REQUEST, INVALID_TOPIC_NAME, SCHEMA_MISMATCH, UNKNOWN_OPTION, INVALID_TIMESTAMP */
export function checkTopicMessages({ topic, messages }: TopicMessages<never>): CheckedMessages {
  const given = topic as TopicToSend;
  const list = messages as readonly OutgoingMessage[];
  const name = topicName(isTopic(given) ? given.name : given);
  if (!isTopic(given)) {
    checkMessages(list);
    return { topic: name, given: list, messages: list };
  }
  const encoded = Array.isArray(list) ? list.map((message: OutgoingMessage) => encodedMessage(given, message)) : list;
  checkMessages(encoded);
  return { topic: name, given: list, messages: encoded };
}

function encodedMessage(topic: AnyTopic, message: OutgoingMessage): OutgoingMessage {
  // What is no message is refused by the check that follows.
  if (typeof message !== "object" || message === null) return message;
  const { key, value } = message;
  return { ...message, key: encodePart(topic, "key", key), value: encodePart(topic, "value", value) };
}

/** The deliveries of a producer: one object for each kind, so that sends of a kind share batches. */
export class Deliveries {
  readonly #settings: ProducerSettings;
  readonly #default: Delivery;
  readonly #known = new Map<string, Delivery>();

  constructor(settings: ProducerSettings) {
    this.#settings = settings;
    const { acks, compression, deliveryTimeoutMs: timeoutMs } = settings;
    this.#default = { acks, compression, timeoutMs };
  }

  /** @throws SluiceError INVALID_OPTION */
  of({ acks, timeout, compression }: SendOptions, owner: string): Delivery {
    if (acks === undefined && timeout === undefined && compression === undefined) return this.#default;
    const wanted: Delivery = {
      acks: acks === undefined ? this.#default.acks : acksName(acks, owner),
      compression: compression === undefined ? this.#default.compression : compressionCodec(compression, owner),
      timeoutMs: integerOption({ subject: owner, option: "timeout" }, timeout, {
        fallback: this.#default.timeoutMs,
        min: 1,
        max: 86_400_000,
      }),
    };
    checkIdempotence(this.#settings.isIdempotenceAsked, wanted.acks, owner);
    return this.#shared(wanted);
  }

  #shared(wanted: Delivery): Delivery {
    if (isSame(wanted, this.#default)) return this.#default;
    const key = `${wanted.acks} ${wanted.compression} ${wanted.timeoutMs}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= deliveriesMax) this.#known.clear();
    this.#known.set(key, wanted);
    return wanted;
  }
}

function isSame(left: Delivery, right: Delivery): boolean {
  return left.acks === right.acks && left.compression === right.compression && left.timeoutMs === right.timeoutMs;
}
