/** What a consumer notices by itself: streams that fall silent, how far it is behind, and whether it goes on. */

import { VirtualClock } from "@sluice/model/testing";
import { describe, expect, it, vi } from "vitest";
import { FakeCluster } from "../testing/fake-cluster.js";
import { batchOf, settled, testClient } from "../testing/test-client.js";
import type { Message } from "./message.js";

function filled(): FakeCluster {
  const cluster = new FakeCluster({ brokers: 2 });
  cluster.createTopic("t", 1);
  cluster.append("t", 0, batchOf("a", "b", "c"));
  return cluster;
}

async function pass(clock: VirtualClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1000) {
    await settled();
    clock.advance(Math.min(left, 1000));
  }
  await settled();
}

describe("a stream that falls silent", () => {
  it("is opened again where the broker has more, with fresh metadata, and told", async () => {
    const cluster = filled();
    const clock = new VirtualClock();
    const client = testClient(cluster, { clock, requestTimeoutMs: 600_000 });
    const consumer = client.consumer({ stallTimeout: 10_000 });
    await consumer.assign([{ topic: "t", partition: 0, offset: 0 }]);
    const stalled: unknown[] = [];
    consumer.on(consumer.events.STALLED, ({ payload }) => stalled.push(payload));
    const messages = consumer.messages();
    const seen: Message[] = [];
    const reading = (async () => {
      for await (const message of messages) seen.push(message);
    })();
    await vi.waitFor(() => expect(seen).toHaveLength(3));
    // Nothing to read: silence is in order.
    await pass(clock, 60_000);
    expect([stalled, consumer.health().state]).toEqual([[], "running"]);
    // The broker forgets the credit, and whatever comes is not told.
    cluster.isMute = true;
    cluster.append("t", 0, batchOf("d"));
    await pass(clock, 20_000);
    expect(stalled[0]).toMatchObject({ reason: "stream", topic: "t", partition: 0, offset: 3, endOffset: 4 });
    expect(consumer.health().state).toBe("stalled");
    cluster.isMute = false;
    await pass(clock, 20_000);
    expect(seen.map(({ offset }) => offset)).toEqual([0, 1, 2, 3]);
    expect(consumer.health()).toMatchObject({ state: "running" });
    await client.close();
    await reading;
    expect(consumer.health().state).toBe("closed");
    expect(clock.timerCount).toBe(0);
  });

  it("is no stall while the application holds the partition back", async () => {
    const cluster = filled();
    const clock = new VirtualClock();
    const client = testClient(cluster, { clock });
    const consumer = client.consumer({ stallTimeout: 10_000 });
    await consumer.assign([{ topic: "t", partition: 0, offset: 0 }]);
    const stalled = vi.fn();
    consumer.on("consumer.stalled", stalled);
    const messages = consumer.messages();
    await messages.next();
    await pass(clock, 60_000);
    consumer.pause();
    void messages.next();
    await pass(clock, 60_000);
    expect(stalled).not.toHaveBeenCalled();
    await client.close();
  });
});

describe("a consumer", () => {
  it("knows how far it is behind, in messages and in time", async () => {
    const cluster = filled();
    const clock = new VirtualClock({ nowMs: 5000 });
    await using client = testClient(cluster, { clock });
    const consumer = client.consumer();
    expect(await consumer.lag()).toEqual({ partitions: [], messages: 0, ms: 0 });
    await consumer.assign([{ topic: "t", partition: 0, offset: 0 }]);
    const messages = consumer.messages();
    await messages.next();
    await messages.next();
    // One is processed; the next, of 1001, is in hand.
    const partition = { topic: "t", partition: 0, offset: 1, endOffset: 3, messages: 2, ms: 3999 };
    expect(await consumer.lag()).toEqual({ partitions: [partition], messages: 2, ms: 3999 });
    await messages.next();
    void messages.next();
    await settled();
    expect(await consumer.lag()).toMatchObject({ messages: 0, ms: 0 });
  });

  it("tells its lag now and then while somebody listens", async () => {
    const cluster = filled();
    const clock = new VirtualClock({ nowMs: 5000 });
    const client = testClient(cluster, { clock });
    const consumer = client.consumer({ stallTimeout: 10_000 });
    await consumer.assign([{ topic: "t", partition: 0, offset: 1 }]);
    const lags: number[] = [];
    const stop = consumer.on("consumer.lag", ({ payload }) => lags.push(payload.partitions[0]?.messages ?? -1));
    await consumer.messages().next();
    await pass(clock, 5000);
    expect(lags).toEqual([2]);
    stop();
    await pass(clock, 5000);
    expect(lags).toHaveLength(1);
    await client.close();
  });

  it("says in which state it is, and tells when it connects, stops and closes", async () => {
    const cluster = filled();
    await using client = testClient(cluster);
    const consumer = client.consumer();
    expect(() => consumer.on("consumer.hearbeat" as never, () => undefined)).toThrow(/tells no event/);
    const told: string[] = [];
    for (const name of ["CONNECT", "STOP", "DISCONNECT", "FETCH"] as const)
      consumer.on(consumer.events[name], ({ type }) => told.push(type));
    expect(consumer.health()).toEqual({ state: "idle", lastDelivery: undefined, lastHeartbeat: undefined });
    await consumer.connect();
    await consumer.assign([{ topic: "t", partition: 0, offset: 0 }]);
    const running = consumer.run({ eachMessage: () => undefined });
    expect(consumer.health().state).toBe("joining");
    const { finished } = await running;
    expect(consumer.health().state).toBe("running");
    await vi.waitFor(() => expect(consumer.health().lastDelivery).toBeGreaterThan(0));
    await consumer.stop();
    await finished;
    expect(consumer.health().state).toBe("idle");
    await consumer.disconnect();
    await consumer.close();
    expect(consumer.health().state).toBe("closed");
    expect(told).toEqual(["consumer.connect", "consumer.fetch", "consumer.stop", "consumer.disconnect"]);
  });

  it("keeps its iterator through a restart of the broker and a new leader", async () => {
    const cluster = filled();
    await using client = testClient(cluster);
    const consumer = client.consumer();
    await consumer.assign([{ topic: "t", partition: 0, offset: 0 }]);
    const seen: number[] = [];
    for await (const { offset } of consumer.messages()) {
      seen.push(offset);
      if (seen.length === 3) {
        cluster.stopBroker(1);
        setImmediate(() => {
          cluster.startBroker(1);
          cluster.append("t", 0, batchOf("d"));
        });
      }
      if (seen.length === 4) {
        cluster.moveLeader("t", 0, 2);
        cluster.append("t", 0, batchOf("e"));
      }
      if (seen.length === 5) break;
    }
    expect(seen).toEqual([0, 1, 2, 3, 4]);
  });

  it("ends its iterator with CANCELLED when the signal aborts, and may begin again", async () => {
    const cluster = filled();
    await using client = testClient(cluster);
    const consumer = client.consumer();
    await consumer.assign([{ topic: "t", partition: 0, offset: 2 }]);
    const controller = new AbortController();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { offset } of consumer.messages({ signal: controller.signal })) seen.push(offset);
    })();
    await vi.waitFor(() => expect(seen).toEqual([2]));
    controller.abort();
    await expect(reading).rejects.toMatchObject({ code: "CANCELLED" });
    await consumer.seek({ topic: "t", partition: 0, offset: "1" });
    const again = consumer.messages();
    expect((await again.next()).value).toMatchObject({ offset: 1 });
    await again.return?.();
  });
});
