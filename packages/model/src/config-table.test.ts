import { describe, expect, expectTypeOf, it } from "vitest";
import { choiceKey, defaultConfig, flagKey, integerKey, readConfig, textKey } from "./config-table.js";
import { topicConfigTable } from "./topic-config.js";

const table = {
  waitMsMax: integerKey({ default: 500, min: 0, max: 1000, unit: "ms", doc: "How long." }),
  flush: choiceKey({ choices: ["always", "os"], default: "os", doc: "When." }),
  rack: textKey({ default: "", pattern: /^[a-z0-9]*$/, takes: "lower-case letters and digits", doc: "Where." }),
  isReadOnly: flagKey({ default: false, doc: "Whether." }),
};

const read = (...entries: (readonly [string, unknown])[]) =>
  readConfig(
    table,
    "broker",
    entries.map(([key, raw]) => ({ key, raw })),
  );

describe("readConfig", () => {
  it("gives the defaults where nothing is said", () => {
    expect(read()).toEqual({ waitMsMax: 500, flush: "os", rack: "", isReadOnly: false });
    expect(read()).toEqual(defaultConfig(table));
  });

  it("has the type of each key", () => {
    expectTypeOf(read()).toEqualTypeOf<{
      readonly waitMsMax: number;
      readonly flush: "always" | "os";
      readonly rack: string;
      readonly isReadOnly: boolean;
    }>();
  });

  it("reads text, as from flags and the environment, and values, as from YAML", () => {
    const expected = { waitMsMax: 250, flush: "always", rack: "17", isReadOnly: true };
    expect(read(["waitMsMax", "250"], ["flush", "always"], ["rack", "17"], ["isReadOnly", "true"])).toEqual(expected);
    expect(read(["waitMsMax", 250], ["flush", "always"], ["rack", 17], ["isReadOnly", true])).toEqual(expected);
  });

  it("takes the last entry of a key", () => {
    expect(read(["waitMsMax", 1], ["waitMsMax", 2]).waitMsMax).toBe(2);
  });

  it.each<[string, unknown]>([
    ["waitMsMax", "1001"],
    ["waitMsMax", -1],
    ["waitMsMax", "1.5"],
    ["waitMsMax", ""],
    ["waitMsMax", "10ms"],
    ["waitMsMax", "0x10"],
    ["waitMsMax", null],
    ["waitMsMax", true],
    ["waitMsMax", Number.NaN],
    ["flush", "Always"],
    ["flush", 1],
    ["rack", "A"],
    ["rack", null],
    ["isReadOnly", "yes"],
    ["isReadOnly", 1],
  ])("refuses %s = %j and says what it takes", (key, raw) => {
    expect(() => read([key, raw])).toThrow(
      expect.objectContaining({
        code: "INVALID_CONFIG_VALUE",
        details: { key, value: String(raw), reason: `it takes ${table[key as keyof typeof table].takes}` },
      }),
    );
  });

  it("refuses a key that is not in the table and names the nearest", () => {
    expect(() => read(["waitMaxMs", 1])).toThrow(
      expect.objectContaining({
        code: "UNKNOWN_CONFIG_KEY",
        details: { key: "waitMaxMs", subject: "broker", nearest: "waitMsMax" },
      }),
    );
  });

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])("knows no key '%s'", (key) => {
    expect(() => read([key, 1])).toThrow(expect.objectContaining({ code: "UNKNOWN_CONFIG_KEY" }));
    expect(({} as Record<string, unknown>)["1"]).toBeUndefined();
  });
});

describe("definitions", () => {
  it("read back what they format, and their own default", () => {
    for (const definition of [...Object.values(table), ...Object.values(topicConfigTable)]) {
      const text = (definition.format as (value: unknown) => string)(definition.default);
      expect(definition.parse(text)).toBe(definition.default);
    }
  });
});

describe("topic configuration", () => {
  it("keeps acknowledged records through a power loss unless told otherwise", () => {
    expect(defaultConfig(topicConfigTable).flush).toBe("always");
  });

  it("documents every key in sentences", () => {
    for (const [key, { doc, takes }] of Object.entries(topicConfigTable)) {
      expect(doc, key).toMatch(/^\S.*[.]$/s);
      expect(takes, key).not.toBe("");
    }
  });
});
