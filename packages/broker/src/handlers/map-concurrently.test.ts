import { type CallContext, leaderEpoch, offset, type ServedMethod } from "@sluice/model";
import type { DeleteRecordsResponse, ListOffsetsResponse } from "@sluice/protocol";
import { expect, it } from "vitest";
import type { LedPartitions } from "../partition/partition-access.js";
import type { PartitionRegistry } from "../partition/partition-registry.js";
import { serveDeleteRecords } from "./delete-records-handler.js";
import { serveListOffsets } from "./list-offsets-handler.js";
import { requestPartsMax } from "./map-concurrently.js";

/** Partitions whose every answer takes a while; it counts how many are being made. */
class SlowPartitions {
  running = 0;
  runningMax = 0;
  begun = 0;

  async #answer<Value>(value: Value): Promise<Value> {
    this.begun += 1;
    this.running += 1;
    this.runningMax = Math.max(this.runningMax, this.running);
    await new Promise(setImmediate);
    this.running -= 1;
    return value;
  }

  ledOrThrow(_topic: string, partition: number) {
    return {
      listOffset: () => this.#answer({ offset: offset(partition), timestampMs: 7, leaderEpoch: leaderEpoch(0) }),
      deleteRecordsBefore: () => this.#answer(offset(partition)),
    };
  }
}

it("reads for one request a few partitions at a time, and answers in the order of the questions", async () => {
  const slow = new SlowPartitions();
  const partitions = Array.from({ length: 200 }, (_, partition) => {
    return { topic: "a", partition, query: "OFFSET_QUERY_TIMESTAMP", timestampMs: 1 };
  });
  const served = serveListOffsets({ partitions: slow as unknown as LedPartitions });
  const answer = (await call(served, { partitions })) as ListOffsetsResponse;
  expect(answer.partitions.map(({ partition, offset: found }) => [partition, found])).toEqual(
    partitions.map(({ partition }) => [partition, partition]),
  );
  expect(slow.runningMax).toBe(requestPartsMax);
});

it("deletes records of a few partitions at a time, and begins no more when the caller has gone", async () => {
  const slow = new SlowPartitions();
  const partitions = Array.from({ length: 200 }, (_, partition) => ({ topic: "a", partition, beforeOffset: -1 }));
  const served = serveDeleteRecords({ partitions: slow as unknown as PartitionRegistry });
  const answer = (await call(served, { partitions })) as DeleteRecordsResponse;
  expect(answer.partitions.map(({ logStartOffset }) => logStartOffset)).toEqual(partitions.map((_, index) => index));
  expect(slow.runningMax).toBe(requestPartsMax);
  const abort = new AbortController();
  const cut = call(served, { partitions }, abort.signal);
  abort.abort(new Error("caller went away"));
  await expect(cut).rejects.toThrow("caller went away");
  expect(slow.begun - 200).toBe(requestPartsMax);
});

function call(served: ServedMethod, request: unknown, signal = new AbortController().signal): Promise<unknown> {
  const handler = served.handler as (request: unknown, context: CallContext) => Promise<unknown>;
  return handler(request, { signal } as CallContext);
}
