/**
 * zstd: one frame, from Node's zlib where it has zstd (22.15 and later), else from an optional package.
 *
 * zlib grows its output and stops at the bound. The package is given one block at a time, so that it never allocates more
 * output than the 128 KiB of a block. Either may reserve the frame's window beside that: 128 MiB at most, which is what the
 * highest level of Java clients asks for; it is written to only as far as there is output.
 */

import * as zlib from "node:zlib";
import { type Codec, decompressionError, expandsTooFar, invalidStream } from "./codec.js";
import type { ZstdPackage } from "./optional-codec-packages.js";
import { checkedZstdFrame, type ZstdFrameHead, zstdBlock } from "./zstd-frame.js";

interface ZlibWithZstd {
  zstdCompressSync(bytes: Uint8Array): Buffer;
  zstdDecompressSync(bytes: Uint8Array, options: { readonly maxOutputLength: number }): Buffer;
}

const inputBytesMax = 128 * 1024;

/** Whether Node itself has zstd, so that no package is needed. */
export const hasNativeZstd = "zstdDecompressSync" in zlib;

/** The codec of Node where there is one, else the codec over `zstdPackage`. */
export function zstdCodec(zstdPackage: () => ZstdPackage): Codec {
  return hasNativeZstd ? nativeZstdCodec(zlib as unknown as ZlibWithZstd) : packagedZstdCodec(zstdPackage);
}

function nativeZstdCodec({ zstdCompressSync, zstdDecompressSync }: ZlibWithZstd): Codec {
  return {
    compress: (bytes) => zstdCompressSync(bytes),
    decompress(bytes, expandedBytesMax) {
      checkedZstdFrame(bytes, expandedBytesMax);
      try {
        return zstdDecompressSync(bytes, { maxOutputLength: expandedBytesMax });
      } catch (error) {
        throw decompressionError("zstd", expandedBytesMax, error);
      }
    },
  };
}

/** The codec over a package that has been loaded by the time that `zstdPackage` is called. */
export function packagedZstdCodec(zstdPackage: () => ZstdPackage): Codec {
  return {
    compress: (bytes) => compressByChunks(bytes, zstdPackage()),
    decompress(bytes, expandedBytesMax) {
      const head = checkedZstdFrame(bytes, expandedBytesMax);
      return decompressByBlocks(bytes, head, expandedBytesMax, zstdPackage());
    },
  };
}

function compressByChunks(bytes: Uint8Array, zstd: ZstdPackage): Uint8Array {
  const parts: Uint8Array[] = [];
  zstd.reset();
  for (let at = 0; at < bytes.length; at += inputBytesMax)
    parts.push(zstd.compressChunk(bytes.subarray(at, at + inputBytesMax)));
  parts.push(zstd.compressEnd());
  return Buffer.concat(parts);
}

/**
 * The package says of damaged bytes only that nothing came out. So whatever has no output of its own, empty blocks and the
 * checksum, is given to it together with the block before: each call must have output.
 */
function decompressByBlocks(bytes: Buffer, head: ZstdFrameHead, expandedBytesMax: number, zstd: ZstdPackage): Buffer {
  const parts: Uint8Array[] = [];
  let totalBytes = 0;
  let given = 0;
  const give = (end: number, outputBytesMax: number): void => {
    const part = zstd.decompressChunk(bytes.subarray(given, end), outputBytesMax);
    if (part.length === 0 || part.length > outputBytesMax) throw invalidStream("zstd", "a block is damaged");
    totalBytes += part.length;
    if (totalBytes > expandedBytesMax) throw expandsTooFar("zstd", expandedBytesMax);
    parts.push(part);
    given = end;
  };

  zstd.reset();
  let waitingBytesMax = 0;
  let position = head.firstBlock;
  for (let isLast = false; !isLast; ) {
    const block = zstdBlock(bytes, position);
    if (waitingBytesMax > 0 && block.expandedBytesMax > 0) {
      give(position, waitingBytesMax);
      waitingBytesMax = 0;
    }
    waitingBytesMax += block.expandedBytesMax;
    position = block.end;
    isLast = block.isLast;
  }
  if (waitingBytesMax > 0) give(bytes.length, waitingBytesMax);
  if (head.contentBytes !== undefined && head.contentBytes !== totalBytes)
    throw invalidStream("zstd", `${totalBytes} bytes came out, and it says ${head.contentBytes}`);
  return Buffer.concat(parts, totalBytes);
}
