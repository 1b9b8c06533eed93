/**
 * A topic with types: what its keys and values are, and how they become bytes.
 *
 * Whatever takes the name of a topic takes one of these too. Both directions are synchronous; a schema that answers with a
 * promise is refused.
 */

import type { Serde } from "./serde.js";

const brand = Symbol.for("sluice.topic");

export interface TopicOptions<Key, Value> {
  readonly key?: Serde<Key> | undefined;
  readonly value: Serde<Value>;
}

export class Topic<Name extends string = string, Key = unknown, Value = unknown> {
  readonly name: Name;
  readonly key: Serde<Key>;
  readonly value: Serde<Value>;
  readonly [brand] = true;

  /** Made by `defineTopic`. */
  constructor(name: Name, serdes: { readonly key: Serde<Key>; readonly value: Serde<Value> }) {
    this.name = name;
    this.key = serdes.key;
    this.value = serdes.value;
  }
}

/** Any topic with types. */
// biome-ignore lint/suspicious/noExplicitAny: keys and values stand in both directions, so no other type takes them all.
export type AnyTopic = Topic<string, any, any>;

/** True for a topic of any copy of this package. */
export function isTopic(given: unknown): given is AnyTopic {
  return typeof given === "object" && given !== null && brand in given;
}
