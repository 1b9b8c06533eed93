import { logService } from "@sluice/protocol";
import { describe, expect, it, vi } from "vitest";
import { type ArrivedProduce, FakeCluster } from "../testing/fake-cluster.js";
import { settled, testClient } from "../testing/test-client.js";

function cluster(partitions: number): { readonly fake: FakeCluster; readonly arrived: ArrivedProduce[] } {
  const fake = new FakeCluster({ brokers: 1 });
  fake.createTopic("t", partitions);
  const arrived: ArrivedProduce[] = [];
  fake.onProduce = (one) => {
    arrived.push(one);
    one.answer();
  };
  return { fake, arrived };
}

describe("connections to one broker", () => {
  it("stays on one while that is not full", async () => {
    const { fake } = cluster(4);
    await using client = testClient(fake);
    const producer = client.producer({ connectionsPerBroker: 4 });
    for (let partition = 0; partition < 4; partition++)
      await producer.send({ topic: "t", messages: [{ value: "a", partition }] });
    expect(fake.transport.connections.size).toBe(1);
  });

  it("spreads partitions over more when one is full, keeps their order, and opens no more than allowed", async () => {
    const { fake, arrived } = cluster(4);
    fake.transport.fullAfter = 1;
    await using client = testClient(fake);
    const producer = client.producer({ connectionsPerBroker: 2 });
    const sends: Promise<unknown>[] = [];
    for (let round = 0; round < 10; round++) {
      for (let partition = 0; partition < 4; partition++)
        sends.push(producer.send({ topic: "t", messages: [{ value: `${round}`, partition }] }));
      await settled();
      fake.transport.drain();
    }
    await vi.waitFor(() => {
      fake.transport.drain();
      expect(arrived.length).toBeGreaterThanOrEqual(4);
    });
    const done = Promise.all(sends).then(() => true);
    await vi.waitFor(async () => {
      fake.transport.drain();
      expect(await Promise.race([done, settled().then(() => false)])).toBe(true);
    });
    expect(fake.transport.connections.size).toBe(2);
    const inOrder = Array.from({ length: 10 }, (_, round) => `${round}`);
    for (let partition = 0; partition < 4; partition++) expect(fake.values("t", partition)).toEqual(inOrder);
  });
});

describe("a broker that is back", () => {
  /** Counts the Produce streams that are opened to a broker from now on. */
  function countStreams(fake: FakeCluster, address: string): { opened: number } {
    const count = { opened: 0 };
    const endpoint = fake.transport.endpoints.get(address);
    const serve = endpoint?.stream.get(logService.produce.path);
    if (endpoint === undefined || serve === undefined) throw new Error(`nobody serves Produce at ${address}`);
    const counted = (stream: Parameters<typeof serve>[0]): void => {
      count.opened += 1;
      serve(stream);
    };
    const stream = new Map(endpoint.stream).set(logService.produce.path, counted);
    fake.transport.endpoints.set(address, { ...endpoint, stream });
    return count;
  }

  it("is connected to before it leads anything, once, and only where something was sent to it before", async () => {
    const fake = new FakeCluster({ brokers: 3 });
    fake.createTopic("t", 3);
    await using client = testClient(fake);
    const admin = client.admin();
    const producer = client.producer();
    for (const partition of [0, 1]) await producer.send({ topic: "t", messages: [{ value: "a", partition }] });
    for (const partition of [1, 2]) fake.moveLeader("t", partition, 1);
    for (const id of [2, 3]) fake.stopBroker(id);
    await admin.describeCluster();
    for (const id of [2, 3]) fake.startBroker(id);
    const [second, third] = [2, 3].map((id) => countStreams(fake, `broker-${id}:9092`));
    for (let told = 0; told < 3; told += 1) {
      await admin.describeCluster();
      await settled();
    }
    expect([second, third]).toEqual([{ opened: 1 }, { opened: 0 }]);
    fake.moveLeader("t", 1, 2);
    await producer.send({ topic: "t", messages: [{ value: "b", partition: 1 }] });
    expect(second).toEqual({ opened: 1 });
    expect(fake.values("t", 1)).toEqual(["a", "b"]);
  });

  it("is left alone once the producer is closed", async () => {
    const fake = new FakeCluster({ brokers: 2 });
    fake.createTopic("t", 2);
    await using client = testClient(fake);
    const admin = client.admin();
    const producer = client.producer();
    await producer.send({ topic: "t", messages: [{ value: "a", partition: 1 }] });
    await producer.close();
    fake.stopBroker(2);
    await admin.describeCluster();
    fake.startBroker(2);
    const count = countStreams(fake, "broker-2:9092");
    await admin.describeCluster();
    await settled();
    expect(count).toEqual({ opened: 0 });
  });
});
