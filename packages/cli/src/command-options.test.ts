import { describe, expect, it } from "vitest";
import {
  collectPartitions,
  collectSetting,
  countBetween,
  durationBetween,
  integerBetween,
  parsePattern,
  parseRate,
} from "./command-options.js";

describe("durationBetween", () => {
  const parse = durationBetween(1, 3_600_000);

  it.each([
    ["500ms", 500],
    ["1.5s", 1500],
    ["2m", 120_000],
    ["1h", 3_600_000],
  ])("takes %s", (text, ms) => {
    expect(parse(text)).toBe(ms);
  });

  it.each(["5", "", "0ms", "2h", "-1s", "1 s", "1y"])("refuses %j", (text) => {
    expect(() => parse(text)).toThrow(/with its unit/);
  });
});

describe("countBetween and parseRate", () => {
  it("take what people write", () => {
    expect([countBetween(1, 1e9)("2.5M"), countBetween(1, 1e9)("100k"), countBetween(1, 1e9)("7")]).toEqual([
      2_500_000, 100_000, 7,
    ]);
    expect([parseRate("1k/s"), parseRate("500")]).toEqual([1000, 500]);
  });

  it.each(["", "0", "1.5", "k", "1k/m"])("refuse %j", (text) => {
    expect(() => parseRate(text)).toThrow(/records a second/);
  });
});

describe("collectPartitions and parsePattern", () => {
  it("take lists, each partition once", () => {
    expect(collectPartitions("0,2", collectPartitions("2,1"))).toEqual([2, 1, 0]);
    expect(() => collectPartitions("0,")).toThrow(/as 0 or 0,1,2/);
  });

  it("say what is wrong with a pattern", () => {
    expect(parsePattern("^a+$").test("aa")).toBe(true);
    expect(() => parsePattern("(")).toThrow(/regular expression/);
  });
});

describe("integerBetween", () => {
  it("takes whole numbers within its limits", () => {
    expect(integerBetween(0, 3)("3")).toBe(3);
    expect(integerBetween(-5, 3)("-5")).toBe(-5);
  });

  it.each(["4", "-1", "1.5", "1e0", "", " 1", "x"])("refuses %j", (text) => {
    expect(() => integerBetween(0, 3)(text)).toThrow("It takes a whole number from 0 to 3.");
  });
});

describe("collectSetting", () => {
  it("adds to what came before, and splits at the first =", () => {
    const first = collectSetting("flush=os");
    expect(collectSetting("x=a=b", first)).toEqual([
      { name: "flush", value: "os" },
      { name: "x", value: "a=b" },
    ]);
  });

  it.each(["flush", "=os"])("refuses %j", (text) => {
    expect(() => collectSetting(text)).toThrow("It takes key=value.");
  });
});
