/** What `run` takes, its defaults and its check. Names as in kafkajs. */

import { type Random, SluiceError, topicName } from "@sluice/model";
import { checkOptionNames, choiceOption, integerOption } from "../option-check.js";
import { type RetryOptions, RetryPolicy } from "../retry-policy.js";
import { type CommitOptions, type CommitSettings, commitSettings } from "./consumer-options.js";
import type { AnyMessage, Message } from "./message.js";
import type { MessageBatch } from "./message-batch.js";

/** What a handler of one message gets. */
export interface EachMessagePayload<Received extends AnyMessage = Message> {
  /** Name of the topic. */
  readonly topic: Received["topic"];
  /** Partition, from 0. */
  readonly partition: number;
  /** The message. */
  readonly message: Received;
  /** Aborts when the consumer stops, and when the handler has run for `maxProcessingTime`. */
  readonly signal: AbortSignal;
  /** Heartbeats need no help: it does nothing, and is here for handlers written for kafkajs. */
  heartbeat(): Promise<void>;
  /** Pauses the partition of the message; the function that it returns resumes it. */
  pause(): () => void;
}

/** Offsets by topic and partition, in kafkajs's shape. */
export interface OffsetsByTopicPartition {
  /** By topic. */
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly offset: number | string }[];
  }[];
}

/** What a handler of a batch gets. */
export interface EachBatchPayload<Received extends AnyMessage = Message> {
  /** The messages, of one partition. */
  /** The messages to process, of one partition. */
  readonly batch: MessageBatch<Received>;
  /** Aborts when the consumer stops, and when the handler has run for `maxProcessingTime`. */
  readonly signal: AbortSignal;
  /** The message at this offset is processed, and all before it. Without it, the batch is when the handler returns. */
  resolveOffset(offset: number | string): void;
  /** Commits what is processed now, or the offsets given: those of the next messages to process. */
  commitOffsetsIfNecessary(offsets?: OffsetsByTopicPartition): Promise<void>;
  /** What is processed and not committed: offsets of the next messages to process. */
  uncommittedOffsets(): OffsetsByTopicPartition;
  /** As for `eachMessage`. */
  heartbeat(): Promise<void>;
  /** False: the consumer is stopping. */
  isRunning(): boolean;
  /** The rest of the batch is of no more use: sought elsewhere, or given to another member. */
  isStale(): boolean;
  /** Pauses the partition of the batch; the function that it returns resumes it. */
  pause(): () => void;
}

/** What to do when a handler throws. Without it, the first throw ends the run. */
export interface ErrorPolicy {
  /** How often the handler is called again with the same message. Default 5. */
  readonly retries?: number | undefined;
  /**
   * How long to wait between two calls. Other partitions go on meanwhile, and heartbeats do. Default: from 300 ms, doubling,
   * to 30 s.
   */
  readonly backoff?: Omit<RetryOptions, "retries"> | undefined;
  /**
   * Topic for messages that failed each time, with their key, value and headers and with headers `sluice-dlt-*` that tell
   * where they are from and why. The message counts as processed once that topic has it. Only with `eachMessage`.
   */
  readonly deadLetterTopic?: string | undefined;
  /**
   * Where there is no dead-letter topic, after the last retry: end the run; go on behind the message, which is lost for the
   * group; or pause the partition at the message. Default `crash`. `skip` only with `eachMessage`.
   */
  readonly otherwise?: "crash" | "skip" | "pause" | undefined;
}

/** What `run` takes: one of the two handlers, and how it is called. */
export interface RunOptions<Received extends AnyMessage = Message> extends CommitOptions {
  /** Called with each message. One of the two handlers is given. */
  readonly eachMessage?: ((payload: EachMessagePayload<Received>) => Promise<void> | void) | undefined;
  /** Called with the messages that came with one fetch. */
  readonly eachBatch?: ((payload: EachBatchPayload<Received>) => Promise<void> | void) | undefined;
  /** A batch is processed when its handler returns; false: only what it resolved is, the rest comes again. Default true. */
  readonly eachBatchAutoResolve?: boolean | undefined;
  /** How many partitions are worked on at the same time. Default 1. */
  readonly partitionsConsumedConcurrently?: number | undefined;
  /**
   * How many messages of one partition are worked on at the same time, each with another key: the order of one key is kept.
   * Messages without a key have no order. What is committed never passes a message that is not processed. Default 1.
   */
  readonly keyConcurrency?: number | undefined;
  /** What to do when a handler throws. Default: the run ends. */
  readonly onError?: ErrorPolicy | undefined;
}

/** The options as they are used: checked, with their defaults. */
export interface RunSettings {
  readonly eachMessage: RunOptions["eachMessage"];
  readonly eachBatch: RunOptions["eachBatch"];
  readonly autoResolves: boolean;
  readonly partitions: number;
  readonly keyConcurrency: number;
  readonly onError: {
    readonly retriesMax: number;
    readonly policy: RetryPolicy;
    readonly deadLetterTopic: string | undefined;
    readonly otherwise: "crash" | "skip" | "pause";
  };
  readonly commits: CommitSettings;
}

const subject = "run";
const names = [
  "eachMessage",
  "eachBatch",
  "eachBatchAutoResolve",
  "partitionsConsumedConcurrently",
  "keyConcurrency",
  "onError",
  "autoCommit",
  "autoCommitInterval",
  "autoCommitThreshold",
] as const satisfies readonly (keyof RunOptions)[];
const errorSubject = "onError";
const errorNames = [
  "retries",
  "backoff",
  "deadLetterTopic",
  "otherwise",
] as const satisfies readonly (keyof ErrorPolicy)[];

/**
 * @param dependencies.defaults the consumer's own commit settings.
 * @param dependencies.topics what the consumer reads, as far as it is given by name.
 * @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION, INVALID_TOPIC_NAME
 */
export function runSettings(
  options: RunOptions,
  dependencies: { readonly random: Random; readonly defaults: CommitSettings; readonly topics: readonly string[] },
): RunSettings {
  checkOptionNames(subject, options, names);
  const { eachMessage, eachBatch, eachBatchAutoResolve = true } = options;
  if ((eachMessage === undefined) === (eachBatch === undefined))
    throw invalid("eachMessage", "it takes eachMessage or eachBatch, and one of them");
  if (typeof (eachMessage ?? eachBatch) !== "function")
    throw invalid(eachMessage === undefined ? "eachBatch" : "eachMessage", "it takes a function");
  if (typeof eachBatchAutoResolve !== "boolean") throw invalid("eachBatchAutoResolve", "it takes true or false");
  const keyConcurrency = integer(options, "keyConcurrency");
  if (keyConcurrency > 1 && eachBatch !== undefined)
    throw invalid("keyConcurrency", "it takes eachMessage; a batch is worked on as a whole");
  return {
    eachMessage,
    eachBatch,
    autoResolves: eachBatchAutoResolve,
    partitions: integer(options, "partitionsConsumedConcurrently"),
    keyConcurrency,
    onError: errorSettings(options, dependencies),
    commits: commitSettings(options, subject, dependencies.defaults),
  };
}

function errorSettings(
  { onError, eachBatch }: RunOptions,
  { random, topics }: { readonly random: Random; readonly topics: readonly string[] },
): RunSettings["onError"] {
  checkOptionNames(errorSubject, onError, errorNames);
  const { deadLetterTopic, backoff } = onError ?? {};
  const otherwise = choiceOption({ subject: errorSubject, option: "otherwise" }, onError?.otherwise, {
    fallback: "crash",
    choices: ["crash", "skip", "pause"],
  });
  if (eachBatch !== undefined && (deadLetterTopic !== undefined || otherwise === "skip"))
    throw invalid(
      deadLetterTopic === undefined ? "otherwise" : "deadLetterTopic",
      "with eachBatch nobody knows which message failed; use eachMessage",
      errorSubject,
    );
  if (deadLetterTopic !== undefined && topics.includes(deadLetterTopic))
    throw invalid("deadLetterTopic", "the consumer reads that topic itself, so it would come again", errorSubject);
  checkOptionNames("backoff", backoff, ["initialRetryTime", "maxRetryTime", "multiplier", "factor"]);
  return {
    retriesMax: integerOption({ subject: errorSubject, option: "retries" }, onError?.retries, {
      fallback: onError === undefined ? 0 : 5,
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
    }),
    policy: new RetryPolicy({ initialRetryTime: 300, maxRetryTime: 30_000, ...backoff }, { random }),
    deadLetterTopic: deadLetterTopic === undefined ? undefined : topicName(deadLetterTopic),
    otherwise,
  };
}

function integer(options: RunOptions, option: "partitionsConsumedConcurrently" | "keyConcurrency"): number {
  return integerOption({ subject, option }, options[option], { fallback: 1, min: 1, max: 10_000 });
}

function invalid(option: string, reason: string, owner = subject): SluiceError {
  return new SluiceError("INVALID_OPTION", { option, subject: owner, reason });
}
