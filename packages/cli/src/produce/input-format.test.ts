import type { OutgoingMessage } from "@sluice/client";
import { describe, expect, it } from "vitest";
import { type FieldOptions, type InputFormat, messagesOf } from "./input-format.js";

async function messages(
  format: InputFormat,
  text: string | Buffer,
  fields: FieldOptions = {},
): Promise<OutgoingMessage[]> {
  const all: OutgoingMessage[] = [];
  for await (const group of messagesOf([Buffer.from(text)], format, fields)) all.push(...group.messages);
  return all.map((message) => ({ ...message, value: message.value === null ? null : String(message.value) }));
}

describe("lines", () => {
  it("are values, byte for byte", async () => {
    const values: unknown[] = [];
    for await (const group of messagesOf([Buffer.from([0xff, 0x0a, 0x0a])], "lines", {}))
      values.push(...group.messages.map(({ value }) => value));
    expect(values).toEqual([Buffer.from([0xff]), Buffer.alloc(0)]);
  });
});

describe("raw", () => {
  it("is one value, whatever it holds", async () => {
    const groups: OutgoingMessage[] = [];
    for await (const { messages: all } of messagesOf([Buffer.from("a\nb"), Buffer.from("\n")], "raw", {}))
      groups.push(...all);
    expect(groups).toEqual([{ value: Buffer.from("a\nb\n") }]);
  });
});

describe("ndjson", () => {
  it("keeps the bytes of a line as they were written", async () => {
    expect(await messages("ndjson", '{"b": 1,"a":2}\n\n[1]\n')).toEqual([
      { value: '{"b": 1,"a":2}' },
      { value: "[1]" },
    ]);
  });

  it("takes key and timestamp from members", async () => {
    const text = '{"k":"x","t":5}\n{"k":7,"t":"2001-01-01T00:47:00"}\n{"k":null,"t":"12"}\n';
    const found = await messages("ndjson", text, { keyField: "k", timestampField: "t" });
    expect(found.map(({ key, timestamp }) => [key, timestamp])).toEqual([
      ["x", 5],
      ["7", Date.UTC(2001, 0, 1, 0, 47)],
      [null, 12],
    ]);
  });

  it.each([
    ['{"k":1}\n\n{"k":', {}, /^Line 3 is not JSON: /],
    ['{"k":1}\n{"j":1}', { keyField: "k" }, /^Line 2 has no member 'k'\.$/],
    ["[1]", { keyField: "0" }, /^Line 1 has no member '0'\.$/],
    ["{}", { keyField: "__proto__" }, /^Line 1 has no member '__proto__'\.$/],
    ['{"k":{}}', { keyField: "k" }, /^Line 1: 'k' is no key\.$/],
    ['{"t":"soon"}', { timestampField: "t" }, /^Line 1: 't' is "soon", which is no time\.$/],
    ['{"t":-1}', { timestampField: "t" }, /which is no time/],
    ['{"t":null}', { timestampField: "t" }, /which is no time/],
  ])("refuses %j with %j", async (text, fields, message) => {
    await expect(messages("ndjson", text, fields)).rejects.toThrow(message);
  });
});

describe("csv", () => {
  it("makes a JSON object of every row after the first", async () => {
    expect(await messages("csv", 'id,name\n1,"a ""b"""\n2,é\n', { keyField: "id" })).toEqual([
      { value: '{"id":"1","name":"a \\"b\\""}', key: "1" },
      { value: '{"id":"2","name":"é"}', key: "2" },
    ]);
  });

  it("decodes characters that are cut between two chunks", async () => {
    const bytes = Buffer.from("n\né\n");
    const found: OutgoingMessage[] = [];
    for await (const group of messagesOf([bytes.subarray(0, 3), bytes.subarray(3)], "csv", {}))
      found.push(...group.messages);
    expect(found).toEqual([{ value: '{"n":"é"}' }]);
  });

  it("keeps a column that is named like a member of every object", async () => {
    expect(await messages("csv", "__proto__,constructor\na,b\n", { keyField: "__proto__" })).toEqual([
      { value: '{"__proto__":"a","constructor":"b"}', key: "a" },
    ]);
  });

  it.each([
    ["a,a\n", "The first row names 'a' twice."],
    ["a,b\n1,2\n3\n", "Row 3 has 1 fields, and the first row has 2."],
  ])("refuses %j", async (text, message) => {
    await expect(messages("csv", text)).rejects.toThrow(message);
  });
});

describe("a mistake in the input", () => {
  it.each([
    ["ndjson", "1\n2\nx\n", ["1", "2"], /^Line 3 is not JSON/],
    ["csv", "a\n1\n2\n3,4\n", ['{"a":"1"}', '{"a":"2"}'], /^Row 4 has 2 fields/],
    ["csv", 'a\n1\n2\n"x"y\n', ['{"a":"1"}', '{"a":"2"}'], /^Line 4 is not CSV/],
  ] as const)("of %s %j comes after everything that stands before it", async (format, text, before, message) => {
    const given: string[] = [];
    const read = async (): Promise<void> => {
      for await (const group of messagesOf([Buffer.from(text)], format, {}))
        given.push(...group.messages.map(({ value }) => String(value)));
    };
    await expect(read()).rejects.toThrow(message);
    expect(given).toEqual(before);
  });
});
