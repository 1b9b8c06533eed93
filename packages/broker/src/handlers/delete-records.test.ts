import { MemoryFileSystem } from "@sluice/log/testing";
import { type CallContext, type ServedMethod, SluiceError, type UnaryHandler } from "@sluice/model";
import { SeededRandom } from "@sluice/model/testing";
import type {
  DeleteRecordsRequest,
  DeleteRecordsResponse,
  ListOffsetsRequest,
  ListOffsetsResponse,
  PartitionOffsetQuery,
} from "@sluice/protocol";
import { batchesIn, RecordBatchBuilder, recordsIn } from "@sluice/record";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { batchOf, RegistryFixture } from "../testing/registry-fixture.js";
import { serveDeleteRecords } from "./delete-records-handler.js";
import { serveListOffsets } from "./list-offsets-handler.js";

let fixture: RegistryFixture;
let fileSystem: MemoryFileSystem;
const context: CallContext = { signal: new AbortController().signal, authority: "", peer: "test", clientId: "" };
const topics = [
  { name: "a", partitions: 2, config: { "segment.bytes": "1024" } },
  { name: "__internal" },
  { name: "elsewhere", leader: 2, replicas: [2] },
];

beforeEach(async () => {
  fileSystem = new MemoryFileSystem(new SeededRandom(1));
  fixture = await RegistryFixture.open(fileSystem);
  await fixture.settle(...topics);
});

afterEach(() => fixture.close());

function call<Request, Response>(served: ServedMethod, request: Request): Promise<Response> {
  return Promise.resolve((served.handler as UnaryHandler<Request, Response>)(request, context));
}

function deleteRecords(...wanted: [topic: string, partition: number, beforeOffset: number][]): Promise<unknown[]> {
  const partitions = wanted.map(([topic, partition, beforeOffset]) => ({ topic, partition, beforeOffset }));
  return call<DeleteRecordsRequest, DeleteRecordsResponse>(serveDeleteRecords({ partitions: fixture.registry }), {
    partitions,
  }).then((response) => response.partitions.map(({ error, logStartOffset }) => error?.code ?? logStartOffset));
}

async function offsetOf(query: PartitionOffsetQuery["query"], timestampMs = 0): Promise<[number, number]> {
  const partitions = [{ topic: "a", partition: 0, query, timestampMs }];
  const served = serveListOffsets({ partitions: fixture.registry });
  const response = await call<ListOffsetsRequest, ListOffsetsResponse>(served, { partitions });
  const [answer] = response.partitions;
  if (answer === undefined || answer.error !== null) throw new SluiceError("INTERNAL", { reason: "no answer" });
  return [answer.offset, answer.timestampMs];
}

async function produce(...timestamps: number[]): Promise<void> {
  const builder = new RecordBatchBuilder({});
  for (const timestampMs of timestamps) builder.append({ timestampMs, key: null, value: Buffer.alloc(100) });
  await fixture.registry.ledOrThrow("a", 0).produce(builder.build(), { acks: "all" });
}

describe("Log.DeleteRecords", () => {
  it("deletes what is below the offset, to the record, for good", async () => {
    for (let i = 0; i < 30; i += 1) await produce(1000 + i, 1000 + i);
    expect(await deleteRecords(["a", 0, 31])).toEqual([31]);
    const led = fixture.registry.ledOrThrow("a", 0);
    const below = led.fetch({ fromOffset: 30, sizeBytesMax: 1000, waitMsMax: 0 });
    await expect(below).rejects.toMatchObject({
      code: "OFFSET_OUT_OF_RANGE",
      details: { offset: 30, logStartOffset: 31, highWatermark: 60 },
    });
    const { records, logStartOffset } = await led.fetch({ fromOffset: 31, sizeBytesMax: 1, waitMsMax: 0 });
    const offsets = [...batchesIn(records)].flatMap((batch) => [...recordsIn(batch)].map(({ offset }) => offset));
    expect([logStartOffset, offsets]).toEqual([31, [30, 31]]);
    // Less than is gone: nothing comes back.
    expect(await deleteRecords(["a", 0, 3])).toEqual([31]);
    await fixture.close();
    fixture = await RegistryFixture.open(fileSystem);
    await fixture.settle(...topics.map((topic) => ({ ...topic, leaderEpoch: 1 })));
    expect(await offsetOf("OFFSET_QUERY_EARLIEST")).toEqual([31, -1]);
  });

  it("deletes all that is committed with -1, and goes on with the next offset", async () => {
    await produce(1, 2, 3);
    expect(await deleteRecords(["a", 0, -1], ["a", 1, -1])).toEqual([3, 0]);
    const led = fixture.registry.ledOrThrow("a", 0);
    expect(led.logSizeBytes).toBe(0);
    expect(await led.produce(batchOf(fixture.clock, "x"), { acks: "all" })).toMatchObject({
      baseOffset: 3,
      logStartOffset: 3,
    });
  });

  it("refuses each partition that it cannot do it for, and does it for the others", async () => {
    await produce(1, 2, 3);
    expect(
      await deleteRecords(
        ["a", 0, 4],
        ["a", 0, -2],
        ["nothing", 0, 0],
        ["a", 2, 0],
        ["__internal", 0, 0],
        ["elsewhere", 0, 0],
        ["a", 0, 2],
      ),
    ).toEqual([
      "OFFSET_OUT_OF_RANGE",
      "OFFSET_OUT_OF_RANGE",
      "UNKNOWN_TOPIC",
      "UNKNOWN_PARTITION",
      "INTERNAL_TOPIC",
      "NOT_LEADER",
      2,
    ]);
  });

  it("makes room on a full disk", async () => {
    await produce(1, 2, 3);
    fileSystem.setCapacity(fileSystem.usedBytes + 10);
    await expect(produce(4)).rejects.toMatchObject({ code: "DISK_FULL" });
    // What the reserve gives back, and no segment file beside it.
    fileSystem.setCapacity(fileSystem.usedBytes + 2000);
    fileSystem.failNext("create", "ENOSPC", /\.log$/u);
    expect(await deleteRecords(["a", 0, -1])).toEqual([3]);
    fileSystem.setCapacity(undefined);
    await fixture.untilRoom();
    await produce(5);
    expect(await offsetOf("OFFSET_QUERY_MAX_TIMESTAMP")).toEqual([3, 5]);
  });
});

describe("Log.ListOffsets", () => {
  it("finds times among the records that are left", async () => {
    for (let i = 0; i < 30; i += 1) await produce(1000 + i * 10, 1005 + i * 10);
    await deleteRecords(["a", 0, 31]);
    expect(await offsetOf("OFFSET_QUERY_TIMESTAMP", 0)).toEqual([31, 1155]);
    expect(await offsetOf("OFFSET_QUERY_TIMESTAMP", 1156)).toEqual([32, 1160]);
    expect(await offsetOf("OFFSET_QUERY_TIMESTAMP", 5000)).toEqual([60, -1]);
  });

  it("finds the first record with the largest timestamp, wherever it is", async () => {
    expect(await offsetOf("OFFSET_QUERY_MAX_TIMESTAMP")).toEqual([0, -1]);
    await produce(5, 9000, 9000, 7);
    for (let i = 0; i < 30; i += 1) await produce(1000 + i, 8000 - i);
    expect(await offsetOf("OFFSET_QUERY_MAX_TIMESTAMP")).toEqual([1, 9000]);
    await deleteRecords(["a", 0, 2]);
    expect(await offsetOf("OFFSET_QUERY_MAX_TIMESTAMP")).toEqual([2, 9000]);
    await deleteRecords(["a", 0, 3]);
    expect(await offsetOf("OFFSET_QUERY_MAX_TIMESTAMP")).toEqual([5, 8000]);
    await deleteRecords(["a", 0, 6]);
    expect(await offsetOf("OFFSET_QUERY_MAX_TIMESTAMP")).toEqual([7, 7999]);
    await deleteRecords(["a", 0, -1]);
    expect(await offsetOf("OFFSET_QUERY_MAX_TIMESTAMP")).toEqual([64, -1]);
  });
});
