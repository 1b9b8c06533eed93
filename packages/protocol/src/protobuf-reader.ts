/**
 * Reads one protobuf message from bytes, field by field, copying nothing.
 *
 *     message = { tag varint = number << 3 | wire type, value }
 *     wire type 0: varint   1: 8 bytes   2: length varint, bytes   3..4: group, skipped   5: 4 bytes
 *
 * Fields may come in any order; the last of several counts. What is not known is skipped. Every broken input is
 * INVALID_REQUEST, found before anything is read beyond the end.
 */

import { SluiceError } from "@sluice/model";

/** Unknown groups may nest this deep, as other protobuf parsers have it. */
const groupDepthMax = 100;
const twoTo32 = 0x1_0000_0000;

/** Value of a `bytes` field that is absent. */
export const noBytes: Buffer = Buffer.alloc(0);

export class ProtobufReader {
  readonly #bytes: Buffer;
  readonly #what: string;
  #position = 0;
  #tag = 0;

  /** `what` names the message in errors. */
  constructor(bytes: Buffer, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  /**
   * Goes on to the next field and returns its tag, `number << 3 | wire type`, or 0 at the end. Its value must then be read or
   * skipped.
   */
  nextTag(): number {
    if (this.#position === this.#bytes.length) return 0;
    const tag = this.#varint();
    if (tag < 8 || tag >= twoTo32) throw this.#broken("a field without a number");
    this.#tag = tag;
    return tag;
  }

  /** Value of a `uint64` field. @throws SluiceError INVALID_REQUEST beyond 2^53 - 1. */
  uint64(): number {
    return this.#varint();
  }

  /** Value of an `int64` field. @throws SluiceError INVALID_REQUEST beyond 2^53 - 1 either way. */
  int64(): number {
    const bytes = this.#bytes;
    // Ten bytes: the number is negative, or too large.
    if (this.#position + 10 > bytes.length) return this.#varint();
    for (let i = 0; i < 9; i++) if ((bytes[this.#position + i] as number) < 0x80) return this.#varint();
    return this.#negativeInt64();
  }

  /** Value of an `int32` or enum field: the low 32 bits, as protobuf has it. */
  int32(): number {
    const bytes = this.#bytes;
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const byte = bytes[this.#position++];
      if (byte === undefined) throw this.#broken("it ends in a number");
      if (i < 5) value |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) return value;
    }
    throw this.#broken("a number of more than 10 bytes");
  }

  /** Value of a `bytes` field or of a message in it: a view, not a copy. */
  bytes(): Buffer {
    const length = this.#varint();
    const start = this.#position;
    if (length > this.#bytes.length - start) throw this.#broken("a length beyond its end");
    this.#position = start + length;
    return this.#bytes.subarray(start, this.#position);
  }

  /** Passes over the value of the field that `nextTag` returned. */
  skip(): void {
    this.#skipValue(this.#tag & 7);
  }

  #skipValue(wireType: number): void {
    if (wireType === 0) this.int32();
    else if (wireType === 1) this.#advance(8);
    else if (wireType === 2) this.bytes();
    else if (wireType === 3) this.#skipGroup();
    else if (wireType === 5) this.#advance(4);
    else throw this.#broken(`wire type ${wireType}`);
  }

  #skipGroup(): void {
    const open = [this.#tag >>> 3];
    while (open.length > 0) {
      const tag = this.nextTag();
      if (tag === 0) throw this.#broken("it ends in a group");
      if ((tag & 7) === 3) {
        open.push(tag >>> 3);
        if (open.length > groupDepthMax) throw this.#broken("groups nested too deep");
      } else if ((tag & 7) === 4) {
        if (open.pop() !== tag >>> 3) throw this.#broken("a group that ends another");
      } else {
        this.#skipValue(tag & 7);
      }
    }
  }

  #advance(length: number): void {
    if (length > this.#bytes.length - this.#position) throw this.#broken("a value beyond its end");
    this.#position += length;
  }

  /** An unsigned varint of at most 53 bits. */
  #varint(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.#position++];
    if (byte !== undefined && byte < 0x80) return byte;
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      if (byte === undefined) throw this.#broken("it ends in a number");
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) throw this.#broken("a number beyond 2^53 - 1");
        return value;
      }
      scale *= 128;
      byte = bytes[this.#position++];
    }
    throw this.#broken("a number of more than 10 bytes");
  }

  /** Ten bytes of two's complement: the high word holds bits 32 to 63. */
  #negativeInt64(): number {
    let low = 0;
    let high = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.#bytes[this.#position++] as number;
      if (i === 9 && byte >= 0x80) throw this.#broken("a number of more than 10 bytes");
      const bits = byte & 0x7f;
      if (i < 4) low |= bits << (7 * i);
      else if (i === 4) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (7 * i - 32);
    }
    const value = (high | 0) * twoTo32 + (low >>> 0);
    if (!Number.isSafeInteger(value)) throw this.#broken("a number beyond 2^53 - 1");
    return value;
  }

  #broken(reason: string): SluiceError {
    return new SluiceError("INVALID_REQUEST", { reason: `${this.#what} has ${reason}` });
  }
}
