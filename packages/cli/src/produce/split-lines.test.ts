import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitLines } from "./split-lines.js";

async function linesOf(chunks: readonly string[], lineBytesMax = 1000): Promise<string[]> {
  const lines: string[] = [];
  for await (const group of splitLines(
    chunks.map((chunk) => Buffer.from(chunk)),
    lineBytesMax,
  ))
    lines.push(...group.map(String));
  return lines;
}

describe("splitLines", () => {
  it("keeps empty lines and carriage returns, and drops only line feeds", async () => {
    expect(await linesOf(["a\r\n\nb\n"])).toEqual(["a\r", "", "b"]);
  });

  it("counts a last line that has no line feed, and nothing after the last line feed", async () => {
    expect(await linesOf(["a\nb"])).toEqual(["a", "b"]);
    expect(await linesOf(["a\n"])).toEqual(["a"]);
    expect(await linesOf([])).toEqual([]);
  });

  it("gives the lines of a chunk before it asks for the next chunk", async () => {
    async function* chunks(): AsyncGenerator<Buffer> {
      yield Buffer.from("now\nlat");
      throw new Error("asked for more");
    }
    const lines = splitLines(chunks(), 100);
    expect((await lines.next()).value.map(String)).toEqual(["now"]);
    await expect(lines.next()).rejects.toThrow("asked for more");
  });

  it("gives the same lines however the input is cut", async () => {
    const texts = fc.array(fc.constantFrom("a", "bc", "\n", "\r\n", "é"), { maxLength: 30, size: "max" });
    await fc.assert(
      fc.asyncProperty(texts, fc.array(fc.nat(5), { maxLength: 20, size: "max" }), async (parts, cuts) => {
        const whole = parts.join("");
        const chunks: string[] = [];
        let rest = whole;
        for (const cut of cuts) {
          chunks.push(rest.slice(0, cut));
          rest = rest.slice(cut);
        }
        const expected = whole.split("\n");
        if (expected.at(-1) === "") expected.pop();
        expect(await linesOf([...chunks, rest])).toEqual(expected);
      }),
    );
  });

  it("refuses a line over the limit by its number, before all of it is there", async () => {
    await expect(linesOf(["ok\n", "xxx", "xxx"], 5)).rejects.toThrow("Line 2 is longer than 5 bytes.");
    await expect(linesOf(["xxxxxx\n"], 5)).rejects.toThrow("Line 1 is longer than 5 bytes.");
    expect(await linesOf(["xxxxx\n"], 5)).toEqual(["xxxxx"]);
  });
});
