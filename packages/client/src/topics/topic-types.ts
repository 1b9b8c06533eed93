/** Types of the messages of a typed topic, for functions of applications that take or make them. */

import type { Message } from "../consumer/message.js";
import type { OutgoingMessage } from "../producer/outgoing-message.js";
import type { AnyTopic, Topic } from "./topic.js";

/** What a consumer gives as `message.key` of a topic: null where there is no key. */
export type KeyOf<Given extends AnyTopic> =
  Given extends Topic<string, infer Key, infer _Value, infer _KeyInput, infer _ValueInput> ? Key | null : never;

/** What a consumer gives as `message.value` of a topic: null where the key was deleted. */
export type ValueOf<Given extends AnyTopic> =
  Given extends Topic<string, infer _Key, infer Value, infer _KeyInput, infer _ValueInput> ? Value | null : never;

/** A message of a topic, or of any of several, as a consumer gives it; `topic` tells them apart. */
export type MessageOf<Given extends AnyTopic> =
  Given extends Topic<infer Name, infer Key, infer Value, infer _KeyInput, infer _ValueInput>
    ? Message<Key | null, Value | null, Name>
    : never;

/** A message of a topic as `send` takes it. */
export type OutgoingMessageOf<Given extends AnyTopic> =
  Given extends Topic<string, infer _Key, infer _Value, infer KeyInput, infer ValueInput>
    ? Omit<OutgoingMessage, "key" | "value"> & {
        /** Default null. Equal keys go to the same partition. */
        readonly key?: KeyInput | null | undefined;
        /** Null says "deleted" in a compacted topic. */
        readonly value: ValueInput | null;
      }
    : never;
