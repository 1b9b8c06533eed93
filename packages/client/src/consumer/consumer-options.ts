/** Options of a consumer, their defaults and their check. Names as in kafkajs. */

import { groupName } from "@sluice/model";
import { checkOptionNames, choiceOption, integerOption } from "../option-check.js";

export interface ConsumerOptions {
  /** Group whose members share the partitions and commit offsets. Without one, partitions are given with `assign`. */
  readonly groupId?: string | undefined;
  /** Where to begin a partition for which the group has nothing committed; `fail`: NO_COMMITTED_OFFSET. Default `latest`. */
  readonly startFrom?: "earliest" | "latest" | "fail" | undefined;
  /** Where to go on when an offset is no longer, or not yet, in the log. Default `fail`: OFFSET_OUT_OF_RANGE. */
  readonly onOffsetOutOfRange?: "earliest" | "latest" | "fail" | undefined;
  /** Commit what is processed, each `autoCommitInterval` and at the end. Default true. */
  readonly autoCommit?: boolean | undefined;
  /** Milliseconds. Default 5000. */
  readonly autoCommitInterval?: number | undefined;
  /** Milliseconds without a heartbeat after which the group goes on without this member. Default 10000. */
  readonly sessionTimeout?: number | undefined;
  /** Bytes fetched ahead, of all partitions; at least one answer of each partition is fetched. Default 10 MiB. */
  readonly maxBytes?: number | undefined;
  /** Bytes of one answer. A batch that is larger comes whole. Default 1 MiB. */
  readonly maxBytesPerPartition?: number | undefined;
  /** Milliseconds that a broker waits for records before it answers with none. Default 5000. */
  readonly maxWaitTimeInMs?: number | undefined;
  /** How the group shares out partitions; its first member decides. Default `sticky`. */
  readonly assignor?: "sticky" | "uniform" | undefined;
}

export interface ConsumerSettings {
  readonly groupId: string | undefined;
  readonly startFrom: "earliest" | "latest" | "fail";
  readonly onOffsetOutOfRange: "earliest" | "latest" | "fail";
  readonly autoCommit: boolean;
  readonly autoCommitIntervalMs: number;
  readonly sessionTimeoutMs: number;
  readonly maxBytes: number;
  readonly maxBytesPerPartition: number;
  readonly maxWaitMs: number;
  readonly assignor: "sticky" | "uniform";
}

const subject = "a consumer";
const names = [
  "groupId",
  "startFrom",
  "onOffsetOutOfRange",
  "autoCommit",
  "autoCommitInterval",
  "sessionTimeout",
  "maxBytes",
  "maxBytesPerPartition",
  "maxWaitTimeInMs",
  "assignor",
] as const satisfies readonly (keyof ConsumerOptions)[];

const bytesMax = 0x7fffffff;

/** @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION, INVALID_GROUP_NAME */
export function consumerSettings(options: ConsumerOptions): ConsumerSettings {
  checkOptionNames(subject, options, names);
  const choices = ["earliest", "latest", "fail"] as const;
  return {
    groupId: options.groupId === undefined ? undefined : groupName(options.groupId),
    startFrom: choiceOption({ subject, option: "startFrom" }, options.startFrom, { fallback: "latest", choices }),
    onOffsetOutOfRange: choiceOption({ subject, option: "onOffsetOutOfRange" }, options.onOffsetOutOfRange, {
      fallback: "fail",
      choices,
    }),
    autoCommit: options.autoCommit ?? true,
    autoCommitIntervalMs: integer(options, "autoCommitInterval", 5000, 1, 3_600_000),
    sessionTimeoutMs: integer(options, "sessionTimeout", 10_000, 100, 3_600_000),
    maxBytes: integer(options, "maxBytes", 10 * 1024 * 1024, 1, bytesMax),
    maxBytesPerPartition: integer(options, "maxBytesPerPartition", 1024 * 1024, 1, bytesMax),
    maxWaitMs: integer(options, "maxWaitTimeInMs", 5000, 0, 300_000),
    assignor: choiceOption({ subject, option: "assignor" }, options.assignor, {
      fallback: "sticky",
      choices: ["sticky", "uniform"],
    }),
  };
}

type IntegerName = "autoCommitInterval" | "sessionTimeout" | "maxBytes" | "maxBytesPerPartition" | "maxWaitTimeInMs";

function integer(options: ConsumerOptions, option: IntegerName, fallback: number, min: number, max: number): number {
  return integerOption({ subject, option }, options[option], { fallback, min, max });
}
