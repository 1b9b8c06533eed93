/** Settings of a topic. Names and defaults are Kafka's, plus `flush`. */

import { type ConfigValues, choiceKey, integerKey } from "./config-table.js";

export const topicConfigTable = {
  flush: choiceKey({
    choices: ["always", "os"],
    default: "always",
    doc: "always: an acknowledged record is on disk and survives a power loss; records that arrive together share one fdatasync. os: the operating system writes when it likes, and a power loss may take what was acknowledged; a killed process loses nothing either way.",
  }),
  "max.message.bytes": integerKey({
    default: 1_048_588,
    min: 128,
    max: 64 * 1024 * 1024,
    unit: "bytes",
    doc: "Largest record batch that the topic takes.",
  }),
  "segment.bytes": integerKey({
    default: 1_073_741_824,
    min: 1024,
    max: 2_147_483_647,
    unit: "bytes",
    doc: "Size at which a new segment file is begun. A batch is never split, and a batch larger than this gets a segment of its own.",
  }),
  "index.interval.bytes": integerKey({
    default: 4096,
    min: 0,
    max: 2_147_483_647,
    unit: "bytes",
    doc: "An index entry is written each time that so many bytes were appended.",
  }),
  "min.insync.replicas": integerKey({
    default: 2,
    min: 1,
    max: 32,
    doc: "In-sync replicas that acks=all needs; never more than the replication factor.",
  }),
  "message.timestamp.before.max.ms": integerKey({
    default: Number.MAX_SAFE_INTEGER,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: "ms",
    doc: "How far the timestamp of a record may lie behind the broker's clock.",
  }),
  "message.timestamp.after.max.ms": integerKey({
    default: 3_600_000,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: "ms",
    doc: "How far the timestamp of a record may lie ahead of the broker's clock.",
  }),
};

export type TopicConfig = ConfigValues<typeof topicConfigTable>;
