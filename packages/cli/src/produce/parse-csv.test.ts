import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CsvParser } from "./parse-csv.js";

function parse(...pieces: readonly string[]): string[][] {
  const parser = new CsvParser();
  const rows: string[][] = [];
  for (const piece of pieces) parser.push(piece, rows);
  parser.end(rows);
  return rows;
}

/** Writes a row the obvious way: every field quoted. */
function quoted(row: readonly string[]): string {
  return row.map((field) => `"${field.replaceAll('"', '""')}"`).join(",");
}

describe("CsvParser", () => {
  it("takes rows with LF and CRLF, with and without an end after the last", () => {
    expect(parse("a,b\n1,2\r\n3,4")).toEqual([
      ["a", "b"],
      ["1", "2"],
      ["3", "4"],
    ]);
    expect(parse("a\r\n")).toEqual([["a"]]);
  });

  it("keeps empty fields, and skips lines that are empty", () => {
    expect(parse(",\n\n,,\na,")).toEqual([
      ["", ""],
      ["", "", ""],
      ["a", ""],
    ]);
    expect(parse('""\n')).toEqual([[""]]);
  });

  it("keeps commas, quotes and line ends of quoted fields", () => {
    expect(parse('"a,b","say ""hi""","two\r\nlines"\n')).toEqual([["a,b", 'say "hi"', "two\r\nlines"]]);
    expect(parse('"",""""\n')).toEqual([["", '"']]);
  });

  it("drops a byte order mark, and only at the start", () => {
    expect(parse("\ufeffa\n\ufeffb")).toEqual([["a"], ["\ufeffb"]]);
    expect(parse("", "\ufeffa")).toEqual([["a"]]);
  });

  it.each([
    ['a\nb"c', "Line 2 is not CSV: a quote stands inside a field that is not quoted."],
    ['"a"b', "Line 1 is not CSV: text follows a closing quote."],
    ['a\n"b\nc', "Line 3 is not CSV: a quoted field is not closed."],
    ["a\rb", "Line 1 is not CSV: a carriage return is not followed by a line feed."],
  ])("refuses %j", (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  it("reads back any rows, however the text is cut", () => {
    const field = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r", "é", " ") });
    const rows = fc.array(fc.array(field, { minLength: 1, maxLength: 4 }), { maxLength: 5 });
    fc.assert(
      fc.property(rows, fc.nat(20), fc.constantFrom("\n", "\r\n"), (expected, cut, end) => {
        const text = expected.map((row) => quoted(row) + end).join("");
        expect(parse(text.slice(0, cut), text.slice(cut))).toEqual(expected);
      }),
    );
  });
});
