/** Messages of typed topics, decoded when they are given out. */

import { RecordBatchBuilder } from "@sluice/record";
import { describe, expect, expectTypeOf, it } from "vitest";
import { FakeCluster } from "../testing/fake-cluster.js";
import { settled, testClient } from "../testing/test-client.js";
import { defineTopic } from "../topics/define-topic.js";
import { json, string } from "../topics/serdes.js";
import type { Message } from "./message.js";
import type { DecodeErrorPolicy } from "./typed-messages.js";

interface Order {
  readonly cents: number;
}

const orders = defineTopic("orders", { key: string, value: json<Order>() });

function filled(...values: readonly (string | null)[]): FakeCluster {
  const cluster = new FakeCluster({ brokers: 1 });
  for (const topic of ["orders", "plain"]) {
    cluster.createTopic(topic, 1);
    const builder = new RecordBatchBuilder();
    values.forEach((value, index) => {
      builder.append({
        timestampMs: 1000 + index,
        key: Buffer.from(`k${index}`),
        value: value === null ? null : Buffer.from(value),
      });
    });
    cluster.append(topic, 0, builder.build());
  }
  return cluster;
}

const fromStart = (topic = "orders") => [{ topic, partition: 0, offset: 0 }];

describe("messages of a typed topic", () => {
  it("have decoded keys and values, the bytes beside them, and the types of the topic", async () => {
    await using client = testClient(filled('{"cents":12}', null));
    const consumer = client.consumer({ topics: [orders] });
    await consumer.assign(fromStart());
    const seen: unknown[] = [];
    for await (const message of consumer) {
      expectTypeOf(message).toEqualTypeOf<Message<string | null, Order | null, "orders">>();
      seen.push([message.key, message.value?.cents, String(message.raw.key), message.attempt]);
      if (message.offset === 1) break;
    }
    expect(seen).toEqual([
      ["k0", 12, "k0", 1],
      ["k1", undefined, "k1", 1],
    ]);
    for await (const message of consumer.read({ topic: orders })) {
      expectTypeOf(message.value).toEqualTypeOf<Order | null>();
      expect([message.key, message.value]).toEqual(message.offset === 0 ? ["k0", { cents: 12 }] : ["k1", null]);
    }
    for await (const message of consumer.read({ topic: "orders", limit: 1 })) {
      expectTypeOf(message.value).toEqualTypeOf<Buffer | null>();
      expect(String(message.value)).toBe('{"cents":12}');
    }
  });

  it("may stand beside those of topics without types", async () => {
    await using client = testClient(filled('{"cents":12}'));
    const consumer = client.consumer({ topics: [orders, "plain"] });
    await consumer.assign([...fromStart(), ...fromStart("plain")]);
    const seen = new Map<string, unknown>();
    for await (const message of consumer) {
      seen.set(message.topic, message.value);
      if (seen.size === 2) break;
    }
    expect(seen.get("orders")).toEqual({ cents: 12 });
    expect(String(seen.get("plain"))).toBe('{"cents":12}');
  });
});

describe("a message that cannot be decoded", () => {
  const values = ['{"cents":1}', "{", '{"cents":3}'];

  it("ends reading, at the same message each time, until somebody seeks past it", async () => {
    await using client = testClient(filled(...values));
    const consumer = client.consumer({ topics: [orders] });
    await consumer.assign(fromStart());
    const offsets: number[] = [];
    const read = async (): Promise<void> => {
      for await (const { offset } of consumer) if (offsets.push(offset) === 3) break;
    };
    await expect(read()).rejects.toMatchObject({ code: "DECODE_FAILED" });
    await expect(read()).rejects.toMatchObject({ code: "DECODE_FAILED", details: { offset: 1 } });
    expect(offsets).toEqual([0]);
    await consumer.seek({ topic: "orders", partition: 0, offset: 2 });
    const { value } = await consumer.messages().next();
    expect(value?.value).toEqual({ cents: 3 });
  });

  it.each<[DecodeErrorPolicy, unknown[]]>([
    ["skip", [1, 3]],
    ["raw", [1, "{", 3]],
    [(_error: unknown, { offset }: Message) => (offset === 1 ? "skip" : "fail"), [1, 3]],
  ])("is dealt with as onDecodeError %s says, in messages and in batches", async (onDecodeError, expected) => {
    await using client = testClient(filled(...values));
    const consumer = client.consumer({ groupId: "g", topics: [orders], onDecodeError });
    await consumer.assign(fromStart());
    const plain = (value: unknown) => (Buffer.isBuffer(value) ? String(value) : (value as Order).cents);
    const seen: unknown[] = [];
    for await (const message of consumer) {
      seen.push(plain(message.value));
      if (message.offset === 2) break;
    }
    expect(seen).toEqual(expected);
    await consumer.seek({ topic: "orders", offset: 0 });
    for await (const batch of consumer.batches()) {
      expect(batch.messages.map(({ value }) => plain(value))).toEqual(expected);
      break;
    }
  });

  it("does not keep what stands before it in its batch from being processed", async () => {
    const cluster = filled(...values);
    await using client = testClient(cluster);
    const consumer = client.consumer({ groupId: "g", topics: [orders] });
    await consumer.assign(fromStart());
    const sizes: number[] = [];
    const { finished } = await consumer.run({
      eachBatch: ({ batch }) => {
        sizes.push(batch.messages.length);
      },
    });
    await expect(finished).rejects.toMatchObject({ code: "DECODE_FAILED", details: { offset: 1 } });
    expect(sizes).toEqual([1]);
    expect(cluster.committed.get("orders-0")).toBe(1);
  });

  it("ends a run with keys in parallel, and nothing behind it is committed", async () => {
    const cluster = filled(...values);
    await using client = testClient(cluster);
    const consumer = client.consumer({ groupId: "g", topics: [orders] });
    await consumer.assign(fromStart());
    const { finished } = await consumer.run({ keyConcurrency: 4, eachMessage: () => settled() });
    await expect(finished).rejects.toMatchObject({ code: "DECODE_FAILED", details: { offset: 1 } });
    expect(cluster.committed.get("orders-0")).toBe(1);
  });
});
