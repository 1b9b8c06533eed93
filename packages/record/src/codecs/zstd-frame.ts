/**
 * Walks a zstd frame without expanding it: how much it says that it holds, and where its blocks are.
 *
 *     frame = magic 28 b5 2f fd, descriptor, window (unless single segment), dictionary id (0, 1, 2 or 4 bytes),
 *             content size (0, 1, 2, 4 or 8 bytes LE), Block*, checksum (4 bytes, if descriptor bit 2)
 *     descriptor = bits 6-7 size of the content size, 5 single segment, 2 checksum, 0-1 size of the dictionary id
 *     Block = 3 bytes LE: bit 0 last, bits 1-2 type (0 raw, 1 one byte repeated, 2 compressed), bits 3-23 size; then its bytes
 *
 * No block holds more than 128 KiB, which bounds what a frame can expand to, whatever it says. Exactly one frame is read.
 */

import { expandsTooFar, invalidStream } from "./codec.js";

const magic = 0xfd2fb528;
const blockBytesMax = 128 * 1024;
const dictionaryIdBytes = [0, 1, 2, 4] as const;
const contentSizeBytes = [0, 2, 4, 8] as const;

export interface ZstdFrameHead {
  /** Bytes that it says that it expands to; undefined: it does not say. */
  readonly contentBytes: number | undefined;
  readonly firstBlock: number;
  readonly hasChecksum: boolean;
}

export interface ZstdBlock {
  /** Position after it. */
  readonly end: number;
  /** Most that it expands to; exactly that, unless it is compressed. */
  readonly expandedBytesMax: number;
  readonly isCompressed: boolean;
  readonly isLast: boolean;
}

/**
 * Checks that the bytes are one whole frame that can, and says that it does, stay within the bound.
 * @throws SluiceError INVALID_RECORD_BATCH
 */
export function checkedZstdFrame(bytes: Buffer, expandedBytesMax: number): ZstdFrameHead {
  const head = zstdFrameHead(bytes);
  const { contentBytes, firstBlock, hasChecksum } = head;
  if (contentBytes !== undefined && contentBytes > expandedBytesMax) throw expandsTooFar("zstd", expandedBytesMax);
  let exactBytes = 0;
  let atMostBytes = 0;
  let block = zstdBlock(bytes, firstBlock);
  for (; ; block = zstdBlock(bytes, block.end)) {
    atMostBytes += block.expandedBytesMax;
    if (!block.isCompressed) exactBytes += block.expandedBytesMax;
    if (exactBytes > expandedBytesMax) throw expandsTooFar("zstd", expandedBytesMax);
    if (block.isLast) break;
  }
  if (block.end + (hasChecksum ? 4 : 0) !== bytes.length)
    throw invalidStream("zstd", "the frame does not end where its bytes end");
  if (contentBytes !== undefined && contentBytes > atMostBytes)
    throw invalidStream("zstd", `its blocks cannot hold the ${contentBytes} bytes that it says`);
  return head;
}

function zstdFrameHead(bytes: Buffer): ZstdFrameHead {
  if (bytes.length < 6 || bytes.readUInt32LE(0) !== magic) throw invalidStream("zstd", "it does not begin as a frame");
  const descriptor = bytes[4] as number;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const contentAt = 5 + (isSingleSegment ? 0 : 1) + (dictionaryIdBytes[descriptor & 0x03] ?? 0);
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 && isSingleSegment ? 1 : (contentSizeBytes[sizeFlag] ?? 0);
  const firstBlock = contentAt + sizeBytes;
  if (firstBlock > bytes.length) throw invalidStream("zstd", "it ends inside its header");
  return {
    contentBytes: sizeBytes === 0 ? undefined : readContentBytes(bytes, contentAt, sizeBytes),
    firstBlock,
    hasChecksum: (descriptor & 0x04) !== 0,
  };
}

function readContentBytes(bytes: Buffer, position: number, sizeBytes: number): number {
  if (sizeBytes === 8) return bytes.readUInt32LE(position) + bytes.readUInt32LE(position + 4) * 0x1_0000_0000;
  const value = bytes.readUIntLE(position, sizeBytes);
  return sizeBytes === 2 ? value + 256 : value;
}

/** The block at `position`. @throws SluiceError INVALID_RECORD_BATCH where it does not fit its bytes. */
export function zstdBlock(bytes: Buffer, position: number): ZstdBlock {
  if (position + 3 > bytes.length) throw invalidStream("zstd", "it has no last block");
  const word = bytes.readUIntLE(position, 3);
  const type = (word >> 1) & 0x03;
  const size = word >> 3;
  const end = position + 3 + (type === 1 ? 1 : size);
  if (type === 3 || size > blockBytesMax || end > bytes.length) throw invalidStream("zstd", "a block does not fit");
  const isCompressed = type === 2;
  return { end, isCompressed, expandedBytesMax: isCompressed ? blockBytesMax : size, isLast: (word & 1) === 1 };
}
