/** Events of a consumer: kafkajs's names and shapes, and Sluice's own beside them. Offsets are numbers. */

import { SluiceError, type TopicPartition } from "@sluice/model";
import type { PartitionLag } from "./lag.js";

/** Names of events, for `consumer.on`. Those that kafkajs has too stand first. */
export const consumerEvents = {
  HEARTBEAT: "consumer.heartbeat",
  COMMIT_OFFSETS: "consumer.commit_offsets",
  GROUP_JOIN: "consumer.group_join",
  FETCH: "consumer.fetch",
  START_BATCH_PROCESS: "consumer.start_batch_process",
  END_BATCH_PROCESS: "consumer.end_batch_process",
  CONNECT: "consumer.connect",
  DISCONNECT: "consumer.disconnect",
  STOP: "consumer.stop",
  CRASH: "consumer.crash",
  REBALANCING: "consumer.rebalancing",
  RECEIVED_UNSUBSCRIBED_TOPICS: "consumer.received_unsubscribed_topics",
  ASSIGN: "consumer.assign",
  REVOKE: "consumer.revoke",
  LOST: "consumer.lost",
  STALLED: "consumer.stalled",
  LAG: "consumer.lag",
  DEAD_LETTER: "consumer.dead_letter",
} as const;

const known: ReadonlySet<string> = new Set(Object.values(consumerEvents));

/** @throws SluiceError INVALID_REQUEST where a consumer tells no such event */
export function checkEventName(name: string): void {
  if (known.has(name)) return;
  throw new SluiceError("INVALID_REQUEST", {
    reason: `a consumer tells no event '${name}'; consumer.events has the names of those that it does`,
  });
}

/** Of which member an event is. */
export interface MemberEvent {
  /** Name of the group. */
  readonly groupId: string;
  /** Identity of the member in it. */
  readonly memberId: string;
}

/** A batch that is about to be processed, or was. */
export interface BatchProcessEvent extends TopicPartition {
  /** Offset of the next message of the partition when the batch was fetched. */
  readonly highWatermark: number;
  /** How many offsets there were after the last of the batch when it was fetched. */
  readonly offsetLag: number;
  /** How many offsets there were after the first. */
  readonly offsetLagLow: number;
  /** Messages in it. */
  readonly batchSize: number;
  /** Offset of its first message. */
  readonly firstOffset: number;
  /** Offset of its last message. */
  readonly lastOffset: number;
}

/** Something does not go on. */
export type StalledEvent =
  | (TopicPartition & {
      /** The broker has more, and gave nothing: the stream was opened again. */
      readonly reason: "stream";
      readonly offset: number;
      readonly endOffset: number;
      /** Milliseconds without an answer. */
      readonly silentMs: number;
    })
  | (TopicPartition & {
      /** A handler has run for longer than `maxProcessingTime`; its signal has aborted. */
      readonly reason: "handler";
      readonly offset: number;
      /** Milliseconds since it was called. */
      readonly runningMs: number;
    });

/** By name of the event, what it tells. */
export interface ConsumerEventPayloads {
  /** A heartbeat was sent. */
  "consumer.heartbeat": MemberEvent & { readonly groupGenerationId: number };
  /** The coordinator has taken a commit. */
  "consumer.commit_offsets": MemberEvent & {
    readonly groupGenerationId: number;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number; readonly offset: number }[];
    }[];
  };
  /** The member has acknowledged an assignment; `duration` in milliseconds since it was told. */
  "consumer.group_join": MemberEvent & {
    readonly duration: number;
    readonly isLeader: boolean;
    readonly leaderId: string;
    readonly groupProtocol: string;
    readonly memberAssignment: Readonly<Record<string, readonly number[]>>;
  };
  /** Records came from a broker. */
  "consumer.fetch": TopicPartition & { readonly offset: number; readonly sizeBytes: number };
  /** A handler is about to be called with a batch, or with its messages one by one. */
  /** What came with one fetch is about to be processed. With `eachMessage`, gaps in its offsets count into `batchSize`. */
  "consumer.start_batch_process": BatchProcessEvent;
  /** It was, or was given up; `duration` in milliseconds. */
  "consumer.end_batch_process": BatchProcessEvent & { readonly duration: number };
  /** `connect` found the cluster. */
  "consumer.connect": null;
  /** The consumer is closed. */
  "consumer.disconnect": null;
  /** Reading has ended. */
  "consumer.stop": null;
  /** Reading has ended with an error. It does not begin again by itself. */
  "consumer.crash": { readonly error: Error; readonly groupId: string; readonly restart: false };
  /** A new assignment has come. */
  "consumer.rebalancing": MemberEvent;
  /** Partitions of topics were assigned that the member did not ask for (any more). */
  "consumer.received_unsubscribed_topics": MemberEvent & {
    readonly generationId: number;
    readonly assignedTopics: readonly string[];
    readonly topicsSubscribed: readonly string[];
    readonly topicsNotSubscribed: readonly string[];
  };
  /** Partitions are read from now on, each from its offset. */
  "consumer.assign": { readonly partitions: readonly (TopicPartition & { readonly offset: number })[] };
  /** Partitions were given up: finished, committed, and free for others. */
  "consumer.revoke": { readonly partitions: readonly TopicPartition[] };
  /** Partitions were lost without notice: others may be reading them already. */
  "consumer.lost": { readonly partitions: readonly TopicPartition[] };
  /** Something does not go on: a stream is silent, or a handler takes too long. */
  /** A stream is silent, or a handler takes too long. */
  "consumer.stalled": StalledEvent;
  /** Told twice each `stallTimeout` while somebody listens. */
  "consumer.lag": { readonly partitions: readonly PartitionLag[] };
  /** A message was given up and written to the dead-letter topic. */
  "consumer.dead_letter": TopicPartition & {
    readonly offset: number;
    readonly attempts: number;
    readonly error: Error;
    readonly deadLetterTopic: string;
  };
}
