import { MemoryFileSystem } from "@sluice/log/testing";
import { SeededRandom } from "@sluice/model/testing";
import type { ProduceRequest, ProduceResponse } from "@sluice/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RecordingStream } from "../testing/recording-stream.js";
import { batchOf, RegistryFixture } from "../testing/registry-fixture.js";
import { HeldRequests, type PartitionRequest } from "./held-requests.js";
import { serveProduce } from "./produce-handler.js";

interface NumberedRequest extends PartitionRequest {
  readonly number: number;
}

describe("HeldRequests", () => {
  let resumed: number[];
  let held: HeldRequests<NumberedRequest>;

  beforeEach(() => {
    resumed = [];
    held = new HeldRequests({ resume: ({ number }) => resumed.push(number) });
  });

  const request = (number: number, partition: number): NumberedRequest => ({ topic: "t", partition, number });

  it("keeps those of one partition in order, and none of another", async () => {
    expect(held.queues(request(1, 0))).toBe(false);
    let take = (): void => undefined;
    held.hold(
      request(1, 0),
      new Promise((resolve) => {
        take = resolve;
      }),
    );
    expect([held.queues(request(2, 0)), held.queues(request(3, 1)), held.queues(request(4, 0))]).toEqual([
      true,
      false,
      true,
    ]);
    await Promise.resolve();
    expect(resumed).toEqual([]);
    take();
    await Promise.resolve();
    await Promise.resolve();
    expect(resumed).toEqual([1, 2, 4]);
    expect(held.queues(request(5, 0))).toBe(false);
  });
});

describe("a produce to a partition that is about to be led", () => {
  let fixture: RegistryFixture;
  let correlationId: number;
  let stream: RecordingStream<ProduceRequest, ProduceResponse>;

  beforeEach(async () => {
    correlationId = 0;
    fixture = await RegistryFixture.open(new MemoryFileSystem(new SeededRandom(1)));
    await fixture.settle({ name: "a", replicas: [1, 2], leader: 2 }, { name: "b" });
    const { registry: partitions, counters, clock, streams } = fixture;
    stream = new RecordingStream(serveProduce({ partitions, counters, clock, streams, brokerId: 1 }));
  });
  afterEach(() => fixture.close());

  function send(topic = "a"): void {
    correlationId += 1;
    const records = batchOf(fixture.clock, `value ${correlationId}`);
    stream.receive({ correlationId, topic, partition: 0, acks: "leader", leaderEpoch: undefined, records });
  }

  /** What was answered: its request, and the offset or the error. */
  async function answers(count: number): Promise<(readonly [number, number | string])[]> {
    await stream.sentCount(count);
    return stream.sent.map((sent) => [sent.correlationId, sent.error?.code ?? sent.baseOffset]);
  }

  it("waits until it is, with those that come behind it, and holds up no other partition", async () => {
    fixture.apply({ name: "a", replicas: [1, 2], leaderEpoch: 1 }, { name: "b" });
    for (let i = 0; i < 3; i += 1) send();
    send("b");
    expect(stream.sent).toEqual([]);
    await fixture.registry.settled();
    send();
    const answered = await answers(5);
    expect(answered.filter(([id]) => id !== 4)).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
      [5, 3],
    ]);
    expect(answered).toContainEqual([4, 0]);
  });

  it("is refused where another broker was elected meanwhile", async () => {
    fixture.apply({ name: "a", replicas: [1, 2], leaderEpoch: 1 }, { name: "b" });
    send();
    fixture.apply({ name: "a", replicas: [1, 2], leader: 2, leaderEpoch: 2 }, { name: "b" });
    expect(await answers(1)).toEqual([[1, "NOT_LEADER"]]);
  });

  it("is refused where the broker stops meanwhile", async () => {
    fixture.apply({ name: "a", replicas: [1, 2], leaderEpoch: 1 }, { name: "b" });
    send();
    await fixture.registry.close();
    expect(await answers(1)).toEqual([[1, "BROKER_STOPPING"]]);
  });
});
