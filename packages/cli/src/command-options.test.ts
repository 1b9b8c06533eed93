import { describe, expect, it } from "vitest";
import type { CommandContext } from "./command-context.js";
import { brokersOf, collectSetting, integerBetween } from "./command-options.js";

function context(env: Record<string, string>): CommandContext {
  return { env } as unknown as CommandContext;
}

describe("brokersOf", () => {
  it("prefers the option to the environment, and that to this machine", () => {
    const env = { SLUICE_BROKERS: "env:1" };
    expect(brokersOf({ output: "table", brokers: "option:1" }, context(env))).toBe("option:1");
    expect(brokersOf({ output: "table" }, context(env))).toBe("env:1");
    expect(brokersOf({ output: "table" }, context({ SLUICE_BROKERS: "" }))).toBe("localhost:9092");
    expect(brokersOf({ output: "table" }, context({}))).toBe("localhost:9092");
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
