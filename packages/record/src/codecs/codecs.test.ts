/**
 * Every codec: gives back what it was given, keeps the bound to the byte, and refuses bytes that are damaged or that lie, without
 * expanding them. zstd is here twice where Node has it: that of Node and that of the package.
 */

import { randomBytes } from "node:crypto";
import { isSluiceError } from "@sluice/model";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { Codec } from "./codec.js";
import { gzip } from "./gzip.js";
import { lz4Codec } from "./lz4.js";
import { OptionalCodecPackages } from "./optional-codec-packages.js";
import { snappyCodec } from "./snappy.js";
import { hasNativeZstd, packagedZstdCodec, zstdCodec } from "./zstd.js";

const mebibyte = 1024 * 1024;
const packages = new OptionalCodecPackages();
const snappy = snappyCodec(() => packages.snappy());
const lz4 = lz4Codec(() => packages.lz4());
const packagedZstd = packagedZstdCodec(() => packages.zstd());
const zstds: [string, Codec][] = [["zstd of the package", packagedZstd]];
if (hasNativeZstd) zstds.push(["zstd of Node", zstdCodec(() => packages.zstd())]);
const codecs: [string, Codec][] = [["gzip", gzip], ["snappy", snappy], ["lz4", lz4], ...zstds];

const calledTooEarly = (): never => {
  throw new Error("the package was called");
};

/** Runs, text and noise of up to a few blocks of each codec. */
const content = fc
  .array(fc.tuple(fc.constantFrom("run", "text", "noise"), fc.nat({ max: 60_000 }), fc.nat({ max: 255 })), {
    maxLength: 5,
  })
  .map((pieces) =>
    Buffer.concat(
      pieces.map(([kind, sizeBytes, byte]) => {
        if (kind === "noise") return randomBytes(sizeBytes >> 2);
        return Buffer.alloc(sizeBytes, kind === "run" ? byte : `a line of text ${byte} `);
      }),
    ),
  );

function codeOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (!isSluiceError(error)) throw error;
    return error.code;
  }
}

beforeAll(() => packages.prepare());

describe.each(codecs)("%s", (_name, codec) => {
  const compressed = (bytes: Uint8Array): Buffer => Buffer.from(codec.compress(bytes));

  it("gives back what it was given within a bound of exactly its size, and refuses one byte less", () => {
    fc.assert(
      fc.property(content, (bytes) => {
        const stored = compressed(bytes);
        expect(codec.decompress(stored, bytes.length || 1).equals(bytes)).toBe(true);
        if (bytes.length < 2) return;
        expect(() => codec.decompress(stored, bytes.length - 1)).toThrow(/expand to more than/);
      }),
      { numRuns: 60 },
    );
  });

  it("gives back bytes that lie inside a larger buffer, and leaves the input as it was", () => {
    const around = Buffer.from(`before${"the bytes ".repeat(50)}after`);
    const bytes = around.subarray(6, around.length - 5);
    const stored = Buffer.concat([Buffer.from("xy"), compressed(bytes), Buffer.from("z")]);
    const copy = Buffer.from(stored);
    expect(codec.decompress(stored.subarray(2, -1), 10_000).equals(bytes)).toBe(true);
    expect(stored.equals(copy)).toBe(true);
  });

  it("refuses nothing, text, and every prefix of a stream", () => {
    const stored = compressed(Buffer.from("some text that is long enough, some text that is long enough".repeat(3)));
    for (const bytes of [Buffer.alloc(0), Buffer.from("plain text, not a stream")])
      expect(codeOf(() => codec.decompress(bytes, mebibyte))).toBe("INVALID_RECORD_BATCH");
    // Snappy's framing has no end of its own: cut between two chunks it is shorter, and whole.
    const least = codec === snappy ? 17 : 0;
    for (let length = least; length < stored.length; length++)
      expect(codeOf(() => codec.decompress(stored.subarray(0, length), mebibyte))).toBe("INVALID_RECORD_BATCH");
  });

  it("answers a stream with a byte changed with bytes within the bound or with a typed error", () => {
    const stored = compressed(Buffer.concat([Buffer.alloc(7_000, "abcdefg"), randomBytes(60)]));
    let refused = 0;
    for (let at = 0; at < stored.length; at++) {
      for (const change of [0x01, 0x80, 0xff]) {
        const bytes = Buffer.from(stored);
        bytes[at] = (bytes[at] as number) ^ change;
        let sizeBytes = 0;
        const code = codeOf(() => {
          sizeBytes = codec.decompress(bytes, 8_000).length;
        });
        if (code !== undefined) refused++;
        expect([undefined, "INVALID_RECORD_BATCH"]).toContain(code);
        expect(sizeBytes).toBeLessThanOrEqual(8_000);
      }
    }
    expect(refused).toBeGreaterThan(20);
  });

  it("refuses a stream whose expansion passes the bound many times over", () => {
    const bomb = compressed(Buffer.alloc(20 * mebibyte));
    expect(() => codec.decompress(bomb, 2 * mebibyte)).toThrow(/expand to more than 2097152 bytes/);
  });

  it("works after a stream that it refused", () => {
    const bytes = Buffer.from("the next batch");
    expect(codeOf(() => codec.decompress(compressed(Buffer.alloc(300_000)).subarray(0, -3), mebibyte))).toBeDefined();
    expect(codec.decompress(compressed(bytes), mebibyte).equals(bytes)).toBe(true);
  });
});

describe("snappy", () => {
  const raw = (bytes: Buffer): Buffer => packages.snappy().compressSync(bytes);
  const unread = snappyCodec(calledTooEarly);

  it("writes xerial framing in chunks of 32 KiB, and reads raw blocks too", () => {
    const bytes = Buffer.alloc(70_000, "0123456789");
    const framed = Buffer.from(snappy.compress(bytes));
    expect(framed.subarray(0, 16).toString("hex")).toBe("82534e4150505900" + "00000001" + "00000001");
    const chunks = [0, 32_768, 65_536].map((at) => raw(bytes.subarray(at, at + 32_768)));
    const lengths = chunks.map((chunk) => chunk.length + 4).reduce((sum, length) => sum + length);
    expect(framed.length).toBe(16 + lengths);
    expect(snappy.decompress(raw(bytes), 70_000).equals(bytes)).toBe(true);
  });

  it("refuses a length that the block cannot expand to, before the package is called", () => {
    const liar = Buffer.from([0x80, 0x80, 0x80, 0x04, 0x00, 0x61]); // 8 MiB of one literal
    expect(() => unread.decompress(liar, 16 * mebibyte)).toThrow(/cannot expand to 8388608/);
    expect(() => unread.decompress(Buffer.alloc(40, 0xff), 16 * mebibyte)).toThrow(/does not begin with its length/);
  });

  it("adds up the chunks, and refuses the sum before the package is called", () => {
    const chunk = raw(Buffer.alloc(mebibyte));
    const length = Buffer.alloc(4);
    length.writeInt32BE(chunk.length);
    const head = Buffer.from(snappy.compress(Buffer.alloc(0)));
    const framed = Buffer.concat([head, ...Array.from({ length: 17 }, () => [length, chunk]).flat()]);
    expect(() => unread.decompress(framed, 16 * mebibyte)).toThrow(/expand to more than 16777216/);
    expect(snappy.decompress(framed, 17 * mebibyte)).toHaveLength(17 * mebibyte);
  });

  it.each([-1, 0, 0x7fffffff])("refuses a chunk of %d bytes", (length) => {
    const framed = Buffer.from(snappy.compress(Buffer.from("abc")));
    framed.writeInt32BE(length, 16);
    expect(() => unread.decompress(framed, mebibyte)).toThrow(/does not fit/);
  });
});

describe("lz4", () => {
  const unread = lz4Codec(calledTooEarly);

  it("writes frames that Java clients read: independent blocks, no dictionary", () => {
    for (const sizeBytes of [0, 10, 100_000, 5_000_000]) {
      const flags = lz4.compress(Buffer.alloc(sizeBytes, "abc"))[4] as number;
      expect(flags & 0b1110_0001).toBe(0b0110_0000);
    }
  });

  it("measures a bomb before the package is called, to the byte", () => {
    const bomb = Buffer.from(lz4.compress(Buffer.alloc(17 * mebibyte)));
    expect(bomb.length).toBeLessThan(100_000);
    expect(() => unread.decompress(bomb, 17 * mebibyte - 1)).toThrow(/expand to more than/);
    expect(lz4.decompress(bomb, 17 * mebibyte)).toHaveLength(17 * mebibyte);
  });

  it("refuses what follows the frame, and a frame without an end", () => {
    const frame = Buffer.from(lz4.compress(Buffer.from("abc")));
    expect(() => unread.decompress(Buffer.concat([frame, frame]), mebibyte)).toThrow(/does not end where/);
    expect(() => unread.decompress(frame.subarray(0, -4), mebibyte)).toThrow(/no end mark/);
  });

  it("does not believe a content size", () => {
    const frame = Buffer.from(lz4.compress(Buffer.from("abcdefgh")));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(1n << 40n);
    const liar = Buffer.concat([frame.subarray(0, 6), size, frame.subarray(6)]);
    liar[4] = (liar[4] as number) | 0x08;
    expect(codeOf(() => lz4.decompress(liar, mebibyte))).toBe("INVALID_RECORD_BATCH");
  });
});

describe("zstd", () => {
  const unread = packagedZstdCodec(calledTooEarly);
  const magic = "28b52ffd";
  // One segment, content size of 8 bytes; then one last block: raw, one byte, 'a'.
  const withContentSize = (size: string): Buffer => Buffer.from(`${magic}e0${size}09000061`, "hex");

  it.each(zstds)("%s: reads a frame that says its size", (_name, zstd) => {
    expect(zstd.decompress(withContentSize("0100000000000000"), mebibyte).toString()).toBe("a");
  });

  it("refuses a content size beyond the bound, and one that the blocks cannot hold, before the package is called", () => {
    expect(() => unread.decompress(withContentSize("0000000001000000"), 16 * mebibyte)).toThrow(/expand to more than/);
    expect(() => unread.decompress(withContentSize("0000a00000000000"), 16 * mebibyte)).toThrow(/cannot hold/);
  });

  it("refuses repeated bytes beyond the bound before the package is called", () => {
    const block = (last: number): string => Buffer.from([(0x20000 << 3) | 2 | last, 0, 0x10, 0x61]).toString("hex");
    const bomb = Buffer.from(`${magic}0058${block(0).repeat(200)}${block(1)}`, "hex");
    expect(() => unread.decompress(bomb, 16 * mebibyte)).toThrow(/expand to more than 16777216/);
  });

  it("asks the package for no more than a block of output at a time", () => {
    const asked: number[] = [];
    const stored = Buffer.from(packagedZstd.compress(randomBytes(600_000)));
    const watched = packagedZstdCodec(() => {
      const zstd = packages.zstd();
      return {
        reset: () => zstd.reset(),
        compressChunk: calledTooEarly,
        compressEnd: calledTooEarly,
        decompressChunk(bytes, outputBytes) {
          asked.push(outputBytes);
          return zstd.decompressChunk(bytes, outputBytes);
        },
      };
    });
    expect(watched.decompress(stored, mebibyte)).toHaveLength(600_000);
    expect(asked.length).toBeGreaterThanOrEqual(5);
    expect(Math.max(...asked)).toBeLessThanOrEqual(128 * 1024);
  });

  it.each(zstds)("%s: refuses what follows the frame", (_name, zstd) => {
    const frame = Buffer.from(packagedZstd.compress(Buffer.from("abc")));
    expect(() => zstd.decompress(Buffer.concat([frame, frame]), mebibyte)).toThrow(/does not end where/);
  });

  it.each(zstds)("%s: refuses a wrong checksum, also after an empty last block", (_name, zstd) => {
    // One raw block, an empty last one, and the low half of the content's xxHash64, as zstd computes it.
    const raw = Buffer.from("checked").toString("hex");
    const frame = (checksum: string): Buffer => Buffer.from(`${magic}0458380000${raw}010000${checksum}`, "hex");
    expect(zstd.decompress(frame("143e3083"), mebibyte).toString()).toBe("checked");
    expect(codeOf(() => zstd.decompress(frame("00000000"), mebibyte))).toBe("INVALID_RECORD_BATCH");
  });
});
