import { describe, expect, it } from "vitest";
import { brokerId } from "./broker-id.js";
import { assertNever, InvariantError, invariant } from "./invariant.js";
import { leaderEpoch } from "./leader-epoch.js";
import { isOffset, offset } from "./offset.js";
import { addressText } from "./transport.js";

const int32Max = 0x7fffffff;

describe.each([
  { name: "offset", make: offset as (value: number) => number, max: Number.MAX_SAFE_INTEGER },
  { name: "leaderEpoch", make: leaderEpoch as (value: number) => number, max: int32Max },
  { name: "brokerId", make: brokerId as (value: number) => number, max: int32Max },
])("$name", ({ make, max }) => {
  it("takes whole numbers from 0 to its largest", () => {
    expect([0, 1, max].map(make)).toEqual([0, 1, max]);
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, max + 1])("refuses %d", (value) => {
    expect(() => make(value)).toThrow(InvariantError);
  });
});

describe("isOffset", () => {
  it("is true where offset does not throw", () => {
    expect([0, 2 ** 53 - 1, -1, 2 ** 53, 1.5].map(isOffset)).toEqual([true, true, false, false, false]);
  });
});

describe("invariant", () => {
  it("throws its message when the condition is false, and only then", () => {
    invariant(true, "holds");
    expect(() => invariant(false, "broke")).toThrow(new InvariantError("broke"));
  });
});

describe("assertNever", () => {
  it("throws what it met", () => {
    expect(() => assertNever({ type: "later" } as never)).toThrow('unexpected variant: {"type":"later"}');
  });
});

describe("addressText", () => {
  it("puts brackets around an IPv6 host only", () => {
    expect(addressText({ host: "broker-1", port: 9092 })).toBe("broker-1:9092");
    expect(addressText({ host: "::1", port: 9092 })).toBe("[::1]:9092");
  });
});
