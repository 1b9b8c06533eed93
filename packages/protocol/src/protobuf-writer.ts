/**
 * Writes the small fields of a protobuf message into one buffer, in the order of their numbers.
 *
 * Fields that hold their default are left out, as proto3 does. A message is begun, written and ended in one go: the
 * buffer is used again for the next one.
 */

import { invariant } from "@sluice/model";
import { EncodedMessage } from "./encoded-message.js";

const twoTo32 = 0x1_0000_0000;
/** More than the numbers of any message of ours take together, tags included. */
const numbersBytesMax = 128;

export class ProtobufWriter {
  #buffer = Buffer.allocUnsafeSlow(512);
  #position = 0;

  /** Begins a message whose texts and messages take `textBytes` together; numbers need no counting. */
  begin(textBytes: number): void {
    const sizeBytes = numbersBytesMax + textBytes;
    if (sizeBytes > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(sizeBytes * 2);
    this.#position = 0;
  }

  /** A copy of what was written since `begin`. */
  written(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#position));
  }

  uint64(number: number, value: number): void {
    invariant(Number.isSafeInteger(value) && value >= 0, `field ${number} is not a uint64: ${value}`);
    if (value === 0) return;
    this.#varint(number << 3);
    this.#varint(value);
  }

  int64(number: number, value: number): void {
    if (value >= 0) {
      this.uint64(number, value);
      return;
    }
    invariant(Number.isSafeInteger(value), `field ${number} is not an int64: ${value}`);
    this.#varint(number << 3);
    this.#negative(value);
  }

  int32(number: number, value: number): void {
    invariant((value | 0) === value, `field ${number} is not an int32: ${value}`);
    this.int64(number, value);
  }

  /** A text or a message. Empty is left out. */
  bytes(number: number, value: Buffer): void {
    if (value.length > 0) this.message(number, value);
  }

  /** A message that is there, also where all of it is left out. */
  message(number: number, value: Buffer): void {
    this.#bytesHead(number, value.length);
    value.copy(this.#buffer, this.#position);
    this.#position += value.length;
  }

  /** Ends the message with a payload that stays where it is. Empty is left out. */
  end(number: number, payload: Buffer): EncodedMessage {
    if (payload.length > 0) this.#bytesHead(number, payload.length);
    return new EncodedMessage(this.written(), payload);
  }

  #bytesHead(number: number, length: number): void {
    this.#varint((number << 3) | 2);
    this.#varint(length);
  }

  #varint(value: number): void {
    const buffer = this.#buffer;
    let rest = value;
    while (rest >= 0x80) {
      buffer[this.#position++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    buffer[this.#position++] = rest;
  }

  /** Two's complement of 64 bits, which takes ten bytes. */
  #negative(value: number): void {
    let low = value >>> 0;
    let high = Math.floor(value / twoTo32) >>> 0;
    for (let i = 0; i < 9; i++) {
      this.#buffer[this.#position++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.#buffer[this.#position++] = low;
  }
}
