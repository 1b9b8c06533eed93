/**
 * Zigzag varints: signed integers of 1 to 5 (varint, 32 bits) or 1 to 10 bytes (varlong, 64 bits).
 *
 *     zigzag: 0 -> 0, -1 -> 1, 1 -> 2, -2 -> 3 ...   so that small numbers of either sign are short
 *     bytes:  7 bits each, low bits first; the top bit says that another byte follows
 *
 * Varlongs are numbers: what is not a safe integer is refused. Encodings that are longer than need be are read, as Kafka
 * does; encodings that do not fit 32 (or 64) bits are not.
 */

import { SluiceError } from "@sluice/model";

/** Bytes of `value`, an int32, as a varint. */
export function varintSizeBytes(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  if (zigzag < 0x80) return 1;
  if (zigzag < 0x4000) return 2;
  if (zigzag < 0x20_0000) return 3;
  return zigzag < 0x1000_0000 ? 4 : 5;
}

/** Writes `value`, an int32, and returns the position after it. */
export function writeVarint(bytes: Uint8Array, position: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  let at = position;
  while (rest >= 0x80) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

/** Bytes of `value`, a safe integer, as a varlong. */
export function varlongSizeBytes(value: number): number {
  if (isInt32(value)) return varintSizeBytes(value);
  let sizeBytes = 1;
  for (let rest = Math.floor(magnitude(value) / 64); rest > 0; rest = Math.floor(rest / 128)) sizeBytes++;
  return sizeBytes;
}

/** Writes `value`, a safe integer, and returns the position after it. */
export function writeVarlong(bytes: Uint8Array, position: number, value: number): number {
  if (isInt32(value)) return writeVarint(bytes, position, value);
  // The zigzag number itself may need 54 bits, so its lowest bit, the sign, is split off before anything is doubled.
  const whole = magnitude(value);
  let at = position;
  let group = (whole % 64) * 2 + (value < 0 ? 1 : 0);
  for (let rest = Math.floor(whole / 64); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[at++] = group | 0x80;
    group = rest % 128;
  }
  bytes[at++] = group;
  return at;
}

/** Reads varints one after the other from a range of bytes. `position` is that of the next byte. */
export class VarintReader {
  readonly bytes: Uint8Array;
  position: number;
  /** Position after the last readable byte. */
  readonly end: number;

  constructor(bytes: Uint8Array, position: number, end: number) {
    this.bytes = bytes;
    this.position = position;
    this.end = end;
  }

  /** @throws SluiceError INVALID_RECORD_BATCH where the bytes end early or are more than 32 bits. */
  varint(): number {
    const first = this.byte();
    if (first < 0x80) return (first >>> 1) ^ -(first & 1);
    const zigzag = this.#restOfVarint(first & 0x7f);
    return (zigzag >>> 1) ^ -(zigzag & 1);
  }

  /** @throws SluiceError INVALID_RECORD_BATCH where the bytes end early or are not a safe integer. */
  varlong(): number {
    const first = this.byte();
    if (first < 0x80) return (first >>> 1) ^ -(first & 1);
    let whole = (first & 0x7f) >>> 1;
    let byte = first;
    for (let unit = 64, count = 1; byte >= 0x80; unit *= 128, count++) {
      if (count === 10) throw invalid("a varlong of more than 10 bytes");
      byte = this.byte();
      whole += (byte & 0x7f) * unit;
    }
    if (whole > Number.MAX_SAFE_INTEGER) throw invalid("a varlong beyond 2^53");
    return (first & 1) === 0 ? whole : -whole - 1;
  }

  /** @throws SluiceError INVALID_RECORD_BATCH at the end. */
  byte(): number {
    if (this.position >= this.end) throw invalid("the bytes end inside a record");
    return this.bytes[this.position++] as number;
  }

  #restOfVarint(low: number): number {
    let zigzag = low;
    for (let shift = 7; shift <= 28; shift += 7) {
      const byte = this.byte();
      zigzag |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (shift === 28 && byte > 0x0f) break;
        return zigzag;
      }
    }
    throw invalid("a varint of more than 32 bits");
  }
}

/** What zigzag doubles: 0, 1, 2 ... for 0, 1, 2 ... and 0, 1, 2 ... for -1, -2, -3 ... */
function magnitude(value: number): number {
  return value < 0 ? -value - 1 : value;
}

function isInt32(value: number): boolean {
  return value === (value | 0);
}

function invalid(reason: string): SluiceError {
  return new SluiceError("INVALID_RECORD_BATCH", { reason, where: "its records" });
}
