/**
 * ProduceRequest of sluice/v1/log.proto, framed by hand: the header fields are read and written directly, and the record batch is
 * a view of the received bytes, never copied through an object.
 */

import { SluiceError } from "@sluice/model";
import type { PayloadCodec } from "../encoded-message.js";
import { noBytes, ProtobufReader } from "../protobuf-reader.js";
import { ProtobufWriter } from "../protobuf-writer.js";
import { TextCache } from "../text-cache.js";

/** When a produce is answered: see Acks in sluice/v1/common.proto. */
export type Acks = "all" | "leader" | "none";

export interface ProduceRequest {
  /** Unique among what is in flight on the stream; below 2^53. */
  readonly correlationId: number;
  readonly topic: string;
  readonly partition: number;
  readonly acks: Acks;
  /** Leader epoch that the client knows, if any. */
  readonly leaderEpoch: number | undefined;
  /** One record batch. Decoded: a view, which the receiver owns. Encoded: not to be changed until it is sent. */
  readonly records: Buffer;
}

/** Numbers of Acks, by name. Unspecified is `all`. */
const acksNumbers: Readonly<Record<Acks, number>> = { all: 1, leader: 2, none: 3 };
const acksNames: readonly Acks[] = ["all", "all", "leader", "none"];

const writer = new ProtobufWriter();
const receivedTopics = new TextCache();
const sentTopics = new TextCache();

export const produceRequestCodec: PayloadCodec<ProduceRequest> = {
  encode(message) {
    return produceRequestCodec.encodeInPlace(message).toBuffer();
  },

  encodeInPlace(message) {
    const topic = sentTopics.encode(message.topic);
    writer.begin(topic.length);
    writer.uint64(1, message.correlationId);
    writer.bytes(2, topic);
    writer.int32(3, message.partition);
    writer.int32(4, acksNumbers[message.acks]);
    writer.int32(5, message.leaderEpoch === undefined ? 0 : message.leaderEpoch + 1);
    return writer.end(15, message.records);
  },

  /** @throws SluiceError INVALID_REQUEST */
  decode(bytes) {
    const reader = new ProtobufReader(bytes, "ProduceRequest");
    let correlationId = 0;
    let topic = "";
    let partition = 0;
    let acks: Acks = "all";
    let leaderEpochPlusOne = 0;
    let records: Buffer = noBytes;
    for (let tag = reader.nextTag(); tag !== 0; tag = reader.nextTag()) {
      if (tag === 0x08) correlationId = reader.uint64();
      else if (tag === 0x12) topic = receivedTopics.decode(reader.bytes());
      else if (tag === 0x18) partition = reader.int32();
      else if (tag === 0x20) acks = acksOf(reader.int32());
      else if (tag === 0x28) leaderEpochPlusOne = reader.int32();
      else if (tag === 0x7a) records = reader.bytes();
      else reader.skip();
    }
    const leaderEpoch = leaderEpochPlusOne === 0 ? undefined : leaderEpochPlusOne - 1;
    return { correlationId, topic, partition, acks, leaderEpoch, records };
  },
};

function acksOf(number: number): Acks {
  const acks = acksNames[number];
  if (acks === undefined) throw new SluiceError("INVALID_REQUEST", { reason: `acks ${number} is not known here` });
  return acks;
}
