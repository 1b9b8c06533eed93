import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  groupName,
  groupOffsetsTopic,
  isInternalTopic,
  topicId,
  topicName,
  topicPartitionText,
} from "./topic-partition.js";

const good = [
  "a",
  "A",
  "0",
  "...",
  ".a",
  "_",
  "-",
  "flights-200k",
  "a.b_c-D9",
  "x".repeat(249),
  "__proto__",
  "constructor",
];
const bad = [
  "",
  ".",
  "..",
  "x".repeat(250),
  "a b",
  "a/b",
  "../a",
  "a\\b",
  "a\0",
  "a\n",
  "\na",
  "%2e%2e",
  "ä",
  "а", // Cyrillic
  "a:b",
  "🔑",
];

describe.each([
  { name: "topicName", make: topicName, code: "INVALID_TOPIC_NAME" },
  { name: "groupName", make: groupName, code: "INVALID_GROUP_NAME" },
])("$name", ({ make, code }) => {
  it.each(good)("takes '%s'", (text) => {
    expect(make(text)).toBe(text);
  });

  it.each(bad)("refuses %j", (text) => {
    expect(() => make(text)).toThrow(expect.objectContaining({ code }));
  });

  it("takes a text exactly when each of its characters is allowed and it is no way up", () => {
    const allowed = new Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    const text = fc.string({
      unit: fc.oneof(fc.constantFrom(...allowed), fc.string({ unit: "binary", minLength: 1 })),
    });
    fc.assert(
      fc.property(text, (candidate) => {
        const isAllowed =
          candidate.length >= 1 &&
          candidate.length <= 249 &&
          candidate !== "." &&
          candidate !== ".." &&
          [...candidate].every((character) => allowed.has(character));
        if (isAllowed) expect(make(candidate)).toBe(candidate);
        else expect(() => make(candidate)).toThrow(expect.objectContaining({ code }));
      }),
      { numRuns: 1000 },
    );
  });

  it("shows a bad name on one short line, without control characters", () => {
    let message = "";
    try {
      make(`${"\u001b[31m\n".repeat(100)}`);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message.length).toBeGreaterThan(20);
    expect(message.length).toBeLessThan(500);
    expect(message).toMatch(/^[\x20-\x7e]+$/);
  });
});

describe("topicId", () => {
  it("takes a UUID in lower case and nothing else", () => {
    const id = "0b0e0f10-1234-4abc-8def-0123456789ab";
    expect(topicId(id)).toBe(id);
    for (const text of ["", "..", id.toUpperCase(), id.slice(1), `${id}0`, `${id}\n`, id.replaceAll("-", "")]) {
      expect(() => topicId(text), text).toThrow(expect.objectContaining({ code: "INVALID_REQUEST" }));
    }
  });
});

describe("isInternalTopic", () => {
  it("is true for names that begin with two underscores", () => {
    expect(["__consumer_offsets", "__x", "__"].map(isInternalTopic)).toEqual([true, true, true]);
    expect(["_x", "x__", "flights"].map(isInternalTopic)).toEqual([false, false, false]);
  });

  it("holds for the topic of group offsets, whose name is a topic name", () => {
    expect(isInternalTopic(groupOffsetsTopic)).toBe(true);
    expect(topicName(groupOffsetsTopic)).toBe(groupOffsetsTopic);
  });
});

describe("topicPartitionText", () => {
  it("joins topic and partition", () => {
    expect(topicPartitionText("a-b", 3)).toBe("a-b-3");
  });
});
