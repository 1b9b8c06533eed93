import { describe, expect, it } from "vitest";
import { bytesToJson, bytesToText, headersToJson, recordRow, recordTitles, timeText } from "./record-format.js";

describe("bytes in JSON", () => {
  it("are a string where they are UTF-8, whatever characters", () => {
    for (const text of ["", "héllo", "\u0000\n\u001b", "😀"]) expect(bytesToJson(Buffer.from(text))).toBe(text);
  });

  it("are null where there are none", () => {
    expect(bytesToJson(null)).toBe(null);
  });

  it.each([[0xff], [0xc3], [0xed, 0xa0, 0x80], [0x66, 0x80]])("are base64 where they are not UTF-8: %s", (...bytes) => {
    const json = bytesToJson(Buffer.from(bytes));
    expect(json).toEqual({ base64: Buffer.from(bytes).toString("base64") });
  });

  it("keep every value of a header that repeats", () => {
    const headers = { one: Buffer.from("1"), none: null, many: [Buffer.from("a"), null, Buffer.from([0xff])] };
    expect(headersToJson(headers)).toEqual({ one: "1", none: null, many: ["a", null, { base64: "/w==" }] });
  });
});

describe("a record for people", () => {
  it("stands below its titles", () => {
    const row = recordRow({ partition: 2, offset: 7, timestampMs: 0, key: null, value: Buffer.from("a\tb") });
    expect(row).toBe("        2           7  1970-01-01T00:00:00.000Z  -  a\\tb\n");
    expect(recordTitles.indexOf("TIMESTAMP")).toBe(row.indexOf("1970"));
    expect(recordTitles.indexOf("KEY")).toBe(row.indexOf("-  a"));
  });

  it("has bytes that are no text as base64", () => {
    expect(bytesToText(Buffer.from([0xff]))).toBe("base64:/w==");
  });

  it("has the number of a time that is no date", () => {
    expect(timeText(-1)).toBe("1969-12-31T23:59:59.999Z");
    expect(timeText(Number.MAX_SAFE_INTEGER)).toBe("9007199254740991");
  });
});
