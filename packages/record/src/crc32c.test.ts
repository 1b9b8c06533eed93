import { crc32c as nativeCrc32c } from "@node-rs/crc32";
import { crc32c as pureCrc32c } from "@sluice/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32c, nativeCrc32cLoaded } from "./crc32c.js";

/** RFC 3720 appendix B.4; the RFC prints the bytes of the CRC lowest first. */
const rfc3720: [string, Buffer, number][] = [
  ["32 zeros", Buffer.alloc(32), 0x8a9136aa],
  ["32 ones", Buffer.alloc(32, 0xff), 0x62a8ab43],
  ["32 ascending", Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
  ["32 descending", Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c],
  [
    "an iSCSI read command",
    Buffer.from(
      "01c000000000000000000000000000001400000000000400000000140000001828000000000000000200000000000000",
      "hex",
    ),
    0xd9963a56,
  ],
];

describe("crc32c", () => {
  it.each(rfc3720)("has the RFC's value for %s", (_name, bytes, crc) => {
    expect([crc32c(bytes), pureCrc32c(bytes), nativeCrc32c(bytes)]).toEqual([crc, crc, crc]);
  });

  it("has the check value of the catalogues, and 0 for no bytes", () => {
    expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(0))).toBe(0);
  });

  it("is the same in native code and in TypeScript, at every size and alignment", async () => {
    expect(await nativeCrc32cLoaded).toBe(true);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1000, size: "max" }), fc.nat(9), (bytes, start) => {
        const view = bytes.subarray(start);
        const native = nativeCrc32c(view);
        expect([pureCrc32c(view), crc32c(view)]).toEqual([native, native]);
      }),
      { numRuns: 500 },
    );
  });
});
