import { isSluiceError, type SluiceError } from "@sluice/model";
import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { defineTopic } from "./define-topic.js";
import type { Serde } from "./serde.js";
import { bytes, json, string, uint } from "./serdes.js";
import type { StandardSchemaV1 } from "./standard-schema.js";
import { type AnyTopic, isTopic } from "./topic.js";
import { decodePart, encodePart } from "./topic-codec.js";
import type { KeyOf, MessageOf, OutgoingMessageOf, ValueOf } from "./topic-types.js";

function errorOf(work: () => unknown): SluiceError {
  try {
    work();
  } catch (error) {
    if (isSluiceError(error)) return error;
    throw error;
  }
  throw new Error("it did not throw");
}

function decodeValue(topic: AnyTopic, text: string | Buffer): unknown {
  return decodePart(topic, "value", { bytes: Buffer.from(text as string), partition: 2, offset: 7 });
}

const order = z.object({ id: z.string(), cents: z.number().int(), note: z.string().default("none") });
const orders = defineTopic("orders", {
  key: string,
  value: order,
  partitions: 6,
  replicationFactor: 1,
  config: { "cleanup.policy": "compact" },
});

describe("a typed topic", () => {
  it("has a name, serdes and what it is created with", () => {
    expect(orders.name).toBe("orders");
    expect(`${orders}`).toBe("orders");
    expect(isTopic(orders)).toBe(true);
    expect(isTopic("orders")).toBe(false);
    expect(orders).toMatchObject({ partitions: 6, replicationFactor: 1, config: { "cleanup.policy": "compact" } });
    const plain = defineTopic("plain", { value: bytes });
    expect(plain.partitions).toBeUndefined();
    expect(plain.config).toEqual({});
  });

  it("gives types: what a consumer gets, and what send takes", () => {
    expectTypeOf<KeyOf<typeof orders>>().toEqualTypeOf<string | null>();
    expectTypeOf<ValueOf<typeof orders>>().toEqualTypeOf<{ id: string; cents: number; note: string } | null>();
    expectTypeOf<OutgoingMessageOf<typeof orders>["value"]>().toEqualTypeOf<{
      id: string;
      cents: number;
      note?: string | undefined;
    } | null>();
    expectTypeOf<MessageOf<typeof orders>["value"]>().toEqualTypeOf<ValueOf<typeof orders>>();
    expectTypeOf<MessageOf<typeof orders>["topic"]>().toEqualTypeOf<"orders">();
    const plain = defineTopic("plain", { value: uint });
    expectTypeOf<KeyOf<typeof plain>>().toEqualTypeOf<Buffer | null>();
    expectTypeOf<OutgoingMessageOf<typeof plain>["key"]>().toEqualTypeOf<string | Uint8Array | null | undefined>();
    expectTypeOf<OutgoingMessageOf<typeof plain>["value"]>().toEqualTypeOf<number | null>();
    // Messages of two topics are told apart by their topic.
    const told = (message: MessageOf<typeof orders | typeof plain>): void => {
      if (message.topic === "plain") expectTypeOf(message.value).toEqualTypeOf<number | null>();
    };
    expect(told).toBeTypeOf("function");
  });

  it("refuses what is no topic", () => {
    expect(errorOf(() => defineTopic("a/b", { value: string })).code).toBe("INVALID_TOPIC_NAME");
    expect(errorOf(() => defineTopic("t", { values: string } as never)).hint).toBe("Did you mean 'value'?");
    for (const value of [undefined, null, "string", {}, { encode: () => Buffer.alloc(0) }])
      expect(errorOf(() => defineTopic("t", { value } as never)).code).toBe("INVALID_OPTION");
    for (const partitions of [0, 1.5, "3"])
      expect(errorOf(() => defineTopic("t", { value: string, partitions } as never)).code).toBe("INVALID_OPTION");
  });

  it("keeps null as null, without asking the serde", () => {
    const never: Serde<string> = {
      encode: () => expect.fail("asked"),
      decode: () => expect.fail("asked"),
    };
    const topic = defineTopic("t", { key: never, value: never });
    expect(encodePart(topic, "key", undefined)).toBeNull();
    expect(encodePart(topic, "key", null)).toBeNull();
    expect(encodePart(topic, "value", null)).toBeNull();
    expect(decodePart(topic, "value", { bytes: null, partition: 0, offset: 0 })).toBeNull();
  });
});

describe("built-in serdes", () => {
  const context = { topic: "t", part: "value" } as const;

  it.each([
    ["string", string, "Grüße", "4772c3bcc39f65"],
    ["an empty string", string, "", ""],
    ["bytes", bytes, Buffer.from([0, 255]), "00ff"],
    ["uint 0", uint, 0, "0000000000000000"],
    ["uint", uint, 258, "0000000000000102"],
    ["the largest uint", uint, Number.MAX_SAFE_INTEGER, "001fffffffffffff"],
    ["json", json(), { a: [1, null] }, Buffer.from('{"a":[1,null]}').toString("hex")],
  ] as [string, Serde<unknown>, unknown, string][])("writes %s and reads it again", (_name, serde, value, hex) => {
    const encoded = Buffer.from(serde.encode(value, context));
    expect(encoded.toString("hex")).toBe(hex);
    expect(serde.decode(encoded, context)).toEqual(value);
  });

  it.each([
    [string, 7],
    [bytes, "text"],
    [uint, -1],
    [uint, 0.5],
    [uint, 2 ** 53],
    [uint, 1n],
    [json(), undefined],
    [json(), 1n],
  ] as [Serde<unknown>, unknown][])("refuse to write what they cannot", (serde, value) => {
    const topic = defineTopic("t", { value: serde });
    const error = errorOf(() => encodePart(topic, "value", value));
    expect(error.code).toBe("SCHEMA_MISMATCH");
    expect(error.cause).toBeInstanceOf(Error);
  });

  it.each([
    [string, "ff"],
    [uint, "00"],
    [uint, "ffffffffffffffff"],
    [json(), "7b"],
    [json(), "ff"],
  ] as [Serde<unknown>, string][])("refuse to read what they did not write", (serde, hex) => {
    const error = errorOf(() => decodeValue(defineTopic("t", { value: serde }), Buffer.from(hex, "hex")));
    expect(error.code).toBe("DECODE_FAILED");
    expect(error.details).toMatchObject({ part: "value", topic: "t", partition: 2, offset: 7 });
    expect(error.cause).toBeInstanceOf(Error);
  });
});

describe("a Standard Schema", () => {
  it("checks before a message is sent, and says what does not fit and where", () => {
    const error = errorOf(() => encodePart(orders, "value", { id: "o-1", cents: "12" }));
    expect(error.code).toBe("SCHEMA_MISMATCH");
    expect(error.message).toMatch(/The value of a message for topic 'orders' .*cents: /);
    expect((error.cause as Error).cause).toEqual([expect.objectContaining({ path: ["cents"] })]);
  });

  it("checks again when a message is read, and gives the schema's output", () => {
    const encoded = encodePart(orders, "value", { id: "o-1", cents: 12 });
    expect(String(encoded)).toBe('{"id":"o-1","cents":12}');
    expect(decodeValue(orders, Buffer.from(encoded as Uint8Array))).toEqual({ id: "o-1", cents: 12, note: "none" });
    expect(errorOf(() => decodeValue(orders, '{"id":"o-1"}')).code).toBe("DECODE_FAILED");
  });

  it("makes transformations once: the bytes carry the input", () => {
    const topic = defineTopic("t", { value: z.object({ at: z.iso.datetime().transform((text) => new Date(text)) }) });
    const sent = { at: "2026-01-02T03:04:05Z" };
    const encoded = encodePart(topic, "value", sent) as Buffer;
    expect(JSON.parse(encoded.toString())).toEqual(sent);
    expect(decodeValue(topic, encoded)).toEqual({ at: new Date(sent.at) });
  });

  it("is taken for a key too, and within json()", () => {
    const topic = defineTopic("t", { key: z.object({ shop: z.number() }), value: json(order) });
    expectTypeOf<KeyOf<typeof topic>>().toEqualTypeOf<{ shop: number } | null>();
    expect(String(encodePart(topic, "key", { shop: 3 }))).toBe('{"shop":3}');
    expect(errorOf(() => encodePart(topic, "value", {})).code).toBe("SCHEMA_MISMATCH");
  });

  it("may be a function, as schemas of arktype are", () => {
    const schema = Object.assign(() => undefined, {
      "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) },
    } as const) as StandardSchemaV1<number>;
    expect(decodeValue(defineTopic("t", { value: schema }), "7")).toBe(7);
  });

  it("is refused where it answers with a promise, in both directions, and its failure harms nobody", () => {
    const failing = {
      "~standard": { version: 1, vendor: "test", validate: async () => Promise.reject(new Error("late")) },
    } as StandardSchemaV1<string>;
    for (const value of [failing, z.string().refine(async () => true)]) {
      const topic = defineTopic("t", { value });
      expect(errorOf(() => encodePart(topic, "value", "a")).message).toMatch(/answers with a promise/);
      expect(errorOf(() => decodeValue(topic, '"a"')).code).toBe("DECODE_FAILED");
    }
  });

  it("is not needed: serdes of one's own are taken, and refused where they answer with a promise or no bytes", () => {
    const late = { encode: async () => Promise.reject(new Error("late")), decode: async () => "a" };
    const topic = defineTopic("t", { value: late as never });
    expect(errorOf(() => encodePart(topic, "value", "a")).code).toBe("SCHEMA_MISMATCH");
    expect(errorOf(() => decodeValue(topic, "a")).code).toBe("DECODE_FAILED");
    const text = defineTopic("t", { value: { encode: () => "text", decode: () => "a" } as never });
    expect(errorOf(() => encodePart(text, "value", "a")).message).toMatch(/did not answer with bytes/);
  });
});
