/**
 * defineTopic: the one place where a topic gets its types.
 *
 *     const orders = defineTopic("orders", { key: string, value: z.object({ id: z.string(), cents: z.number() }) });
 *     await producer.send({ topic: orders, messages: [{ key: "o-1", value: { id: "o-1", cents: 1250 } }] });
 */

import { SluiceError, topicName } from "@sluice/model";
import { checkOptionNames, integerOption } from "../option-check.js";
import type { Serde } from "./serde.js";
import { isStandardSchema, json, textOrBytes } from "./serdes.js";
import type { StandardSchemaV1 } from "./standard-schema.js";
import { Topic } from "./topic.js";

/** What a key or a value is: a serde, or a schema of any library of Standard Schema, whose values travel as JSON. */
// biome-ignore lint/suspicious/noExplicitAny: types stand in both directions, so no other type takes them all.
export type SerdeOrSchema = Serde<any, any> | StandardSchemaV1<any, any>;

/** What a consumer gets of `Given`: a schema's output, a serde's type. */
export type DecodedBy<Given> =
  Given extends StandardSchemaV1<infer _Input, infer Output>
    ? Output
    : Given extends Serde<infer Type, infer _Input>
      ? Type
      : never;

/** What `send` takes for `Given`: a schema's input, a serde's input. */
export type EncodedBy<Given> =
  Given extends StandardSchemaV1<infer Input, infer _Output>
    ? Input
    : Given extends Serde<infer _Type, infer Input>
      ? Input
      : never;

/** What a topic is. */
export interface TopicDefinition<
  Key extends SerdeOrSchema = SerdeOrSchema,
  Value extends SerdeOrSchema = SerdeOrSchema,
> {
  /** What its keys are. Default: text or bytes to send, bytes when read. */
  readonly key?: Key | undefined;
  /** What its values are. */
  readonly value: Value;
  /** How many partitions `createTopics` makes. Default: the broker's. */
  readonly partitions?: number | undefined;
  /** How many brokers keep each partition. Default: the broker's. */
  readonly replicationFactor?: number | undefined;
  /** Settings that `createTopics` gives it; docs/configuration.md lists them. */
  readonly config?: Readonly<Record<string, string | number | boolean>> | undefined;
}

const names = [
  "key",
  "value",
  "partitions",
  "replicationFactor",
  "config",
] as const satisfies readonly (keyof TopicDefinition)[];

/**
 * Says what the keys and values of a topic are. It asks no broker: `admin.createTopics({ topics: [orders] })` creates it.
 * @throws SluiceError INVALID_TOPIC_NAME, UNKNOWN_OPTION, INVALID_OPTION
 */
export function defineTopic<
  const Name extends string,
  Value extends SerdeOrSchema,
  Key extends SerdeOrSchema = typeof textOrBytes,
>(
  name: Name,
  definition: TopicDefinition<Key, Value>,
): Topic<Name, DecodedBy<Key>, DecodedBy<Value>, EncodedBy<Key>, EncodedBy<Value>> {
  const subject = `topic '${topicName(name)}'`;
  checkOptionNames(subject, definition, names);
  const key = serdeOf(subject, "key", definition.key ?? textOrBytes);
  const value = serdeOf(subject, "value", definition.value);
  return new Topic(name, { key, value } as never, {
    partitions: countOf(subject, "partitions", definition.partitions),
    replicationFactor: countOf(subject, "replicationFactor", definition.replicationFactor),
    config: definition.config ?? {},
  });
}

function serdeOf(subject: string, option: "key" | "value", given: unknown): Serde<unknown> {
  // First: schemas of zod have methods `encode` and `decode` too.
  if (isStandardSchema(given)) return json(given);
  const serde = given as Partial<Serde<unknown>> | null | undefined;
  if (typeof serde?.encode === "function" && typeof serde.decode === "function") return serde as Serde<unknown>;
  throw new SluiceError("INVALID_OPTION", {
    option,
    subject,
    reason: "it takes a serde (string, bytes, uint, json()), or a schema of Standard Schema",
  });
}

function countOf(subject: string, option: string, given: number | undefined): number | undefined {
  if (given === undefined) return undefined;
  return integerOption({ subject, option }, given, { fallback: 1, min: 1, max: 0x7fffffff });
}
