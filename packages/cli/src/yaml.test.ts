import { expect, it } from "vitest";
import { parse } from "yaml";
import { formatYaml } from "./yaml.js";

it.each([
  [{ a: 1, b: [1, { c: "x", d: [] }], e: {}, f: null }],
  [[[1, 2], [], [[3]]]],
  [
    {
      text: [
        "",
        "true",
        "No",
        "1e3",
        "- x",
        "a: b",
        "#c",
        "two\nlines",
        " blank ",
        "ü",
        "0x1",
        "~",
        "null",
        "2026-01-31",
        "a b",
      ],
    },
  ],
  ["plain"],
  [{ "odd key: ": { "": 1 } }],
  [[{ a: { b: [{ c: 1 }, 2] } }, "x"]],
])("reads back as what it was: %j", (value) => {
  expect(parse(formatYaml(value))).toEqual(value);
});

it("leaves out members that are undefined, as JSON does", () => {
  expect(formatYaml({ a: undefined, b: 1 })).toBe("b: 1\n");
});
