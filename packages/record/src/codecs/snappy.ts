/**
 * snappy, as Java clients write it: raw snappy blocks in xerial's framing. One raw block without framing is read too.
 *
 *     framed = magic 82 'S' 'N' 'A' 'P' 'P' 'Y' 00, version int32, oldest compatible version int32, Chunk*
 *     Chunk  = length int32, a raw block of at most 32 KiB of input
 *     raw    = expanded length, unsigned varint; then literals and copies
 *
 * A raw block cannot begin with the magic: its first element would be a copy of bytes before the first. Its length stands at
 * its beginning, so the output is measured before any of it is allocated, and a length that no block of that size can expand
 * to is a lie.
 */

import { type Codec, expandsTooFar, invalidStream } from "./codec.js";
import type { SnappyPackage } from "./optional-codec-packages.js";

const magic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const framingVersion = 1;
const framingSizeBytes = magic.length + 8;
const chunkInputBytes = 32 * 1024;
// The densest element is a copy of 64 bytes, which takes three.
const elementExpandedBytes = 64;
const elementBytes = 3;

/** The codec over raw blocks of `snappyPackage`, which is loaded at first use. */
export function snappyCodec(snappyPackage: () => SnappyPackage): Codec {
  return {
    compress: (bytes) => compressFramed(bytes, snappyPackage()),
    decompress(bytes, expandedBytesMax) {
      if (!isFramed(bytes)) {
        expandedSizeBytes([bytes], expandedBytesMax);
        return expandedBlock(bytes, snappyPackage());
      }
      const sizeBytes = expandedSizeBytes(chunksOf(bytes), expandedBytesMax);
      return expanded(chunksOf(bytes), sizeBytes, snappyPackage());
    },
  };
}

function compressFramed(bytes: Uint8Array, { compressSync }: SnappyPackage): Uint8Array {
  const head = Buffer.alloc(framingSizeBytes);
  magic.copy(head);
  head.writeInt32BE(framingVersion, magic.length);
  head.writeInt32BE(framingVersion, magic.length + 4);
  const parts: Buffer[] = [head];
  for (let at = 0; at < bytes.length; at += chunkInputBytes) {
    const block = compressSync(bytes.subarray(at, at + chunkInputBytes));
    const length = Buffer.alloc(4);
    length.writeInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

function isFramed(bytes: Buffer): boolean {
  return bytes.length >= framingSizeBytes && bytes.subarray(0, magic.length).equals(magic);
}

/** The raw blocks of a framed stream, which may be as many as it has bytes. @throws SluiceError INVALID_RECORD_BATCH */
function* chunksOf(bytes: Buffer): Generator<Buffer, void, undefined> {
  const compatibleVersion = bytes.readInt32BE(magic.length + 4);
  if (compatibleVersion !== framingVersion) throw invalid(`its framing needs version ${compatibleVersion}`);
  for (let at = framingSizeBytes; at < bytes.length; ) {
    if (bytes.length - at < 4) throw invalid("it ends inside the length of a chunk");
    const length = bytes.readInt32BE(at);
    const end = at + 4 + length;
    if (length <= 0 || end > bytes.length) throw invalid(`a chunk of ${length} bytes does not fit`);
    yield bytes.subarray(at + 4, end);
    at = end;
  }
}

function expandedSizeBytes(chunks: Iterable<Buffer>, expandedBytesMax: number): number {
  let sizeBytes = 0;
  for (const chunk of chunks) {
    sizeBytes += blockSizeBytes(chunk);
    if (sizeBytes > expandedBytesMax) throw expandsTooFar("snappy", expandedBytesMax);
  }
  return sizeBytes;
}

/** What a raw block says that it expands to. */
function blockSizeBytes(block: Buffer): number {
  let sizeBytes = 0;
  for (let at = 0, unit = 1; at < 5 && at < block.length; at++, unit *= 128) {
    const byte = block[at] as number;
    sizeBytes += (byte & 0x7f) * unit;
    if (byte >= 0x80) continue;
    if (sizeBytes * elementBytes > (block.length - at) * elementExpandedBytes)
      throw invalid(`a block of ${block.length} bytes cannot expand to ${sizeBytes}`);
    return sizeBytes;
  }
  throw invalid("a block does not begin with its length");
}

function expanded(chunks: Iterable<Buffer>, sizeBytes: number, snappy: SnappyPackage): Buffer {
  const result = Buffer.allocUnsafe(sizeBytes);
  let at = 0;
  for (const chunk of chunks) at += expandedBlock(chunk, snappy).copy(result, at);
  return result;
}

function expandedBlock(block: Buffer, { uncompressSync }: SnappyPackage): Buffer {
  try {
    return uncompressSync(block) as Buffer;
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error), error);
  }
}

function invalid(reason: string, cause?: unknown): ReturnType<typeof invalidStream> {
  return invalidStream("snappy", reason, cause);
}
