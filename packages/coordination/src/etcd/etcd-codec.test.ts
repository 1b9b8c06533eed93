import type { IKeyValue } from "etcd3";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EtcdCodec } from "./etcd-codec.js";

describe("EtcdCodec", () => {
  it("gives a range that holds exactly the keys that begin with a prefix", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "b", "/", "\u0000", "\u007f", "ÿ", "\uffff", "🚰"),
      maxLength: 5,
    });
    fc.assert(
      fc.property(text, text, text, (prefix, own, key) => {
        const codec = new EtcdCodec(own);
        const range = codec.range(prefix);
        const isInRange = isWithin(Buffer.from(own + key), range);
        // etcd has no empty key.
        if (own + key !== "") expect(isInRange).toBe(key.startsWith(prefix));
      }),
    );
  });

  it("ends the range of a prefix whose last bytes cannot grow where the byte before has grown", () => {
    const range = new EtcdCodec("").range("a\u{10ffff}");
    expect(range.range_end).toEqual(Buffer.from([...Buffer.from("a"), 0xf4, 0x8f, 0xbf, 0xc0]));
  });

  it("shows a key without the prefix, and no lease where etcd has lease 0", () => {
    const codec = new EtcdCodec("/own");
    const stored = { key: Buffer.from("/own/a"), value: Buffer.from("ü"), create_revision: "3", mod_revision: "4" };
    const expected = { key: "/a", value: "ü", createRevision: 3, modRevision: 4 };
    expect(codec.entry({ ...stored, lease: "0" } as IKeyValue)).toEqual({ ...expected, leaseId: undefined });
    expect(codec.entry({ ...stored, lease: "7587" } as IKeyValue)).toEqual({ ...expected, leaseId: "7587" });
  });
});

/** As etcd compares: bytes, the end exclusive, and the end 0 for none. */
function isWithin(key: Buffer, range: { readonly key: Buffer; readonly range_end: Buffer }): boolean {
  const hasNoEnd = range.range_end.equals(Buffer.from([0]));
  return Buffer.compare(key, range.key) >= 0 && (hasNoEnd || Buffer.compare(key, range.range_end) < 0);
}
