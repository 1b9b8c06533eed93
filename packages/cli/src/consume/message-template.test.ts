import { expect, it } from "vitest";
import { parseTemplate } from "./message-template.js";

const message = {
  topic: "orders",
  partition: 2,
  offset: 7,
  timestamp: 1_769_860_800_000,
  key: Buffer.from("ann"),
  value: Buffer.from([0xff]),
  headers: { h: Buffer.from("x") },
};

it.each([
  ["%t-%p@%o\\n", "orders-2@7\n"],
  ["%k=%v", "ann=base64:/w=="],
  ["%h %T %d", '{"h":"x"} 1769860800000 2026-01-31T12:00:00.000Z'],
  ["%K %V 100%%\\t\\\\", "3 1 100%\t\\"],
  ["", ""],
])("%j gives %j", (text, shown) => {
  expect(parseTemplate(text)(message)).toBe(shown);
});

it("shows nothing for a null key or value", () => {
  expect(parseTemplate("[%k|%v|%K]")({ ...message, key: null, value: null })).toBe("[||-1]");
});

it.each(["%x", "%", "\\q", "a\\"])("refuses %j, and says what it takes", (text) => {
  expect(() => parseTemplate(text)).toThrow(/It takes %t/);
});
