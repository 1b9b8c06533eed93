/**
 * lz4: one LZ4 frame with independent blocks, which is all that Java clients read.
 *
 *     frame = magic 04 22 4d 18, FLG, BD, content size uint64 LE (if FLG bit 3), dictionary id uint32 LE (if FLG bit 0),
 *             header checksum, Block*, end mark 00000000, content checksum uint32 LE (if FLG bit 2)
 *     FLG   = version 01 in bits 6-7, bit 4 block checksums
 *     BD    = bits 4-6: 4 64 KiB, 5 256 KiB, 6 1 MiB, 7 4 MiB: most that a block expands to
 *     Block = length uint32 LE (top bit: stored as it is), bytes, checksum uint32 LE (if FLG bit 4)
 *
 * The package expands a frame whatever its size, up to 255 times. So a frame is measured first: by the sizes of its blocks,
 * which is enough nearly always, and where those leave it open, by walking the sequences in them. Exactly one frame is read.
 */

import { type Codec, decompressionError, expandsTooFar, invalidStream } from "./codec.js";
import type { Lz4Package } from "./optional-codec-packages.js";

const magic = 0x184d2204;
const flag = { dictionary: 0x01, contentChecksum: 0x04, contentSize: 0x08, blockChecksum: 0x10 } as const;
const storedBit = 0x8000_0000;
// A byte of a length counts 255 at most; the token, its offset and its least match are covered by one more.
const expansionMax = 255;
const tokenSlackBytes = 64;

interface Block {
  readonly position: number;
  readonly end: number;
  readonly isStored: boolean;
  /** Position of the next block or of the end mark. */
  readonly next: number;
}

interface Frame {
  readonly bytes: Buffer;
  readonly flags: number;
  readonly blockBytesMax: number;
  readonly firstBlock: number;
}

/** The codec over frames of `lz4Package`, which is loaded at first use. */
export function lz4Codec(lz4Package: () => Lz4Package): Codec {
  return {
    compress: (bytes) => lz4Package().compressFrameSync(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)),
    decompress(bytes, expandedBytesMax) {
      const frame = frameOf(bytes);
      const measures = [atMostBytes, exactBytes];
      if (!measures.some((measure) => totalBytes(frame, measure, expandedBytesMax) <= expandedBytesMax))
        throw expandsTooFar("lz4", expandedBytesMax);
      const { decompressFrameSync } = lz4Package();
      try {
        return decompressFrameSync(bytes);
      } catch (error) {
        throw decompressionError("lz4", expandedBytesMax, error);
      }
    },
  };
}

function frameOf(bytes: Buffer): Frame {
  if (bytes.length < 7 || bytes.readUInt32LE(0) !== magic) throw invalidStream("lz4", "it does not begin as a frame");
  const flags = bytes[4] as number;
  const blockSizeId = ((bytes[5] as number) >> 4) & 0x07;
  if (blockSizeId < 4) throw invalidStream("lz4", `block size ${blockSizeId} does not exist`);
  const optionalBytes = (has(flags, flag.contentSize) ? 8 : 0) + (has(flags, flag.dictionary) ? 4 : 0);
  return { bytes, flags, blockBytesMax: 1 << (2 * blockSizeId + 8), firstBlock: 7 + optionalBytes };
}

/** What the blocks expand to together by `measure`; counting stops beyond `enoughBytes`. @throws INVALID_RECORD_BATCH */
function totalBytes(frame: Frame, measure: (frame: Frame, block: Block) => number, enoughBytes: number): number {
  let total = 0;
  let position = frame.firstBlock;
  for (let block = blockAt(frame, position); block !== undefined; block = blockAt(frame, position)) {
    total += measure(frame, block);
    if (total > enoughBytes) return total;
    position = block.next;
  }
  const end = position + 4 + (has(frame.flags, flag.contentChecksum) ? 4 : 0);
  if (end !== frame.bytes.length) throw invalidStream("lz4", "the frame does not end where its bytes end");
  return total;
}

/** The block at `position`; undefined for the end mark. */
function blockAt({ bytes, flags }: Frame, position: number): Block | undefined {
  if (position + 4 > bytes.length) throw invalidStream("lz4", "it has no end mark");
  const word = bytes.readUInt32LE(position);
  if (word === 0) return undefined;
  const isStored = word >= storedBit;
  const start = position + 4;
  const end = start + (isStored ? word - storedBit : word);
  const next = end + (has(flags, flag.blockChecksum) ? 4 : 0);
  if (next > bytes.length) throw invalidStream("lz4", "a block goes beyond its bytes");
  return { position: start, end, isStored, next };
}

function atMostBytes({ blockBytesMax }: Frame, { position, end, isStored }: Block): number {
  return isStored ? end - position : Math.min(blockBytesMax, (end - position) * expansionMax + tokenSlackBytes);
}

/** Follows the sequences of a block: token, literals, offset, match. A damaged block is left to the decoder. */
function exactBytes({ bytes, blockBytesMax }: Frame, { position, end, isStored }: Block): number {
  if (isStored) return end - position;
  let total = 0;
  let at = position;
  const length = (nibble: number): number => {
    let value = nibble;
    for (let byte = nibble === 15 ? 255 : 0; byte === 255 && at < end; value += byte) byte = bytes[at++] as number;
    return value;
  };
  while (at < end && total < blockBytesMax) {
    const token = bytes[at++] as number;
    const literalBytes = length(token >> 4);
    total += literalBytes;
    at += literalBytes;
    if (at >= end) break;
    at += 2;
    total += length(token & 0x0f) + 4;
  }
  return Math.min(total, blockBytesMax);
}

function has(flags: number, bit: number): boolean {
  return (flags & bit) !== 0;
}
