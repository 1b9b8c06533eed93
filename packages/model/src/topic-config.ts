/** Settings of a topic. Names and defaults are Kafka's, plus `flush`. */

import { type ConfigValues, choiceKey, integerKey, ratioKey } from "./config-table.js";

export const topicConfigTable = {
  flush: choiceKey({
    choices: ["always", "interval", "os"],
    default: "always",
    doc: "always: an acknowledged record is on disk and survives a power loss; records that arrive together share one fdatasync. interval: written to disk every flush.ms, and a power loss may take what was acknowledged since. os: the operating system writes when it likes, and a power loss may take what was acknowledged. A killed process loses nothing either way.",
  }),
  "flush.ms": integerKey({
    default: 1000,
    min: 1,
    max: 86_400_000,
    unit: "ms",
    doc: "With flush=interval: how long an appended record may wait until it is written to disk.",
  }),
  "cleanup.policy": choiceKey({
    choices: ["delete", "compact", "compact,delete"],
    default: "delete",
    doc: "delete: old segments go when retention.ms or retention.bytes says so. compact: of every key the last record is kept, whatever its age. compact,delete: both.",
  }),
  "retention.ms": integerKey({
    default: 604_800_000,
    min: -1,
    max: Number.MAX_SAFE_INTEGER,
    unit: "ms",
    doc: "With cleanup.policy delete: a segment goes when its youngest record is older. -1: never for its age.",
  }),
  "retention.bytes": integerKey({
    default: -1,
    min: -1,
    max: Number.MAX_SAFE_INTEGER,
    unit: "bytes",
    doc: "With cleanup.policy delete: the oldest segments of a partition go while the rest is no smaller than this. -1: no bound.",
  }),
  "file.delete.delay.ms": integerKey({
    default: 60_000,
    min: 0,
    max: 86_400_000,
    unit: "ms",
    doc: "How long the renamed files of a deleted segment stay on disk, for whoever still reads them.",
  }),
  "min.cleanable.dirty.ratio": ratioKey({
    default: 0.5,
    doc: "With cleanup.policy compact: a log is compacted when such a part of its bytes was written since it was last.",
  }),
  "min.compaction.lag.ms": integerKey({
    default: 0,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: "ms",
    doc: "With cleanup.policy compact: a record is not compacted away before it is so old.",
  }),
  "max.compaction.lag.ms": integerKey({
    default: Number.MAX_SAFE_INTEGER,
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    unit: "ms",
    doc: "With cleanup.policy compact: a log with an older record that was never compacted is compacted, however few they are.",
  }),
  "delete.retention.ms": integerKey({
    default: 86_400_000,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: "ms",
    doc: "With cleanup.policy compact: how long a tombstone (a record with a key and no value) stays readable after compaction first meets it.",
  }),
  "bounded.bytes": integerKey({
    default: -1,
    min: -1,
    max: Number.MAX_SAFE_INTEGER,
    unit: "bytes",
    doc: "Size at which a partition refuses records with TOPIC_FULL rather than grow. Retention, compaction and truncation make room; keep retention.bytes at or below three quarters of it. -1: no bound.",
  }),
  "compression.type": choiceKey({
    choices: ["producer", "none", "gzip", "snappy", "lz4", "zstd"],
    default: "producer",
    doc: "producer: batches are kept as they were compressed by whoever sent them. Otherwise the broker compresses, anew where it must, with this codec.",
  }),
  "message.timestamp.type": choiceKey({
    choices: ["CreateTime", "LogAppendTime"],
    default: "CreateTime",
    doc: "CreateTime: records keep the timestamp of their producer. LogAppendTime: they get that of the broker when they are appended.",
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
  "segment.ms": integerKey({
    default: 604_800_000,
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    unit: "ms",
    doc: "Age of the first record of a segment at which a new segment file is begun, however small it is.",
  }),
  "segment.index.bytes": integerKey({
    default: 10_485_760,
    min: 64,
    max: 2_147_483_647,
    unit: "bytes",
    doc: "Size of either index of a segment at which a new segment file is begun.",
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
