import { expect, it } from "vitest";
import type { TextOutput } from "./command-context.js";
import { ProgressBar } from "./progress-bar.js";

function output(isTerminal: boolean): TextOutput & { text: string } {
  const self = {
    text: "",
    isTerminal,
    hasColors: false,
    columns: 80,
    write: async (text: string) => {
      self.text += text;
    },
  };
  return self;
}

it("draws part, count and rate on a terminal, at most ten times a second", () => {
  const terminal = output(true);
  let nowMs = 0;
  const bar = new ProgressBar(terminal, { total: 200, unit: "records" }, () => nowMs);
  nowMs = 1000;
  bar.update(100, 5000);
  expect(terminal.text).toBe("\r\u001b[2K[##########..........] 50 %  5,000 records  5,000/s");
  nowMs = 1099;
  bar.update(150, 6000);
  expect(terminal.text).not.toContain("6,000");
  bar.clear();
  expect(terminal.text.endsWith("\r\u001b[2K")).toBe(true);
});

it("draws no bar where the total is not known", () => {
  const terminal = output(true);
  let nowMs = 0;
  const bar = new ProgressBar(terminal, { unit: "records" }, () => nowMs);
  nowMs = 2000;
  bar.update(100, 10);
  expect(terminal.text).toBe("\r\u001b[2K10 records  5/s");
});

it("prints nothing where nobody looks", () => {
  const file = output(false);
  const bar = new ProgressBar(file, { total: 1, unit: "records" }, () => 5000);
  bar.update(1, 1);
  bar.clear();
  expect(file.text).toBe("");
});
