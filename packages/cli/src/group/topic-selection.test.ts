import { expect, it } from "vitest";
import { collectTopic } from "./topic-selection.js";

it.each([
  [["a"], [{ topic: "a" }]],
  [["a:0,1"], [{ topic: "a", partitions: [0, 1] }]],
  [
    ["a:0", "b", "a:0,2"],
    [{ topic: "a", partitions: [0, 2] }, { topic: "b" }],
  ],
  [["a:0", "a"], [{ topic: "a" }]],
])("takes %j", (words, selection) => {
  let selected: ReturnType<typeof collectTopic> = [];
  for (const word of words) selected = collectTopic(word, selected);
  expect(selected).toEqual(selection);
});

it.each(["", ":0", "a:", "a:x", "a:0,"])("refuses %j", (word) => {
  expect(() => collectTopic(word)).toThrow(/It takes/);
});
