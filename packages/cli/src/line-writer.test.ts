import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import { LineWriter } from "./line-writer.js";

function writer(): { lines: LineWriter; pieces: string[]; release: () => void } {
  const pieces: string[] = [];
  let release = (): void => undefined;
  const output = {
    isTerminal: false,
    hasColors: false,
    columns: 80,
    write: (text: string) => {
      pieces.push(text);
      return new Promise<void>((resolve) => {
        release = resolve;
      });
    },
  };
  return { lines: new LineWriter(output), pieces, release: () => release() };
}

it("hands over the lines of one turn together, soon", async () => {
  const { lines, pieces } = writer();
  expect(lines.write("a\n")).toBe(undefined);
  expect(lines.write("b\n")).toBe(undefined);
  expect(pieces).toEqual([]);
  await setImmediate();
  expect(pieces).toEqual(["a\nb\n"]);
});

it("makes the caller wait for the output where a piece is full", async () => {
  const { lines, pieces, release } = writer();
  const line = `${"x".repeat(65_535)}\n`;
  let isDone = false;
  const written = lines.write(line)?.then(() => {
    isDone = true;
  });
  expect(pieces).toEqual([line]);
  await setImmediate();
  expect(isDone).toBe(false);
  release();
  await written;
  expect(isDone).toBe(true);
});
