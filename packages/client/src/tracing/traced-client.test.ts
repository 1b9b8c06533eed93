/** That producers and consumers tell what they do to whoever listens, and cost nothing to who does not. */

import { tracingChannel } from "node:diagnostics_channel";
import { describe, expect, it, onTestFinished } from "vitest";
import { FakeCluster } from "../testing/fake-cluster.js";
import { testClient } from "../testing/test-client.js";
import type { ProcessEvent, SendEvent } from "./diagnostics-tracing.js";

function listen<Event extends object>(name: string): [string, Event][] {
  const seen: [string, Event][] = [];
  const note = (event: string) => (context: object) => void seen.push([event, { ...(context as Event) }]);
  const channel = tracingChannel(name);
  const subscribers = {
    start: note("start"),
    end: note("end"),
    asyncStart: note("asyncStart"),
    asyncEnd: note("asyncEnd"),
    error: note("error"),
  };
  channel.subscribe(subscribers);
  onTestFinished(() => void channel.unsubscribe(subscribers));
  return seen;
}

describe("a client that is watched", () => {
  it("tells of a send and of the handler's call, and of their errors", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    const sends = listen<SendEvent>("sluice:producer:send");
    const processed = listen<ProcessEvent>("sluice:consumer:process");
    await using client = testClient(cluster, { clientId: "shop", retry: { retries: 0 } });
    const producer = client.producer({ allowAutoTopicCreation: false });
    await producer.send({ topic: "t", messages: [{ value: "a" }, { value: "b" }] });
    expect(sends.map(([event]) => event)).toEqual(["start", "end", "asyncStart", "asyncEnd"]);
    expect(sends[0]?.[1]).toMatchObject({ clientId: "shop", topic: "t" });
    expect(sends[0]?.[1].messages).toHaveLength(2);
    await expect(producer.send({ topic: "missing", messages: [{ value: "a" }] })).rejects.toThrow();
    expect(sends.find(([event]) => event === "error")?.[1].error?.code).toBe("UNKNOWN_TOPIC");

    const consumer = client.consumer();
    await consumer.assign([{ topic: "t", partition: 0, offset: 0 }]);
    const thrown = new Error("the second one");
    const { finished } = await consumer.run({
      eachMessage: async ({ message }) => {
        if (message.offset === 1) throw thrown;
      },
    });
    await expect(finished).rejects.toBe(thrown);
    expect(processed.map(([event, { message }]) => `${event} ${message.offset}`)).toEqual([
      "start 0",
      "end 0",
      "asyncStart 0",
      "asyncEnd 0",
      "start 1",
      "end 1",
      "error 1",
      "asyncStart 1",
      "asyncEnd 1",
    ]);
    expect(processed.find(([event]) => event === "error")?.[1].error).toBe(thrown);
  });

  it("tells nothing with tracing: false", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    const sends = listen<SendEvent>("sluice:producer:send");
    await using client = testClient(cluster, { tracing: false });
    await client.producer().send({ topic: "t", messages: [{ value: "a" }] });
    expect(sends).toEqual([]);
  });
});
