/** A typed topic from one end of the client to the other: types, encoding, decoding, and what does not fit. */

import { isSluiceError, type SluiceError } from "@sluice/model";
import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { FakeCluster } from "../testing/fake-cluster.js";
import { testClient } from "../testing/test-client.js";
import { defineTopic } from "./define-topic.js";
import { string, uint } from "./serdes.js";

const orders = defineTopic("orders", {
  key: string,
  value: z.object({ cents: z.number().int(), note: z.string().default("none") }),
});
const counts = defineTopic("counts", { value: uint });

function errorOf(promise: Promise<unknown>): Promise<SluiceError> {
  return promise.then(
    () => Promise.reject(new Error("it resolved")),
    (error: unknown) => (isSluiceError(error) ? error : Promise.reject(error as Error)),
  );
}

function cluster(): FakeCluster {
  const made = new FakeCluster({ brokers: 1 });
  made.createTopic("orders", 1);
  made.createTopic("counts", 1);
  return made;
}

describe("a client with typed topics", () => {
  it("sends what the schema takes, and reads what it gives", async () => {
    const fake = cluster();
    await using client = testClient(fake);
    await client.producer().send({ topic: orders, messages: [{ key: "o-1", value: { cents: 12 } }] });
    expect(fake.values("orders", 0)).toEqual(['{"cents":12}']);
    const consumer = client.consumer({ topics: [orders] });
    for await (const message of consumer.read({ topic: orders, from: "earliest", limit: 1 })) {
      expectTypeOf(message.key).toEqualTypeOf<string | null>();
      expectTypeOf(message.value).toEqualTypeOf<{ cents: number; note: string } | null>();
      expectTypeOf(message.topic).toEqualTypeOf<"orders">();
      expect(message.key).toBe("o-1");
      expect(message.value).toEqual({ cents: 12, note: "none" });
      expect(String(message.raw.value)).toBe('{"cents":12}');
    }
  });

  it("does not compile what does not fit, and refuses it before anything is sent", async () => {
    const fake = cluster();
    await using client = testClient(fake);
    const producer = client.producer();
    const good = { key: "o-1", value: { cents: 1 } };
    // @ts-expect-error: cents is a number.
    const wrong = producer.send({ topic: orders, messages: [good, { key: "o-2", value: { cents: "12" } }] });
    expect((await errorOf(wrong)).code).toBe("SCHEMA_MISMATCH");
    // @ts-expect-error: keys of orders are text.
    expect((await errorOf(producer.send({ topic: orders, messages: [{ ...good, key: 7 }] }))).code).toBe(
      "SCHEMA_MISMATCH",
    );
    // @ts-expect-error: an untyped topic takes text and bytes.
    expect((await errorOf(producer.send({ topic: "orders", messages: [{ value: { cents: 1 } }] }))).code).toBe(
      "INVALID_REQUEST",
    );
    expect(fake.values("orders", 0)).toEqual([]);
  });

  it("tells the messages of several topics apart", async () => {
    const fake = cluster();
    await using client = testClient(fake);
    await client.producer().sendBatch({
      topicMessages: [
        { topic: orders, messages: [{ key: "o-1", value: { cents: 12 } }] },
        { topic: counts, messages: [{ value: 7 }] },
      ],
    });
    const consumer = client.consumer({ topics: [orders, counts] });
    await consumer.assign(["orders", "counts"].map((topic) => ({ topic, partition: 0, offset: "earliest" as const })));
    const seen: unknown[] = [];
    for await (const message of consumer) {
      if (message.topic === "counts") {
        expectTypeOf(message.value).toEqualTypeOf<number | null>();
        seen.push(message.value);
      } else {
        expectTypeOf(message.value).toEqualTypeOf<{ cents: number; note: string } | null>();
        seen.push(message.value?.cents);
      }
      if (seen.length === 2) break;
    }
    expect(seen.sort()).toEqual([12, 7]);
  });

  it("says which message cannot be decoded", async () => {
    const fake = cluster();
    await using client = testClient(fake);
    await client.producer().send({ topic: "orders", messages: [{ value: "no JSON" }] });
    const consumer = client.consumer({ topics: [orders] });
    await consumer.assign([{ topic: "orders", partition: 0, offset: 0 }]);
    const read = (async () => {
      for await (const message of consumer) expect.fail(String(message.offset));
    })();
    const error = await errorOf(read);
    expect(error.code).toBe("DECODE_FAILED");
    expect(error.details).toMatchObject({ part: "value", topic: "orders", partition: 0, offset: 0 });
    expect(error.cause).toBeInstanceOf(SyntaxError);
  });
});
