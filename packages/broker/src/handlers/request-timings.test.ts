/** What the data plane counts of its requests: stages, queues, topics, and the slow ones. */

import { MemoryFileSystem } from "@sluice/log/testing";
import { SeededRandom } from "@sluice/model/testing";
import type { FetchRequest, FetchResponse, ProduceRequest, ProduceResponse } from "@sluice/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LatencyHistogram } from "../broker-counters.js";
import { type Logger, silentLogger } from "../logging.js";
import { SlowRequestLog } from "../slow-request-log.js";
import { RecordingStream } from "../testing/recording-stream.js";
import { batchOf, RegistryFixture } from "../testing/registry-fixture.js";
import { serveFetch } from "./fetch-handler.js";
import { serveProduce } from "./produce-handler.js";

let fixture: RegistryFixture;
let slowLines: object[];

beforeEach(async () => {
  slowLines = [];
  fixture = await RegistryFixture.open(new MemoryFileSystem(new SeededRandom(1)));
  await fixture.settle({ name: "a", partitions: 2 });
});

afterEach(() => fixture.close());

function dependencies() {
  const { registry: partitions, counters, clock, streams } = fixture;
  const logger: Logger = { ...silentLogger, warn: (fields) => void slowLines.push(fields) };
  const slowRequests = new SlowRequestLog({ slowRequestMs: 100 }, { clock, logger });
  return { partitions, counters, clock, streams, slowRequests, brokerId: 1 };
}

function openProduce(): RecordingStream<ProduceRequest, ProduceResponse> {
  return new RecordingStream(serveProduce(dependencies()), { clientId: "billing" });
}

function openFetch(): RecordingStream<FetchRequest, FetchResponse> {
  return new RecordingStream(serveFetch({ brokerId: 1, fetchMaxBytes: 1_000_000 }, dependencies()));
}

function produceRequest(topic = "a"): ProduceRequest {
  const records = batchOf(fixture.clock, "x", "y");
  return { correlationId: 1, topic, partition: 1, acks: "all", leaderEpoch: undefined, records };
}

function fetchRequest(maxWaitMs: number): FetchRequest {
  const position = { topic: "a", partition: 1, fetchOffset: 0, leaderEpoch: undefined };
  return { correlationId: 2, ...position, maxBytes: 1_000_000, maxWaitMs, minBytes: 1 };
}

function countOf({ counts }: LatencyHistogram): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

describe("a produce", () => {
  it("is counted in flight until it is answered, then by topic and stage", async () => {
    const { counters } = fixture;
    const stream = openProduce();
    const request = produceRequest();
    stream.receive(request);
    const { length } = request.records;
    expect([counters.produceRequestsInFlight, counters.produceBytesInFlight]).toEqual([1, length]);
    await stream.sentCount(1);
    expect([counters.produceRequestsInFlight, counters.produceBytesInFlight]).toEqual([0, 0]);
    expect([...counters.topics.entries()]).toEqual([["a", { recordsIn: 2, bytesIn: length, bytesOut: 0 }]]);
    expect([counters.produceCheck, counters.produceAppend].map(countOf)).toEqual([1, 1]);
    expect(slowLines).toEqual([]);
  });

  it("is told of when it was slow, with its client, its partition and its stages", async () => {
    const stream = openProduce();
    stream.receive(produceRequest());
    fixture.clock.advance(150);
    await stream.sentCount(1);
    expect(slowLines).toEqual([
      {
        method: "/sluice.v1.Log/Produce",
        clientId: "billing",
        peer: "test",
        topic: "a",
        partition: 1,
        totalMs: 150,
        stages: { check: 0, append: 150 },
      },
    ]);
  });

  it("that is refused leaves nothing in flight and counts for no topic", async () => {
    const { counters } = fixture;
    const stream = openProduce();
    stream.receive(produceRequest("nowhere"));
    await stream.sentCount(1);
    expect([counters.produceRequestsInFlight, counters.produceBytesInFlight]).toEqual([0, 0]);
    expect([...counters.topics.entries()]).toEqual([]);
  });
});

describe("a fetch", () => {
  it("is not slow for the wait that its client asked for", async () => {
    const { counters } = fixture;
    const reader = openFetch();
    reader.receive(fetchRequest(60_000));
    fixture.clock.advance(5000);
    const writer = openProduce();
    writer.receive(produceRequest());
    await reader.sentCount(1);
    expect(slowLines).toEqual([]);
    expect(countOf(counters.fetchRead)).toBe(1);
    const { records } = reader.sent[0] as FetchResponse;
    expect(new Map(counters.topics.entries()).get("a")?.bytesOut).toBe(records.length);
  });

  it("is told of when reading was slow", async () => {
    const writer = openProduce();
    writer.receive(produceRequest());
    await writer.sentCount(1);
    const reader = openFetch();
    reader.receive(fetchRequest(60_000));
    fixture.clock.advance(250);
    await reader.sentCount(1);
    expect(slowLines).toEqual([
      expect.objectContaining({ method: "/sluice.v1.Log/Fetch", totalMs: 250, stages: { read: 250, waitedBefore: 0 } }),
    ]);
  });
});
