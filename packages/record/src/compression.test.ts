import { beforeAll, describe, expect, it } from "vitest";
import {
  checkCodecAvailable,
  compress,
  compressionCodecs,
  decompress,
  expandedBytesMax,
  prepareCompression,
} from "./compression.js";

const mebibyte = 1024 * 1024;
const compressing = compressionCodecs.filter((codec) => codec !== "none");

beforeAll(prepareCompression);

describe("compression", () => {
  it.each(compressionCodecs)("%s: is available, and gives back what was compressed", (codec) => {
    checkCodecAvailable(codec);
    const bytes = Buffer.from("abc".repeat(1000));
    const compressed = Buffer.from(compress(codec, bytes) ?? []);
    expect(decompress(codec, compressed).equals(bytes)).toBe(true);
    expect(compressed.length < bytes.length).toBe(codec !== "none");
  });

  it("bounds expansion by 16 MiB, then by the ratio, then by 1 GiB", () => {
    expect(expandedBytesMax(1)).toBe(16 * mebibyte);
    expect(expandedBytesMax(mebibyte)).toBe(100 * mebibyte);
    expect(expandedBytesMax(64 * mebibyte)).toBe(1024 * mebibyte);
  });

  it.each(compressing)("%s: compresses nothing that it would not decompress", (codec) => {
    const readable = Buffer.alloc(16 * mebibyte);
    expect(decompress(codec, Buffer.from(compress(codec, readable) ?? [])).equals(readable)).toBe(true);
    const beyond = Buffer.alloc(16 * mebibyte + 1);
    const compressed = compress(codec, beyond);
    // Snappy cannot expand more than 21 times: it has no bombs below the absolute bound.
    if (codec !== "snappy") expect(compressed).toBeUndefined();
    else expect(decompress(codec, Buffer.from(compressed ?? [])).equals(beyond)).toBe(true);
  });
});
