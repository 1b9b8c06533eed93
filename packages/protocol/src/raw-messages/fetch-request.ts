/** FetchRequest of sluice/v1/log.proto, framed by hand. */

import type { Codec } from "@sluice/model";
import { ProtobufReader } from "../protobuf-reader.js";
import { ProtobufWriter } from "../protobuf-writer.js";
import { TextCache } from "../text-cache.js";

export interface FetchRequest {
  /** Unique among what is in flight on the stream; below 2^53. */
  readonly correlationId: number;
  readonly topic: string;
  readonly partition: number;
  /** First offset wanted. */
  readonly fetchOffset: number;
  /** Leader epoch that the client knows, if any. */
  readonly leaderEpoch: number | undefined;
  /** Most bytes to answer with; one batch is sent however large. */
  readonly maxBytes: number;
  /** Longest time to wait for something to read. 0: answer at once. */
  readonly maxWaitMs: number;
  /** Bytes to wait for, at most `maxWaitMs`. 0 and 1: the first batch. */
  readonly minBytes: number;
  /** Leader epoch of the last record read before `fetchOffset`, if it is known: LOG_TRUNCATED where that is not in the log. */
  readonly lastFetchedEpoch?: number | undefined;
}

const writer = new ProtobufWriter();
const receivedTopics = new TextCache();
const sentTopics = new TextCache();

export const fetchRequestCodec: Codec<FetchRequest> = {
  encode(message) {
    const topic = sentTopics.encode(message.topic);
    writer.begin(topic.length);
    writer.uint64(1, message.correlationId);
    writer.bytes(2, topic);
    writer.int32(3, message.partition);
    writer.int64(4, message.fetchOffset);
    writer.int32(5, message.leaderEpoch === undefined ? 0 : message.leaderEpoch + 1);
    writer.int32(6, message.maxBytes);
    writer.int32(7, message.maxWaitMs);
    writer.int32(8, message.minBytes);
    writer.int32(9, message.lastFetchedEpoch === undefined ? 0 : message.lastFetchedEpoch + 1);
    return writer.written();
  },

  /** @throws SluiceError INVALID_REQUEST */
  decode(bytes) {
    const reader = new ProtobufReader(bytes, "FetchRequest");
    let correlationId = 0;
    let topic = "";
    let partition = 0;
    let fetchOffset = 0;
    let leaderEpochPlusOne = 0;
    let maxBytes = 0;
    let maxWaitMs = 0;
    let minBytes = 0;
    let lastFetchedEpochPlusOne = 0;
    for (let tag = reader.nextTag(); tag !== 0; tag = reader.nextTag()) {
      if (tag === 0x08) correlationId = reader.uint64();
      else if (tag === 0x12) topic = receivedTopics.decode(reader.bytes());
      else if (tag === 0x18) partition = reader.int32();
      else if (tag === 0x20) fetchOffset = reader.int64();
      else if (tag === 0x28) leaderEpochPlusOne = reader.int32();
      else if (tag === 0x30) maxBytes = reader.int32();
      else if (tag === 0x38) maxWaitMs = reader.int32();
      else if (tag === 0x40) minBytes = reader.int32();
      else if (tag === 0x48) lastFetchedEpochPlusOne = reader.int32();
      else reader.skip();
    }
    const leaderEpoch = leaderEpochPlusOne === 0 ? undefined : leaderEpochPlusOne - 1;
    const lastFetchedEpoch = lastFetchedEpochPlusOne === 0 ? undefined : lastFetchedEpochPlusOne - 1;
    return {
      correlationId,
      topic,
      partition,
      fetchOffset,
      leaderEpoch,
      maxBytes,
      maxWaitMs,
      minBytes,
      lastFetchedEpoch,
    };
  },
};
