/**
 * A topic with types: what its keys and values are, and how they become bytes.
 *
 * Whatever takes the name of a topic takes one of these too. Both directions are synchronous; a schema that answers with a
 * promise is refused.
 */

import type { Serde } from "./serde.js";

const brand = Symbol.for("sluice.topic");

/** What a topic is to be created with, where it is not there yet. */
export interface TopicLayout {
  /** How many partitions. Undefined: the broker's default. */
  readonly partitions: number | undefined;
  /** How many brokers keep each partition. Undefined: the broker's default. */
  readonly replicationFactor: number | undefined;
  /** Settings that differ from the default; docs/configuration.md lists them. */
  readonly config: Readonly<Record<string, string | number | boolean>>;
}

/**
 * A topic as `defineTopic` gives it. `Key` and `Value` are what a consumer gets; `KeyInput` and `ValueInput` are what `send`
 * takes, which differs only where a schema changes what it reads.
 */
export class Topic<Name extends string = string, Key = unknown, Value = unknown, KeyInput = Key, ValueInput = Value>
  implements TopicLayout
{
  /** Name of the topic. */
  readonly name: Name;
  /** How its keys become bytes. */
  readonly key: Serde<Key, KeyInput>;
  /** How its values become bytes. */
  readonly value: Serde<Value, ValueInput>;
  /** How many partitions `createTopics` makes. Undefined: the broker's default. */
  readonly partitions: number | undefined;
  /** How many brokers keep each partition. Undefined: the broker's default. */
  readonly replicationFactor: number | undefined;
  /** Settings that `createTopics` gives it. */
  readonly config: Readonly<Record<string, string | number | boolean>>;
  /** Tells a topic of any copy of this package. */
  readonly [brand] = true;

  /** Made by `defineTopic`. */
  constructor(
    name: Name,
    serdes: { readonly key: Serde<Key, KeyInput>; readonly value: Serde<Value, ValueInput> },
    layout: Partial<TopicLayout> = {},
  ) {
    this.name = name;
    this.key = serdes.key;
    this.value = serdes.value;
    this.partitions = layout.partitions;
    this.replicationFactor = layout.replicationFactor;
    this.config = layout.config ?? {};
  }

  /** Its name: a topic stands wherever text is made of it. */
  toString(): Name {
    return this.name;
  }
}

/** Any topic with types. */
// biome-ignore lint/suspicious/noExplicitAny: keys and values stand in both directions, so no other type takes them all.
export type AnyTopic = Topic<string, any, any, any, any>;

/** True for a topic of any copy of this package. */
export function isTopic(given: unknown): given is AnyTopic {
  return typeof given === "object" && given !== null && brand in given;
}

/** The name of a topic that is given by name or with types. */
export function topicNameOf(given: string | AnyTopic): string {
  return isTopic(given) ? given.name : given;
}
