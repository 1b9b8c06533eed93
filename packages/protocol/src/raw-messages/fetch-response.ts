/**
 * FetchResponse of sluice/v1/log.proto, framed by hand: the batches are read and sent as they are on disk.
 */

import type { SluiceError } from "@sluice/model";
import type { PayloadCodec } from "../encoded-message.js";
import { noBytes, ProtobufReader } from "../protobuf-reader.js";
import { ProtobufWriter } from "../protobuf-writer.js";
import { decodeWireError, encodeWireError } from "../wire-error.js";
import { type Diverging, decodeDiverging, encodeDiverging } from "./diverging.js";

export interface FetchResponse {
  /** That of the request. */
  readonly correlationId: number;
  /** First offset not known to be committed. */
  readonly highWatermark: number;
  /** Offset of the first record that can still be read. */
  readonly logStartOffset: number;
  /** Leader epoch of the broker that answered. */
  readonly leaderEpoch: number;
  /** Set when nothing could be read. */
  readonly error: SluiceError | undefined;
  /** With LOG_TRUNCATED: what is left of the epoch that was named, or of the largest before it. */
  readonly diverging: Diverging | undefined;
  /** Whole batches back to back; empty when the wait was over. Decoded: a view. Encoded: not to be changed until it is sent. */
  readonly records: Buffer;
}

const writer = new ProtobufWriter();

export const fetchResponseCodec: PayloadCodec<FetchResponse> = {
  encode(message) {
    return fetchResponseCodec.encodeInPlace(message).toBuffer();
  },

  encodeInPlace(message) {
    const error = message.error === undefined ? noBytes : encodeWireError(message.error);
    writer.begin(error.length + 32);
    writer.uint64(1, message.correlationId);
    writer.int64(2, message.highWatermark);
    writer.int64(3, message.logStartOffset);
    writer.int32(4, message.leaderEpoch);
    writer.bytes(5, error);
    if (message.diverging !== undefined) writer.message(6, encodeDiverging(message.diverging));
    return writer.end(15, message.records);
  },

  /** @throws SluiceError INVALID_REQUEST */
  decode(bytes) {
    const reader = new ProtobufReader(bytes, "FetchResponse");
    let correlationId = 0;
    let highWatermark = 0;
    let logStartOffset = 0;
    let leaderEpoch = 0;
    let error: SluiceError | undefined;
    let diverging: Diverging | undefined;
    let records: Buffer = noBytes;
    for (let tag = reader.nextTag(); tag !== 0; tag = reader.nextTag()) {
      if (tag === 0x08) correlationId = reader.uint64();
      else if (tag === 0x10) highWatermark = reader.int64();
      else if (tag === 0x18) logStartOffset = reader.int64();
      else if (tag === 0x20) leaderEpoch = reader.int32();
      else if (tag === 0x2a) error = decodeWireError(reader.bytes());
      else if (tag === 0x32) diverging = decodeDiverging(reader.bytes());
      else if (tag === 0x7a) records = reader.bytes();
      else reader.skip();
    }
    return { correlationId, highWatermark, logStartOffset, leaderEpoch, error, diverging, records };
  },
};
