import { SluiceError } from "@sluice/model";
import { recordsIn } from "@sluice/record";
import { describe, expect, it } from "vitest";
import { type ArrivedProduce, FakeCluster } from "../testing/fake-cluster.js";
import { testClient } from "../testing/test-client.js";
import { BatchMemory } from "./batch-memory.js";

const large = 100_000;

describe("memory of batches", () => {
  it("comes back whole from a view of it, and goes to a batch that fits", () => {
    const memory = new BatchMemory();
    const bytes = Buffer.alloc(large);
    memory.giveBack(bytes.subarray(0, 70_000));
    expect(memory.take(large)?.buffer).toBe(bytes.buffer);
    expect(memory.take(large)).toBeUndefined();
  });

  it("is not taken where it is too small, nor kept where it is small or too much", () => {
    const memory = new BatchMemory();
    memory.giveBack(Buffer.alloc(large));
    expect(memory.take(large + 1)).toBeUndefined();
    memory.giveBack(Buffer.alloc(1000));
    memory.giveBack(Buffer.alloc(17 * 1024 * 1024));
    memory.giveBack(Buffer.alloc(2 * large).subarray(large));
    expect(memory.take(large)).toBeUndefined();
  });

  it("is used again by a producer for what was sent once, and not for what was sent again", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    const seen: ArrayBufferLike[] = [];
    let refuse = false;
    cluster.onProduce = (one: ArrivedProduce) => {
      seen.push(one.request.records.buffer);
      one.answer(refuse ? new SluiceError("BROKER_STOPPING", { broker: 1 }) : undefined);
      refuse = false;
    };
    await using client = testClient(cluster);
    const producer = client.producer();
    const texts = ["a", "b", "c", "d", "e"].map((letter) => letter.repeat(large));
    for (const text of texts) {
      refuse = text.startsWith("c");
      await producer.send({ topic: "t", messages: [{ value: text }] });
    }
    // The first batch grew; from the second on memory is as large as was needed before.
    const [, b, c, cAgain, d, e] = seen;
    expect(c).toBe(b);
    expect(cAgain).toBe(c);
    expect(d).not.toBe(c);
    expect(e).toBe(d);
    const stored = cluster.partition("t", 0).batches.flatMap((batch) => [...recordsIn(batch)]);
    expect(stored.map(({ value }) => String(value))).toEqual(texts);
  });
});
