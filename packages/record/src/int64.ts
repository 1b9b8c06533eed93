/**
 * 64-bit big-endian integers as two 32-bit halves.
 *
 * `Buffer` reads and writes int64 as BigInt, which allocates. Here everything of 64 bits is a number: exact where it is a safe
 * integer, rounded beyond 2^53 to something that is not one. Whoever needs it exact checks `Number.isSafeInteger`.
 */

const wordRange = 0x1_0000_0000;

/** The int64 at `position`, rounded to the nearest number beyond 2^53. */
export function readInt64(bytes: Buffer, position: number): number {
  return bytes.readInt32BE(position) * wordRange + bytes.readUInt32BE(position + 4);
}

/** Writes `value`, a safe integer. */
export function writeInt64(bytes: Buffer, position: number, value: number): void {
  bytes.writeInt32BE(Math.floor(value / wordRange), position);
  bytes.writeUInt32BE(value >>> 0, position + 4);
}
