/** Diverging of sluice/v1/common.proto, framed by hand: a part of other messages. */

import { ProtobufReader } from "../protobuf-reader.js";
import { ProtobufWriter } from "../protobuf-writer.js";

/** The largest leader epoch of the leader's log up to the one asked about, and where it ends (exclusive). */
export interface Diverging {
  readonly epoch: number;
  readonly endOffset: number;
}

const writer = new ProtobufWriter();

export function encodeDiverging(diverging: Diverging): Buffer {
  writer.begin(0);
  writer.int32(1, diverging.epoch);
  writer.int64(2, diverging.endOffset);
  return writer.written();
}

/** @throws SluiceError INVALID_REQUEST */
export function decodeDiverging(bytes: Buffer): Diverging {
  const reader = new ProtobufReader(bytes, "Diverging");
  let epoch = 0;
  let endOffset = 0;
  for (let tag = reader.nextTag(); tag !== 0; tag = reader.nextTag()) {
    if (tag === 0x08) epoch = reader.int32();
    else if (tag === 0x10) endOffset = reader.int64();
    else reader.skip();
  }
  return { epoch, endOffset };
}
