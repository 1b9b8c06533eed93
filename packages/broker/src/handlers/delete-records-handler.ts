/** Log.DeleteRecords: deletes the start of partitions, each on its own; one that fails does not fail the others. */

import { isInternalTopic, type ServedMethod, SluiceError, serveUnary, toSluiceError } from "@sluice/model";
import {
  type DeleteRecordsRequest,
  logService,
  type PartitionTruncation,
  type TruncatedPartition,
  toWireError,
} from "@sluice/protocol";
import type { PartitionRegistry } from "../partition/partition-registry.js";
import { mapConcurrently } from "./map-concurrently.js";

/** Partitions of one request. */
const partitionsMax = 100_000;

/** Serves Log.DeleteRecords. */
export function serveDeleteRecords(dependencies: { readonly partitions: PartitionRegistry }): ServedMethod {
  return serveUnary(logService.deleteRecords, async (request: DeleteRecordsRequest, { signal }) => {
    if (request.partitions.length > partitionsMax) {
      throw new SluiceError("INVALID_REQUEST", { reason: `more than ${partitionsMax} partitions` });
    }
    const { partitions } = dependencies;
    const truncateOne = (wanted: PartitionTruncation): Promise<TruncatedPartition> => truncate(partitions, wanted);
    return { partitions: await mapConcurrently(request.partitions, truncateOne, signal) };
  });
}

async function truncate(partitions: PartitionRegistry, wanted: PartitionTruncation): Promise<TruncatedPartition> {
  const { topic, partition, beforeOffset } = wanted;
  try {
    if (isInternalTopic(topic)) throw new SluiceError("INTERNAL_TOPIC", { topic });
    const logStartOffset = await partitions.ledOrThrow(topic, partition).deleteRecordsBefore(beforeOffset);
    return { topic, partition, logStartOffset, error: null };
  } catch (error) {
    return { topic, partition, logStartOffset: 0, error: toWireError(toSluiceError(error)) };
  }
}
