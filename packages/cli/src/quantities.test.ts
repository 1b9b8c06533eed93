import { expect, it } from "vitest";
import { bytesText, countText, durationText } from "./quantities.js";

it.each([
  [0, "0 B"],
  [1536, "1.5 KiB"],
  [20 * 1024 ** 3, "20 GiB"],
])("%i bytes are %s", (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

it.each([
  [850, "850 ms"],
  [1500, "1.5 s"],
  [60_000, "60 s"],
  [600_000, "10 min"],
  [9_000_000, "2.5 h"],
  [345_600_000, "4 d"],
])("%i ms are %s", (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

it.each([
  [9999, "9,999"],
  [12_345, "12.3 k"],
  [1_234_567, "1.2 M"],
])("%i is about %s", (count, text) => {
  expect(countText(count)).toBe(text);
});
