import { expect, it } from "vitest";
import { changesOf, losesRecords } from "./config-changes.js";

const entry = (name: string, value: string, isDefault = true) => ({ name, value, isDefault });

it("are what differs, and a value that no longer follows the default", () => {
  const before = [entry("a", "1"), entry("b", "2"), entry("c", "3", false)];
  const after = [entry("a", "1"), entry("b", "2", false), entry("c", "4", false)];
  expect(changesOf(before, after)).toEqual([
    { key: "b", current: "2", new: "2", isDefault: false },
    { key: "c", current: "3", new: "4", isDefault: false },
  ]);
});

it.each([
  ["retention.ms", "100", "50", true],
  ["retention.ms", "-1", "50", true],
  ["retention.ms", "50", "-1", false],
  ["retention.bytes", "10", "20", false],
  ["cleanup.policy", "delete", "compact", true],
  ["segment.bytes", "10", "5", false],
])("%s from %s to %s may lose records: %s", (key, current, value, loses) => {
  expect(losesRecords([{ key, current, new: value, isDefault: false }])).toBe(loses);
});
