import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { compress, compressionCodecs, decompress, expandedBytesMax, isSupportedCodec } from "./compression.js";

const mebibyte = 1024 * 1024;

describe("compression", () => {
  it("gives back what was compressed", () => {
    const bytes = Buffer.from("abc".repeat(1000));
    for (const codec of compressionCodecs.filter(isSupportedCodec)) {
      expect(decompress(codec, Buffer.from(compress(codec, bytes) ?? []))).toEqual(bytes);
    }
  });

  it.each(["snappy", "lz4", "zstd"] as const)("refuses %s both ways", (codec) => {
    const refused = expect.objectContaining({ code: "UNSUPPORTED_COMPRESSION", details: { codec } });
    expect(() => compress(codec, Buffer.from("abc"))).toThrow(refused);
    expect(() => decompress(codec, Buffer.from("abc"))).toThrow(refused);
  });

  it("refuses what is not a gzip stream, cut short or damaged", () => {
    const good = gzipSync("some text that is long enough to be damaged in the middle of it");
    const damaged = Buffer.from(good);
    damaged[damaged.length - 6] = (damaged.at(-6) ?? 0) ^ 0xff;
    for (const bytes of [Buffer.alloc(0), Buffer.from("plain"), good.subarray(0, -3), damaged]) {
      expect(() => decompress("gzip", bytes)).toThrow(expect.objectContaining({ code: "INVALID_RECORD_BATCH" }));
    }
  });

  it("refuses a decompression bomb without holding what it expands to", () => {
    const bomb = gzipSync(Buffer.alloc(17 * mebibyte), { level: 9 });
    expect(bomb.length).toBeLessThan(20_000);
    expect(() => decompress("gzip", bomb)).toThrow(/expand to more than 16777216 bytes/);
  });

  it("bounds expansion by 16 MiB, then by the ratio, then by 1 GiB", () => {
    expect(expandedBytesMax(1)).toBe(16 * mebibyte);
    expect(expandedBytesMax(mebibyte)).toBe(100 * mebibyte);
    expect(expandedBytesMax(64 * mebibyte)).toBe(1024 * mebibyte);
  });

  it("compresses nothing that it would not decompress", () => {
    const readable = Buffer.alloc(16 * mebibyte);
    expect(decompress("gzip", Buffer.from(compress("gzip", readable) ?? [])).equals(readable)).toBe(true);
    expect(compress("gzip", Buffer.alloc(16 * mebibyte + 1))).toBeUndefined();
  });
});
