import { describe, expect, it } from "vitest";
import { isoTimeMs, parsePosition, parseResetTarget } from "./position.js";

describe("parsePosition", () => {
  it.each([
    ["earliest", "earliest"],
    ["latest", "latest"],
    ["0", 0],
    ["42", 42],
    ["end", "latest"],
    ["-10", { last: 10 }],
    ["@1769860800000", { timestamp: 1_769_860_800_000 }],
    ["@2026-01-31", { timestamp: Date.UTC(2026, 0, 31) }],
    ["2026-01-31", { timestamp: Date.UTC(2026, 0, 31) }],
    ["2026-01-31T12:30", { timestamp: Date.UTC(2026, 0, 31, 12, 30) }],
    ["2026-01-31T12:30:15.250", { timestamp: Date.UTC(2026, 0, 31, 12, 30, 15, 250) }],
    ["2026-01-31T12:30:15Z", { timestamp: Date.UTC(2026, 0, 31, 12, 30, 15) }],
    ["2026-01-31T00:30:00+02:00", { timestamp: Date.UTC(2026, 0, 30, 22, 30) }],
  ])("takes %s", (text, position) => {
    expect(parsePosition(text)).toEqual(position);
  });

  it("takes a time ago", () => {
    const before = Date.now();
    const { timestamp } = parsePosition("-1h") as { timestamp: number };
    expect(timestamp).toBeGreaterThanOrEqual(before - 3_600_000);
    expect(timestamp).toBeLessThanOrEqual(Date.now() - 3_600_000);
  });

  it.each([
    "",
    "first",
    "--1",
    "-1x",
    "1.5",
    "9007199254740993",
    "2026-02-30",
    "2026-13-01",
    "31.1.2026",
    "2026-01-31T25:00",
    "1960-01-01",
  ])("refuses %j and says what it takes", (text) => {
    expect(() => parsePosition(text)).toThrow(/It takes earliest, latest, an offset|too large/);
  });
});

describe("parseResetTarget", () => {
  it.each([
    ["earliest", "earliest"],
    ["latest", "latest"],
    ["end", "latest"],
    ["7", 7],
    ["offset:7", 7],
    ["+100", { shift: 100 }],
    ["-100", { shift: -100 }],
    ["-1h", { durationMs: 3_600_000 }],
    ["@2026-01-31T12:00:00Z", { timestamp: Date.UTC(2026, 0, 31, 12) }],
    ["group:other", { group: "other" }],
    ["file:/tmp/a:b.csv", { file: "/tmp/a:b.csv" }],
    ["time:2026-01-31T12:00:00Z", { timestamp: Date.UTC(2026, 0, 31, 12) }],
    ["shift:-100", { shift: -100 }],
    ["shift:+5", { shift: 5 }],
    ["shift:3", { shift: 3 }],
  ])("takes %s", (text, target) => {
    expect(parseResetTarget(text)).toEqual(target);
  });

  it.each([
    "",
    "x",
    "group:",
    "offset:",
    "offset:-1",
    "time:now",
    "shift:",
    "shift:x",
    "shift:9007199254740993",
    "to:3",
  ])("refuses %j and says what it takes", (text) => {
    expect(() => parseResetTarget(text)).toThrow(/It takes earliest, latest, an offset N|too large/);
  });
});

describe("isoTimeMs", () => {
  it("takes a time without a zone as UTC, wherever it runs", () => {
    expect(isoTimeMs("2001-01-01T00:47:00")).toBe(Date.UTC(2001, 0, 1, 0, 47));
  });

  it("knows a day that the zone moves into another", () => {
    expect(isoTimeMs("2024-02-29T23:30:00-05:00")).toBe(Date.UTC(2024, 2, 1, 4, 30));
  });
});
