/** Options of a consumer, their defaults and their check. Names as in kafkajs. */

import { groupName, SluiceError } from "@sluice/model";
import { checkOptionNames, choiceOption, integerOption } from "../option-check.js";
import type { RetryOptions } from "../retry-policy.js";
import { checkOffsetSpec } from "./offset-spec.js";
import { replacedConsumerOptions, replacedRetryOptions } from "./replaced-options.js";
import type { SubscribedTopic } from "./subscription.js";
import type { DecodeErrorPolicy } from "./typed-messages.js";

/** Where to begin a partition for which the group has nothing committed. */
export type StartFrom = "earliest" | "latest" | "fail" | { readonly timestamp: number | Date };

/** How a group shares out its partitions. The names of Kafka's assignors stand for the nearest of ours. */
export type AssignorName = "sticky" | "uniform" | "cooperative-sticky" | "roundrobin" | "range";

/** What `Sluice.consumer` takes. Everything has a default. */
export interface ConsumerOptions<Topics extends readonly SubscribedTopic[] = readonly SubscribedTopic[]> {
  /** Group whose members share the partitions and commit offsets. Without one, partitions are given with `assign`. */
  readonly groupId?: string | undefined;
  /**
   * Topics to read, as for `subscribe`: names, typed topics of `defineTopic`, or patterns. They decide the type of messages.
   * Without `groupId` nothing is subscribed: they only say how what is assigned and read is decoded.
   */
  readonly topics?: Topics | undefined;
  /**
   * Where to begin a partition for which the group has nothing committed: its first message, its end, the first message at
   * or after a time; `fail`: NO_COMMITTED_OFFSET. Default `latest`. Where a group has begun is committed at once, and a
   * partition or a topic that came into being after that begins at its first message, so none of it is missed.
   */
  readonly startFrom?: StartFrom | undefined;
  /**
   * Where to go on when an offset is no longer, or not yet, in the log. Default `fail`: OFFSET_OUT_OF_RANGE. Where records that
   * were read are gone, by an unclean election or with a disk, `fail` is LOG_TRUNCATED; with the others that error is logged,
   * and reading goes on at the end of what is left of them.
   */
  readonly onOffsetOutOfRange?: "earliest" | "latest" | "fail" | undefined;
  /** What to do with a message that its typed topic cannot decode. Default `fail`: DECODE_FAILED. */
  readonly onDecodeError?: DecodeErrorPolicy | undefined;
  /** Commit what is processed, each `autoCommitInterval` and at the end. Default true. */
  readonly autoCommit?: boolean | undefined;
  /** Milliseconds; null: no commit by time. Default 5000. */
  readonly autoCommitInterval?: number | null | undefined;
  /** Messages that are processed and not committed, at which they are committed; null: no such number. Default null. */
  readonly autoCommitThreshold?: number | null | undefined;
  /** Milliseconds without a heartbeat after which the group goes on without this member. Default 10000. */
  readonly sessionTimeout?: number | undefined;
  /** Milliseconds that this member may take to give partitions up, before the group puts it out. Default 300000. */
  readonly rebalanceTimeout?: number | undefined;
  /** Milliseconds. Taken for kafkajs's sake: the coordinator says how often, and handlers never hold heartbeats up. */
  readonly heartbeatInterval?: number | undefined;
  /**
   * Milliseconds for one call of a handler, after which `stalled` is told and the handler's `signal` aborts. The member
   * keeps its partitions all the same. Default: no limit.
   */
  readonly maxProcessingTime?: number | undefined;
  /**
   * Milliseconds without anything from a partition that has more to read, after which its stream is opened again and
   * `stalled` is told. 0: never. Default 30000.
   */
  readonly stallTimeout?: number | undefined;
  /** Bytes that a broker waits for before it answers, within `maxWaitTimeInMs`. Default 1. */
  readonly minBytes?: number | undefined;
  /** As `prefetchBytes` where that is not given; no answer is larger. Default 10 MiB. */
  readonly maxBytes?: number | undefined;
  /** Bytes of one answer. A batch that is larger comes whole. Default 1 MiB. */
  readonly maxBytesPerPartition?: number | undefined;
  /** Bytes fetched ahead, of all partitions; one answer of each partition may come on top. Default: `maxBytes`. */
  readonly prefetchBytes?: number | undefined;
  /** Milliseconds that a broker waits for `minBytes` before it answers with what there is. Default 5000. */
  readonly maxWaitTimeInMs?: number | undefined;
  /** Topics that are subscribed or assigned and missing are created, where the brokers allow it. Default true. */
  readonly allowAutoTopicCreation?: boolean | undefined;
  /** Milliseconds after which topics are looked at again. Default 10000 with a pattern among the topics, else 300000. */
  readonly metadataMaxAge?: number | undefined;
  /** How refusals that pass are retried. Default: that of the client. */
  readonly retry?: RetryOptions | undefined;
  /** How the group shares out partitions; its first member decides. Default `sticky`. */
  readonly assignor?: AssignorName | undefined;
  /** kafkajs's name for it; the first counts. */
  readonly partitionAssigners?: readonly AssignorName[] | undefined;
}

/** The options as they are used: checked, with their defaults. */
export interface ConsumerSettings {
  readonly groupId: string | undefined;
  readonly startFrom: StartFrom;
  readonly onOffsetOutOfRange: "earliest" | "latest" | "fail";
  readonly onDecodeError: DecodeErrorPolicy;
  readonly autoCommit: boolean;
  /** Undefined: no commit by time. */
  readonly autoCommitIntervalMs: number | undefined;
  /** Undefined: no commit by number. */
  readonly autoCommitThreshold: number | undefined;
  readonly sessionTimeoutMs: number;
  /** 0: the coordinator's default. */
  readonly rebalanceTimeoutMs: number;
  /** Undefined: no limit. */
  readonly maxProcessingMs: number | undefined;
  /** 0: never. */
  readonly stallTimeoutMs: number;
  readonly minBytes: number;
  readonly prefetchBytes: number;
  readonly maxBytesPerPartition: number;
  readonly maxWaitMs: number;
  readonly allowAutoTopicCreation: boolean;
  /** Undefined: the default, which depends on what is subscribed. */
  readonly metadataMaxAgeMs: number | undefined;
  readonly retry: RetryOptions | undefined;
  readonly assignor: "sticky" | "uniform";
}

const subject = "a consumer";
const names = [
  "groupId",
  "topics",
  "startFrom",
  "onOffsetOutOfRange",
  "onDecodeError",
  "autoCommit",
  "autoCommitInterval",
  "autoCommitThreshold",
  "sessionTimeout",
  "rebalanceTimeout",
  "heartbeatInterval",
  "maxProcessingTime",
  "stallTimeout",
  "minBytes",
  "maxBytes",
  "maxBytesPerPartition",
  "prefetchBytes",
  "maxWaitTimeInMs",
  "allowAutoTopicCreation",
  "metadataMaxAge",
  "retry",
  "assignor",
  "partitionAssigners",
] as const satisfies readonly (keyof ConsumerOptions)[];

const bytesMax = 0x7fffffff;
const timeMax = 86_400_000;
const defaultBytes = 10 * 1024 * 1024;

/** @throws SluiceError UNKNOWN_OPTION, REPLACED_OPTION, INVALID_OPTION, INVALID_GROUP_NAME */
export function consumerSettings(options: ConsumerOptions): ConsumerSettings {
  checkOptionNames(subject, options, names, replacedConsumerOptions);
  const maxBytes = integer(options, "maxBytes", defaultBytes, 1, bytesMax);
  integer(options, "heartbeatInterval", 1000, 1, timeMax);
  const perPartition = integer(options, "maxBytesPerPartition", 1024 * 1024, 1, bytesMax);
  return {
    groupId: options.groupId === undefined ? undefined : groupName(options.groupId),
    startFrom: checkedStart(options.startFrom ?? "latest"),
    onOffsetOutOfRange: choiceOption({ subject, option: "onOffsetOutOfRange" }, options.onOffsetOutOfRange, {
      fallback: "fail",
      choices: ["earliest", "latest", "fail"],
    }),
    onDecodeError:
      typeof options.onDecodeError === "function"
        ? options.onDecodeError
        : choiceOption({ subject, option: "onDecodeError" }, options.onDecodeError, {
            fallback: "fail",
            choices: ["fail", "skip", "raw"],
          }),
    ...commitSettings(options, subject),
    sessionTimeoutMs: integer(options, "sessionTimeout", 10_000, 100, 3_600_000),
    rebalanceTimeoutMs: integer(options, "rebalanceTimeout", 0, 1, 3_600_000),
    maxProcessingMs:
      options.maxProcessingTime === undefined ? undefined : integer(options, "maxProcessingTime", 0, 1, timeMax),
    stallTimeoutMs: integer(options, "stallTimeout", 30_000, 0, timeMax),
    minBytes: integer(options, "minBytes", 1, 0, bytesMax),
    prefetchBytes: integer(options, "prefetchBytes", maxBytes, 1, bytesMax),
    maxBytesPerPartition: Math.min(perPartition, maxBytes),
    maxWaitMs: integer(options, "maxWaitTimeInMs", 5000, 0, 300_000),
    allowAutoTopicCreation: flag(options, "allowAutoTopicCreation", true),
    metadataMaxAgeMs:
      options.metadataMaxAge === undefined ? undefined : integer(options, "metadataMaxAge", 0, 1, timeMax),
    retry: checkedRetry(options.retry),
    assignor: assignorOf(options),
  };
}

/** The part of the options that `run` takes too. */
export interface CommitOptions {
  /** Commit what is processed, by itself. Default: that of the consumer. */
  readonly autoCommit?: boolean | undefined;
  /** Milliseconds from one commit to the next; null: no such time. Default: that of the consumer. */
  readonly autoCommitInterval?: number | null | undefined;
  /** Processed messages after which to commit; null: no such number. Default: that of the consumer. */
  readonly autoCommitThreshold?: number | null | undefined;
}

/** The same as they are used. */
export type CommitSettings = Pick<ConsumerSettings, "autoCommit" | "autoCommitIntervalMs" | "autoCommitThreshold">;

/** @throws SluiceError INVALID_OPTION */
export function commitSettings(options: CommitOptions, owner: string, defaults?: CommitSettings): CommitSettings {
  const { autoCommit = defaults?.autoCommit ?? true, autoCommitInterval, autoCommitThreshold } = options;
  if (typeof autoCommit !== "boolean") throw notFlag(owner, "autoCommit", autoCommit);
  const where = { subject: owner, option: "autoCommitInterval" };
  const limits = { fallback: 0, min: 1, max: timeMax };
  const intervalMs = defaults === undefined ? 5000 : defaults.autoCommitIntervalMs;
  return {
    autoCommit,
    autoCommitIntervalMs: orNull(autoCommitInterval, intervalMs, (given) => integerOption(where, given, limits)),
    autoCommitThreshold: orNull(autoCommitThreshold, defaults?.autoCommitThreshold, (given) =>
      integerOption({ ...where, option: "autoCommitThreshold" }, given, { ...limits, max: bytesMax }),
    ),
  };
}

/** Null says "none", undefined says "the default". */
function orNull<Value>(
  given: Value | null | undefined,
  fallback: Value | undefined,
  check: (given: Value) => Value,
): Value | undefined {
  if (given === null) return undefined;
  return given === undefined ? fallback : check(given);
}

/** @throws SluiceError INVALID_OPTION */
export function checkedStart(startFrom: StartFrom): StartFrom {
  if (startFrom === "fail" || startFrom === "earliest" || startFrom === "latest") return startFrom;
  if (typeof startFrom === "object" && startFrom !== null) {
    try {
      checkOffsetSpec(startFrom);
      return startFrom;
    } catch {
      // Told below, as what it is here: an option.
    }
  }
  throw new SluiceError("INVALID_OPTION", {
    option: "startFrom",
    subject,
    reason: `it takes earliest, latest, fail or {timestamp}, not ${JSON.stringify(startFrom)}`,
  });
}

function checkedRetry(retry: RetryOptions | undefined): RetryOptions | undefined {
  if (retry === undefined) return undefined;
  const known = ["retries", "initialRetryTime", "maxRetryTime", "multiplier", "factor"];
  checkOptionNames("retry", retry, known, replacedRetryOptions);
  return retry;
}

function assignorOf({ assignor, partitionAssigners }: ConsumerOptions): "sticky" | "uniform" {
  const option = assignor === undefined ? "partitionAssigners" : "assignor";
  const given = assignor ?? partitionAssigners?.[0];
  if (typeof given === "function")
    throw new SluiceError("REPLACED_OPTION", {
      option,
      subject,
      reason: "the coordinator shares partitions out, not the members",
      replacement: "Use assignor: 'sticky' or 'uniform'.",
    });
  const choices = ["sticky", "uniform", "cooperative-sticky", "roundrobin", "range"] as const;
  const name = choiceOption({ subject, option }, given, { fallback: "sticky", choices });
  return name === "sticky" || name === "cooperative-sticky" ? "sticky" : "uniform";
}

function flag(options: ConsumerOptions, option: "allowAutoTopicCreation", fallback: boolean): boolean {
  const given = options[option] ?? fallback;
  if (typeof given !== "boolean") throw notFlag(subject, option, given);
  return given;
}

function notFlag(owner: string, option: string, given: unknown): SluiceError {
  return new SluiceError("INVALID_OPTION", {
    option,
    subject: owner,
    reason: `it takes true or false, not ${String(given)}`,
  });
}

type IntegerName = {
  [Name in keyof ConsumerOptions]-?: ConsumerOptions[Name] extends number | undefined ? Name : never;
}[keyof ConsumerOptions];

function integer(options: ConsumerOptions, option: IntegerName, fallback: number, min: number, max: number): number {
  return integerOption({ subject, option }, options[option], { fallback, min, max });
}
