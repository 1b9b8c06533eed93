import { describe, expect, it } from "vitest";
import { crc32c } from "./crc32c.js";

// Vectors of RFC 3720, appendix B.4, and the check value of the catalogue of CRC algorithms.
describe("crc32c", () => {
  it.each([
    ["123456789", Buffer.from("123456789"), 0xe3069283],
    ["32 zeros", Buffer.alloc(32), 0x8a9136aa],
    ["32 ones", Buffer.alloc(32, 0xff), 0x62a8ab43],
    ["32 ascending", Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
    ["nothing", Buffer.alloc(0), 0],
  ])("of %s is as published", (_, bytes, checksum) => {
    expect(crc32c(bytes)).toBe(checksum);
  });
});
