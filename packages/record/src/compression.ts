/**
 * Compression codecs of record batches. `none` and `gzip` work; the others are known by name and refused.
 *
 * What a batch may expand to is bounded before it is decompressed: 100 times its compressed size, or 16 MiB where that is
 * more, and never above 1 GiB. The bound holds on both sides: `compress` says so when readers would refuse its output.
 */

import { gunzipSync, gzipSync } from "node:zlib";
import { SluiceError } from "@sluice/model";

/** Codecs in the order of their numbers in a batch's attributes, from 0. */
export const compressionCodecs = ["none", "gzip", "snappy", "lz4", "zstd"] as const;

export type CompressionCodec = (typeof compressionCodecs)[number];

const ratioMax = 100;
const alwaysAllowedBytes = 16 * 1024 * 1024;
const neverAllowedBytes = 1024 * 1024 * 1024;

/** True where this package can read and write the codec. */
export function isSupportedCodec(codec: CompressionCodec): boolean {
  return codec === "none" || codec === "gzip";
}

/** Most bytes that `compressedBytes` bytes may expand to. */
export function expandedBytesMax(compressedBytes: number): number {
  return Math.min(Math.max(compressedBytes * ratioMax, alwaysAllowedBytes), neverAllowedBytes);
}

/**
 * The bytes compressed, or undefined where they shrink so much that `decompress` would take the result for a bomb.
 * @throws SluiceError UNSUPPORTED_COMPRESSION
 */
export function compress(codec: CompressionCodec, bytes: Uint8Array): Uint8Array | undefined {
  if (codec === "none") return bytes;
  if (codec !== "gzip") throw new SluiceError("UNSUPPORTED_COMPRESSION", { codec });
  const compressed = gzipSync(bytes);
  return bytes.length > expandedBytesMax(compressed.length) ? undefined : compressed;
}

/**
 * The bytes as they were before `compress`.
 * @throws SluiceError UNSUPPORTED_COMPRESSION, INVALID_RECORD_BATCH where they are not of that codec or expand too far.
 */
export function decompress(codec: CompressionCodec, bytes: Buffer): Buffer {
  if (codec === "none") return bytes;
  if (codec !== "gzip") throw new SluiceError("UNSUPPORTED_COMPRESSION", { codec });
  const maxOutputLength = expandedBytesMax(bytes.length);
  try {
    return gunzipSync(bytes, { maxOutputLength });
  } catch (cause) {
    const reason = isTooLarge(cause)
      ? `its records expand to more than ${maxOutputLength} bytes`
      : `its records are not a gzip stream: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new SluiceError("INVALID_RECORD_BATCH", { reason, where: "gzip" }, { cause });
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
}
