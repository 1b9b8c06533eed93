/** Log.ListOffsets: answers each query on its own; one that fails does not fail the others. */

import { type ServedMethod, SluiceError, serveUnary, toSluiceError } from "@sluice/model";
import {
  type ListOffsetsRequest,
  logService,
  type PartitionOffset,
  type PartitionOffsetQuery,
  toWireError,
} from "@sluice/protocol";
import type { LedPartitions, OffsetQuery } from "../partition/partition-access.js";
import { mapConcurrently } from "./map-concurrently.js";

/** Queries of one request. */
const queriesMax = 100_000;

/** Serves Log.ListOffsets. */
export function serveListOffsets(dependencies: { readonly partitions: LedPartitions }): ServedMethod {
  return serveUnary(logService.listOffsets, async (request: ListOffsetsRequest, { signal }) => {
    if (request.partitions.length > queriesMax) {
      throw new SluiceError("INVALID_REQUEST", { reason: `more than ${queriesMax} partitions` });
    }
    const answerOne = (query: PartitionOffsetQuery): Promise<PartitionOffset> => answer(dependencies.partitions, query);
    return { partitions: await mapConcurrently(request.partitions, answerOne, signal) };
  });
}

async function answer(partitions: LedPartitions, query: PartitionOffsetQuery): Promise<PartitionOffset> {
  const { topic, partition } = query;
  try {
    const found = await partitions.ledOrThrow(topic, partition).listOffset(toOffsetQuery(query));
    return {
      topic,
      partition,
      offset: found.offset,
      timestampMs: found.timestampMs,
      leaderEpoch: found.leaderEpoch,
      error: null,
    };
  } catch (error) {
    const wireError = toWireError(toSluiceError(error));
    return { topic, partition, offset: 0, timestampMs: -1, leaderEpoch: 0, error: wireError };
  }
}

function toOffsetQuery(query: PartitionOffsetQuery): OffsetQuery {
  switch (query.query) {
    case "OFFSET_QUERY_EARLIEST":
      return { type: "earliest" };
    case "OFFSET_QUERY_LATEST":
      return { type: "latest" };
    case "OFFSET_QUERY_TIMESTAMP":
      return { type: "timestamp", timestampMs: query.timestampMs };
    case "OFFSET_QUERY_MAX_TIMESTAMP":
      return { type: "maxTimestamp" };
    case "OFFSET_QUERY_UNSPECIFIED":
      throw new SluiceError("INVALID_REQUEST", { reason: "the query says not what to look for" });
  }
}
