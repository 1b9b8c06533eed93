/**
 * What a TypeScript program sees of the public door: which types it infers, and what it does not compile. `tsc -p test` is what
 * can fail here; nothing is connected.
 */

import { expectTypeOf, it, onTestFinished } from "vitest";
import { z } from "zod";
import {
  type Admin,
  type BatchProcessEvent,
  type ClusterDescription,
  CompressionTypes,
  type ConsumedMessage,
  type Consumer,
  type DeliveryError,
  defineTopic,
  type ErrorCode,
  isSluiceError,
  json,
  type Message,
  type MessageBatch,
  type MessageOf,
  type OutgoingMessageOf,
  PartitionAssigners,
  Partitioners,
  type RecordMetadata,
  Sluice,
  SluiceError,
  string,
  type TopicOffset,
  uint,
} from "./index.js";

const orders = defineTopic("orders", {
  key: string,
  value: z.object({ item: z.string(), count: z.number().default(1) }),
});
const counts = defineTopic("counts", { value: uint });
const events = defineTopic("events", { value: json<{ readonly kind: "a" | "b" }>() });

interface Order {
  item: string;
  count: number;
}

function sluice(): Sluice {
  const client = new Sluice({ brokers: "localhost:1" });
  onTestFinished(() => client.close());
  return client;
}

/** Compiled, and never run. */
function compiled(_work: () => unknown): void {}

it("a producer takes text and bytes for a topic by name, and what the schema takes for a typed one", () => {
  const producer = sluice().producer();
  compiled(() => {
    expectTypeOf(producer.send({ topic: "t", messages: [{ value: "v" }] })).resolves.toEqualTypeOf<RecordMetadata[]>();
    void producer.send({
      topic: orders,
      messages: [
        { key: "k", value: { item: "tea" } },
        { key: "k", value: null },
      ],
    });
    // @ts-expect-error: an untyped topic takes no objects.
    void producer.send({ topic: "t", messages: [{ value: { item: "tea" } }] });
    // @ts-expect-error: count is a number.
    void producer.send({ topic: orders, messages: [{ value: { item: "tea", count: "2" } }] });
    // @ts-expect-error: a misspelled option.
    void producer.send({ topic: "t", messages: [], ack: "all" });
    // @ts-expect-error: no such acks.
    void producer.send({ topic: "t", messages: [], acks: 2 });
    void producer.sendBatch({
      topicMessages: [
        { topic: counts, messages: [{ value: 3 }] },
        { topic: "t", messages: [{ value: Buffer.from("v") }] },
      ],
    });
    // @ts-expect-error: each topic of a batch has types of its own.
    void producer.sendBatch({ topicMessages: [{ topic: counts, messages: [{ value: "3" }] }] });
    expectTypeOf(producer.write(counts, { value: 1 })).toEqualTypeOf<boolean>();
  });
  expectTypeOf<OutgoingMessageOf<typeof orders>["value"]>().toEqualTypeOf<{
    item: string;
    count?: number | undefined;
  } | null>();
});

it("a consumer gives the messages of its topics, told apart by their topic", () => {
  const client = sluice();
  const untyped = client.consumer({ groupId: "g" });
  expectTypeOf(untyped).toEqualTypeOf<Consumer<Message>>();
  expectTypeOf<Message["value"]>().toEqualTypeOf<Buffer | null>();
  const both = client.consumer({ groupId: "g", topics: [orders, events] });
  expectTypeOf(both).toEqualTypeOf<Consumer<MessageOf<typeof orders> | MessageOf<typeof events>>>();
  compiled(async () => {
    for await (const message of both) {
      expectTypeOf(message.topic).toEqualTypeOf<"orders" | "events">();
      expectTypeOf(message.offset).toEqualTypeOf<number>();
      expectTypeOf(message.raw.value).toEqualTypeOf<Buffer | null>();
      if (message.topic === "orders") {
        expectTypeOf(message.value).toEqualTypeOf<Order | null>();
        expectTypeOf(message.key).toEqualTypeOf<string | null>();
      } else expectTypeOf(message.value).toEqualTypeOf<{ readonly kind: "a" | "b" } | null>();
    }
    for await (const batch of both.batches())
      expectTypeOf(batch).toEqualTypeOf<MessageBatch<MessageOf<typeof orders> | MessageOf<typeof events>>>();
    await both.run({
      eachMessage: ({ message, signal }) => {
        expectTypeOf(message).toEqualTypeOf<MessageOf<typeof orders> | MessageOf<typeof events>>();
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
      },
    });
    for await (const message of untyped.read({ topic: counts, from: "earliest" }))
      expectTypeOf(message.value).toEqualTypeOf<number | null>();
    await untyped.seek({ topic: "t", partition: 0, offset: "12" });
    // @ts-expect-error: a place is a number, text, or a time.
    await untyped.seek({ topic: "t", partition: 0, offset: { time: 0 } });
  });
  expectTypeOf<ConsumedMessage<string | RegExp>>().toEqualTypeOf<Message>();
});

it("events have the payload of their name", () => {
  const client = sluice();
  const [producer, consumer] = [client.producer(), client.consumer({ groupId: "g" })];
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ type, timestamp, payload }) => {
    expectTypeOf(type).toEqualTypeOf<"consumer.end_batch_process">();
    expectTypeOf(timestamp).toEqualTypeOf<number>();
    expectTypeOf(payload).toEqualTypeOf<BatchProcessEvent & { readonly duration: number }>();
  });
  consumer.on("consumer.crash", ({ payload }) => expectTypeOf(payload.error).toEqualTypeOf<Error>());
  producer.on("deliveryError", ({ payload }) => expectTypeOf(payload).toEqualTypeOf<DeliveryError>());
  // @ts-expect-error: no such event.
  compiled(() => consumer.on("consumer.crashed", () => undefined));
});

it("an admin answers in types of its own", () => {
  const admin = sluice().admin();
  expectTypeOf(admin).toEqualTypeOf<Admin>();
  expectTypeOf<ReturnType<Admin["listTopics"]>>().resolves.toEqualTypeOf<string[]>();
  expectTypeOf<ReturnType<Admin["createTopics"]>>().resolves.toEqualTypeOf<boolean>();
  expectTypeOf<ReturnType<Admin["fetchTopicOffsets"]>>().resolves.toEqualTypeOf<TopicOffset[]>();
  expectTypeOf<ReturnType<Admin["describeCluster"]>>().resolves.toEqualTypeOf<ClusterDescription>();
  expectTypeOf<TopicOffset["high"]>().toEqualTypeOf<number>();
  compiled(() => admin.setOffsets({ groupId: "g", topic: "t", partitions: [{ partition: 0, offset: "7" }] }));
  // @ts-expect-error: no such target.
  compiled(() => admin.resetOffsets({ groupId: "g", to: { timestmp: 0 } }));
});

it("errors are told apart by a closed set of codes, and options are checked by name", () => {
  const error: unknown = new SluiceError("UNKNOWN_TOPIC", { topic: "t" });
  if (isSluiceError(error)) {
    expectTypeOf(error.code).toEqualTypeOf<ErrorCode>();
    expectTypeOf(error.retriable).toEqualTypeOf<boolean>();
    expectTypeOf(error.hint).toEqualTypeOf<string>();
  }
  // @ts-expect-error: no such code.
  compiled(() => isSluiceError(error, "UNKNOWN_TOPICS"));
  // @ts-expect-error: brokers are needed.
  compiled(() => new Sluice({ clientId: "c" }));
  // @ts-expect-error: TLS comes in a later version.
  compiled(() => new Sluice({ brokers: "localhost:1", ssl: true }));
  const producer = { createPartitioner: Partitioners.LegacyPartitioner, compression: CompressionTypes.ZSTD };
  compiled(() => sluice().producer(producer));
  compiled(() => sluice().consumer({ groupId: "g", partitionAssigners: [PartitionAssigners.roundRobin] }));
});
