/**
 * ReplicateResponse of sluice/v1/replication.proto, framed by hand: the batches are sent as they are on disk.
 */

import type { SluiceError } from "@sluice/model";
import type { PayloadCodec } from "../encoded-message.js";
import { noBytes, ProtobufReader } from "../protobuf-reader.js";
import { ProtobufWriter } from "../protobuf-writer.js";
import { TextCache } from "../text-cache.js";
import { decodeWireError, encodeWireError } from "../wire-error.js";
import { type Diverging, decodeDiverging, encodeDiverging } from "./diverging.js";

export interface ReplicateResponse {
  /** Id of the topic, a UUID. Empty: a keep-alive. */
  readonly topicId: string;
  readonly partition: number;
  /** Epoch in which the sender leads. */
  readonly leaderEpoch: number;
  /** Where `records` begin: the follower's log end then. */
  readonly fetchOffset: number;
  /** Where they end, exclusive. */
  readonly nextOffset: number;
  /** First offset not known to be committed. */
  readonly highWatermark: number;
  readonly logStartOffset: number;
  /** Instead of records: the logs differ. The leader's largest epoch up to the asked one, and where it ends (exclusive). */
  readonly diverging: Diverging | undefined;
  /** Instead of records: the follower is not served. */
  readonly error: SluiceError | undefined;
  /** Whole batches back to back. Decoded: a view. Encoded: not to be changed until it is sent. */
  readonly records: Buffer;
}

const writer = new ProtobufWriter();
const receivedTopics = new TextCache();
const sentTopics = new TextCache();

export const replicateResponseCodec: PayloadCodec<ReplicateResponse> = {
  encode(message) {
    return replicateResponseCodec.encodeInPlace(message).toBuffer();
  },

  encodeInPlace(message) {
    const error = message.error === undefined ? noBytes : encodeWireError(message.error);
    const diverging = message.diverging === undefined ? undefined : encodeDiverging(message.diverging);
    const topicId = sentTopics.encode(message.topicId);
    writer.begin(topicId.length + error.length + 32);
    writer.bytes(1, topicId);
    writer.int32(2, message.partition);
    writer.int32(3, message.leaderEpoch);
    writer.int64(4, message.fetchOffset);
    writer.int64(5, message.nextOffset);
    writer.int64(6, message.highWatermark);
    writer.int64(7, message.logStartOffset);
    if (diverging !== undefined) writer.message(8, diverging);
    writer.bytes(9, error);
    return writer.end(15, message.records);
  },

  /** @throws SluiceError INVALID_REQUEST */
  decode(bytes) {
    const reader = new ProtobufReader(bytes, "ReplicateResponse");
    let [partition, leaderEpoch, fetchOffset, nextOffset, highWatermark, logStartOffset] = [0, 0, 0, 0, 0, 0];
    let topicId = "";
    let diverging: Diverging | undefined;
    let error: SluiceError | undefined;
    let records: Buffer = noBytes;
    for (let tag = reader.nextTag(); tag !== 0; tag = reader.nextTag()) {
      if (tag === 0x0a) topicId = receivedTopics.decode(reader.bytes());
      else if (tag === 0x10) partition = reader.int32();
      else if (tag === 0x18) leaderEpoch = reader.int32();
      else if (tag === 0x20) fetchOffset = reader.int64();
      else if (tag === 0x28) nextOffset = reader.int64();
      else if (tag === 0x30) highWatermark = reader.int64();
      else if (tag === 0x38) logStartOffset = reader.int64();
      else if (tag === 0x42) diverging = decodeDiverging(reader.bytes());
      else if (tag === 0x4a) error = decodeWireError(reader.bytes());
      else if (tag === 0x7a) records = reader.bytes();
      else reader.skip();
    }
    return {
      topicId,
      partition,
      leaderEpoch,
      fetchOffset,
      nextOffset,
      highWatermark,
      logStartOffset,
      diverging,
      error,
      records,
    };
  },
};
