/**
 * ReplicateRequest of sluice/v1/replication.proto, framed by hand: followers say after every append how far they are.
 */

import type { PayloadCodec } from "../encoded-message.js";
import { noBytes, ProtobufReader } from "../protobuf-reader.js";
import { ProtobufWriter } from "../protobuf-writer.js";
import { TextCache } from "../text-cache.js";

export interface ReplicateRequest {
  /** Broker that follows. */
  readonly brokerId: number;
  /** Its registration. */
  readonly brokerEpoch: number;
  /** Id of the topic, a UUID. Empty: a keep-alive, or the first message. */
  readonly topicId: string;
  readonly partition: number;
  /** Leader epoch that the follower is in. */
  readonly leaderEpoch: number;
  /** Its log end: the first offset that it wants. */
  readonly fetchOffset: number;
  /** Epoch of its last batch. Undefined: its log is empty. */
  readonly lastFetchedEpoch: number | undefined;
  /** Up to where its log survives a power loss, exclusive. */
  readonly flushedOffset: number;
  /** It does not follow the partition (any more). */
  readonly forget: boolean;
  /** Send from fetchOffset on. Without it, the message only says how far the follower is. */
  readonly restart: boolean;
  /** In a message without a topic: registration of the broker that is to be followed. Else 0. */
  readonly leaderBrokerEpoch: number;
  /** The follower stops: it follows nothing any more, and ends the stream. */
  readonly stopping: boolean;
  /** There was no room for what was sent: the leader is not to wait for this replica until it asks anew. */
  readonly full: boolean;
}

const writer = new ProtobufWriter();
const receivedTopics = new TextCache();
const sentTopics = new TextCache();

export const replicateRequestCodec: PayloadCodec<ReplicateRequest> = {
  encode(message) {
    return replicateRequestCodec.encodeInPlace(message).toBuffer();
  },

  encodeInPlace(message) {
    const topicId = sentTopics.encode(message.topicId);
    writer.begin(topicId.length);
    writer.int32(1, message.brokerId);
    writer.int64(2, message.brokerEpoch);
    writer.bytes(3, topicId);
    writer.int32(4, message.partition);
    writer.int32(5, message.leaderEpoch);
    writer.int64(6, message.fetchOffset);
    writer.int32(7, message.lastFetchedEpoch === undefined ? 0 : message.lastFetchedEpoch + 1);
    writer.int64(8, message.flushedOffset);
    writer.int32(9, message.forget ? 1 : 0);
    writer.int32(10, message.restart ? 1 : 0);
    writer.int64(11, message.leaderBrokerEpoch);
    writer.int32(12, message.stopping ? 1 : 0);
    writer.int32(13, message.full ? 1 : 0);
    return writer.end(15, noBytes);
  },

  /** @throws SluiceError INVALID_REQUEST */
  decode(bytes) {
    const reader = new ProtobufReader(bytes, "ReplicateRequest");
    let [brokerId, brokerEpoch, partition, leaderEpoch, fetchOffset, flushedOffset] = [0, 0, 0, 0, 0, 0];
    let leaderBrokerEpoch = 0;
    let lastFetchedEpoch: number | undefined;
    let topicId = "";
    let forget = false;
    let restart = false;
    let stopping = false;
    let full = false;
    for (let tag = reader.nextTag(); tag !== 0; tag = reader.nextTag()) {
      if (tag === 0x08) brokerId = reader.int32();
      else if (tag === 0x10) brokerEpoch = reader.int64();
      else if (tag === 0x1a) topicId = receivedTopics.decode(reader.bytes());
      else if (tag === 0x20) partition = reader.int32();
      else if (tag === 0x28) leaderEpoch = reader.int32();
      else if (tag === 0x30) fetchOffset = reader.int64();
      else if (tag === 0x38) lastFetchedEpoch = reader.int32() - 1;
      else if (tag === 0x40) flushedOffset = reader.int64();
      else if (tag === 0x48) forget = reader.int32() !== 0;
      else if (tag === 0x50) restart = reader.int32() !== 0;
      else if (tag === 0x58) leaderBrokerEpoch = reader.int64();
      else if (tag === 0x60) stopping = reader.int32() !== 0;
      else if (tag === 0x68) full = reader.int32() !== 0;
      else reader.skip();
    }
    if (lastFetchedEpoch !== undefined && lastFetchedEpoch < 0) lastFetchedEpoch = undefined;
    return {
      brokerId,
      brokerEpoch,
      topicId,
      partition,
      leaderEpoch,
      fetchOffset,
      lastFetchedEpoch,
      flushedOffset,
      forget,
      restart,
      leaderBrokerEpoch,
      stopping,
      full,
    };
  },
};
