import { expect, it } from "vitest";
import { otherTopics, TopicCounters } from "./topic-counters.js";

it("counts the first 200 topics by name and the others together", () => {
  const topics = new TopicCounters();
  for (let topic = 0; topic < 5000; topic += 1) topics.produced(`t${topic}`, 2, 10);
  topics.produced("t7", 1, 5);
  topics.fetched("t7", 100);
  topics.fetched("t4000", 1);
  const entries = new Map(topics.entries());
  expect(entries.size).toBe(201);
  expect(entries.get("t7")).toEqual({ recordsIn: 3, bytesIn: 15, bytesOut: 100 });
  expect(entries.get(otherTopics)).toEqual({ recordsIn: 9600, bytesIn: 48_000, bytesOut: 1 });
});

it("has no others where there are none", () => {
  const topics = new TopicCounters();
  topics.produced("a", 1, 1);
  expect([...topics.entries()].map(([topic]) => topic)).toEqual(["a"]);
});
