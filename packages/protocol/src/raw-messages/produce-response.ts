/** ProduceResponse of sluice/v1/log.proto, framed by hand. */

import type { Codec, SluiceError } from "@sluice/model";
import { noBytes, ProtobufReader } from "../protobuf-reader.js";
import { ProtobufWriter } from "../protobuf-writer.js";
import { decodeWireError, encodeWireError } from "../wire-error.js";

export interface ProduceResponse {
  /** That of the request. */
  readonly correlationId: number;
  /** Offset of the first record of the batch. 0 where error is set. */
  readonly baseOffset: number;
  /** Leader epoch in which the batch was appended. 0 where error is set. */
  readonly leaderEpoch: number;
  /** How many replicas had the batch when this was answered. */
  readonly replicas: number;
  /** How many of them had flushed it to disk. */
  readonly replicasFlushed: number;
  /** Offset of the first record that can still be read. */
  readonly logStartOffset: number;
  /** Set when the batch was not acknowledged. INDETERMINATE: it may have been appended; any other code: it was not. */
  readonly error: SluiceError | undefined;
  /** The batch had been appended before, at `baseOffset`. */
  readonly duplicate: boolean;
  /** Timestamp that the broker gave the records, milliseconds since 1970. 0: they keep their own. */
  readonly logAppendTimeMs: number;
}

const writer = new ProtobufWriter();

export const produceResponseCodec: Codec<ProduceResponse> = {
  encode(message) {
    const error = message.error === undefined ? noBytes : encodeWireError(message.error);
    writer.begin(error.length);
    writer.uint64(1, message.correlationId);
    writer.int64(2, message.baseOffset);
    writer.int32(3, message.leaderEpoch);
    writer.int32(4, message.replicas);
    writer.int32(5, message.replicasFlushed);
    writer.int64(6, message.logStartOffset);
    writer.bytes(7, error);
    writer.int32(8, message.duplicate ? 1 : 0);
    writer.int64(9, message.logAppendTimeMs);
    return writer.written();
  },

  /** @throws SluiceError INVALID_REQUEST */
  decode(bytes) {
    const reader = new ProtobufReader(bytes, "ProduceResponse");
    let correlationId = 0;
    let baseOffset = 0;
    let leaderEpoch = 0;
    let replicas = 0;
    let replicasFlushed = 0;
    let logStartOffset = 0;
    let error: SluiceError | undefined;
    let duplicate = false;
    let logAppendTimeMs = 0;
    for (let tag = reader.nextTag(); tag !== 0; tag = reader.nextTag()) {
      if (tag === 0x08) correlationId = reader.uint64();
      else if (tag === 0x10) baseOffset = reader.int64();
      else if (tag === 0x18) leaderEpoch = reader.int32();
      else if (tag === 0x20) replicas = reader.int32();
      else if (tag === 0x28) replicasFlushed = reader.int32();
      else if (tag === 0x30) logStartOffset = reader.int64();
      else if (tag === 0x3a) error = decodeWireError(reader.bytes());
      else if (tag === 0x40) duplicate = reader.int32() !== 0;
      else if (tag === 0x48) logAppendTimeMs = reader.int64();
      else reader.skip();
    }
    return {
      correlationId,
      baseOffset,
      leaderEpoch,
      replicas,
      replicasFlushed,
      logStartOffset,
      error,
      duplicate,
      logAppendTimeMs,
    };
  },
};
