/**
 * Compression codecs of record batches: all five of the format. `none`, `gzip` and, on Node 22.15 and later, `zstd` are always
 * there; the others need an optional package, and a package that is missing is named when it is needed.
 *
 * What a batch may expand to is bounded before it is decompressed: 100 times its compressed size, or 16 MiB where that is
 * more, and never above 1 GiB. The bound holds on both sides: `compress` says so when readers would refuse its output.
 * Everything is synchronous but `prepareCompression`.
 */

import type { Codec } from "./codecs/codec.js";
import { gzip } from "./codecs/gzip.js";
import { lz4Codec } from "./codecs/lz4.js";
import { OptionalCodecPackages } from "./codecs/optional-codec-packages.js";
import { snappyCodec } from "./codecs/snappy.js";
import { hasNativeZstd, zstdCodec } from "./codecs/zstd.js";

/** Codecs in the order of their numbers in a batch's attributes, from 0. */
export const compressionCodecs = ["none", "gzip", "snappy", "lz4", "zstd"] as const;

/** How a batch may be compressed. */
export type CompressionCodec = (typeof compressionCodecs)[number];

const ratioMax = 100;
const alwaysAllowedBytes = 16 * 1024 * 1024;
const neverAllowedBytes = 1024 * 1024 * 1024;

const packages = new OptionalCodecPackages();
const codecs: Record<Exclude<CompressionCodec, "none">, Codec> = {
  gzip,
  snappy: snappyCodec(() => packages.snappy()),
  lz4: lz4Codec(() => packages.lz4()),
  zstd: zstdCodec(() => packages.zstd()),
};

/**
 * Loads what `compress` and `decompress` cannot load by themselves: the zstd package, where Node has no zstd. A program awaits
 * it when it starts. It never rejects: a package that is missing is an error only where a batch needs it.
 */
export async function prepareCompression(): Promise<void> {
  if (!hasNativeZstd) await packages.prepare();
}

/**
 * Makes sure that the codec can be used now.
 * @throws SluiceError MISSING_CODEC_PACKAGE
 */
export function checkCodecAvailable(codec: CompressionCodec): void {
  if (codec === "snappy") packages.snappy();
  if (codec === "lz4") packages.lz4();
  if (codec === "zstd" && !hasNativeZstd) packages.zstd();
}

/** Most bytes that `compressedBytes` bytes may expand to. */
export function expandedBytesMax(compressedBytes: number): number {
  return Math.min(Math.max(compressedBytes * ratioMax, alwaysAllowedBytes), neverAllowedBytes);
}

/**
 * The bytes compressed, or undefined where they shrink so much that `decompress` would take the result for a bomb.
 * @throws SluiceError MISSING_CODEC_PACKAGE
 */
export function compress(codec: CompressionCodec, bytes: Uint8Array): Uint8Array | undefined {
  if (codec === "none") return bytes;
  const compressed = codecs[codec].compress(bytes);
  return bytes.length > expandedBytesMax(compressed.length) ? undefined : compressed;
}

/**
 * The bytes as they were before `compress`.
 * @throws SluiceError INVALID_RECORD_BATCH where they are not of that codec or expand too far; MISSING_CODEC_PACKAGE
 */
export function decompress(codec: CompressionCodec, bytes: Buffer): Buffer {
  if (codec === "none") return bytes;
  return codecs[codec].decompress(bytes, expandedBytesMax(bytes.length));
}

/** `decompress` that takes no more than `sizeBytesMax` bytes. @throws SluiceError as `decompress` */
export function decompressAtMost(codec: CompressionCodec, bytes: Buffer, sizeBytesMax: number): Buffer {
  if (codec === "none") return bytes;
  return codecs[codec].decompress(bytes, Math.min(expandedBytesMax(bytes.length), sizeBytesMax));
}
