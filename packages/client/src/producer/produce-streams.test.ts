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
