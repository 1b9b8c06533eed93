/**
 * Makes messages of typed topics: key and value are decoded once, when the message is given out, so that what cannot be
 * decoded is dealt with there and not in the middle of a handler. Untyped topics never come here.
 */

import { isSluiceError, SluiceError } from "@sluice/model";
import type { RecordView } from "@sluice/record";
import type { AnyTopic } from "../topics/topic.js";
import { decodePart } from "../topics/topic-codec.js";
import type { MessageOf } from "../topics/topic-types.js";
import { Message, type MessageSource } from "./message.js";

/**
 * `fail`: reading ends with DECODE_FAILED, at the same message each time, until somebody seeks past it. `skip`: it counts as
 * processed. `raw`: it is given out with its bytes as key and value, whatever their types say.
 */
export type DecodeErrorAction = "fail" | "skip" | "raw";

/** One action for all, or a function that chooses one; `message` has its bytes as key and value. */
export type DecodeErrorPolicy = DecodeErrorAction | ((error: SluiceError, message: Message) => DecodeErrorAction);

/** Messages of what is subscribed: those of typed topics are decoded. */
export type ConsumedMessage<Subscribed> = Subscribed extends AnyTopic ? MessageOf<Subscribed> : Message;

/** Makes the message of a record; undefined: it is skipped. @throws SluiceError DECODE_FAILED */
export type MessageMaker = (source: MessageSource, leaderEpoch: number, record: RecordView) => Message | undefined;

/** Knows which topics have types. */
export class TypedTopics {
  readonly #topics = new Map<string, AnyTopic>();
  readonly #policy: DecodeErrorPolicy;

  constructor(policy: DecodeErrorPolicy) {
    this.#policy = policy;
  }

  /** From now on the topic is decoded. */
  add(topic: AnyTopic): void {
    this.#topics.set(topic.name, topic);
  }

  /** Undefined: the topic has no types, and its messages are made without asking anybody. */
  makerFor(topic: string): MessageMaker | undefined {
    const typed = this.#topics.get(topic);
    if (typed === undefined) return undefined;
    const policy = this.#policy;
    return (source, leaderEpoch, record) => makeTyped(typed, policy, { source, leaderEpoch, record });
  }
}

function makeTyped(
  topic: AnyTopic,
  policy: DecodeErrorPolicy,
  from: { readonly source: MessageSource; readonly leaderEpoch: number; readonly record: RecordView },
): Message | undefined {
  const { source, leaderEpoch, record } = from;
  const where = { partition: source.partition, offset: record.offset };
  try {
    const key = decodePart(topic, "key", { ...where, bytes: record.key });
    const value = decodePart(topic, "value", { ...where, bytes: record.value });
    return new Message(source, leaderEpoch, record, { key, value });
  } catch (error) {
    if (!isSluiceError(error)) throw error;
    const raw = new Message(source, leaderEpoch, record);
    const action = typeof policy === "function" ? policy(error, raw) : policy;
    if (action === "skip") return undefined;
    if (action === "raw") return raw;
    if (action !== "fail")
      throw new SluiceError("INVALID_OPTION", {
        option: "onDecodeError",
        subject: "a consumer",
        reason: `it takes fail, skip or raw, not ${String(action)}`,
      });
    throw error;
  }
}
