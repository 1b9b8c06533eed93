/** That no option of kafkajs is forgotten: against the types that kafkajs ships. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { kafkaJsOptions, replacedOptions } from "./kafkajs-options.js";
import { checkOptionNames } from "./option-check.js";

const types = readFileSync(createRequire(import.meta.url).resolve("kafkajs/types/index.d.ts"), "utf8");

/** The text between the braces that open after `start`. */
function bodyAfter(start: string): string {
  const from = types.indexOf(start);
  expect(from, start).toBeGreaterThan(-1);
  const open = types.indexOf("{", from);
  let depth = 0;
  for (let at = open; at < types.length; at++) {
    if (types[at] === "{") depth++;
    if (types[at] === "}" && --depth === 0) return types.slice(open + 1, at);
  }
  throw new Error(`${start} has no end`);
}

/** Names of the members of an object type, without those of types within it. */
function membersOf(body: string): string[] {
  let plain = body;
  for (let shorter = ""; shorter !== plain; ) {
    shorter = plain;
    plain = plain.replace(/\{[^{}]*\}|\([^()]*\)/g, "");
  }
  return [...plain.matchAll(/^\s*(\w+)\??:/gm)].map(([, name]) => name as string);
}

/** Where the types of kafkajs have the options of each kind. */
const declarations: Record<keyof typeof kafkaJsOptions, readonly string[]> = {
  client: ["export interface KafkaConfig"],
  retry: ["export interface RetryOptions"],
  producer: ["export interface ProducerConfig"],
  send: ["export interface ProducerRecord"],
  sendBatch: ["export interface ProducerBatch"],
  message: ["export interface Message {"],
  consumer: ["export interface ConsumerConfig"],
  subscribe: ["export type ConsumerSubscribeTopic =", "export type ConsumerSubscribeTopics ="],
  run: ["export type ConsumerRunConfig"],
  admin: ["export interface AdminConfig"],
  createTopics: ["  createTopics(options"],
  newTopic: ["export interface ITopicConfig"],
  deleteTopics: ["  deleteTopics(options"],
  createPartitions: ["  createPartitions(options"],
  newPartitions: ["export interface ITopicPartitionConfig"],
  alterPartitionReassignments: ["  alterPartitionReassignments(request"],
  topicAssignment: ["export interface PartitionReassignment {"],
  listPartitionReassignments: ["  listPartitionReassignments(request"],
  fetchTopicMetadata: ["  fetchTopicMetadata(options"],
  fetchOffsets: ["  fetchOffsets(options"],
  setOffsets: ["  setOffsets(options"],
  resetOffsets: ["  resetOffsets(options"],
  describeConfigs: ["  describeConfigs(configs"],
  describedResource: ["export interface ResourceConfigQuery"],
  alterConfigs: ["  alterConfigs(configs"],
  alteredResource: ["export interface IResourceConfig {"],
  deleteTopicRecords: ["  deleteTopicRecords(options"],
};

/** One-line types, `{ topic: string; partitions: SeekEntry[] }`, a member a line. */
function memberNames(declaration: string): string[] {
  return membersOf(
    bodyAfter(declaration)
      .replace(/\{[^{}]*\}/g, "")
      .replaceAll(";", "\n"),
  );
}

describe("the options of kafkajs", () => {
  it.each(Object.keys(kafkaJsOptions) as (keyof typeof kafkaJsOptions)[])("are all known: %s", (kind) => {
    const theirs = new Set(declarations[kind].flatMap(memberNames));
    expect(theirs.size).toBeGreaterThan(0);
    expect(Object.keys(kafkaJsOptions[kind]).sort()).toEqual([...theirs].sort());
  });

  it("are refused with a reason and a sentence that says what to do", () => {
    for (const kind of Object.keys(kafkaJsOptions) as (keyof typeof kafkaJsOptions)[])
      for (const { reason, replacement } of Object.values(replacedOptions(kind))) {
        expect(reason).toMatch(/^[a-z].*[^.]$|^TLS/);
        expect(replacement).toMatch(/^[A-Z].*\.$/);
      }
  });

  it("that are refused are told apart from misspelled ones, and harmless where they are not set", () => {
    const check = (given: object): void => checkOptionNames("a producer", given, ["acks"], replacedOptions("producer"));
    expect(() => check({ acks: 1, transactionalId: undefined })).not.toThrow();
    expect(() => check({ transactionalId: "t" })).toThrow(
      expect.objectContaining({
        code: "REPLACED_OPTION",
        message: expect.stringContaining("transactions are not there yet") as string,
        hint: expect.stringContaining("later version") as string,
      }),
    );
    expect(() => check({ ack: 1 })).toThrow(expect.objectContaining({ code: "UNKNOWN_OPTION" }));
    // What every object has by birth is no option.
    expect(() => check({ toString: 1 })).toThrow(expect.objectContaining({ code: "UNKNOWN_OPTION" }));
  });
});
