/** What the benchmarks for users take, in one table of options, and what they say. */

import { type Command, Option } from "commander";
import {
  type ClusterOptions,
  countBetween,
  durationBetween,
  integerBetween,
  parseRate,
  withClusterOptions,
} from "../command-options.js";

export interface BenchOptions extends ClusterOptions {
  /** Milliseconds. */
  readonly duration?: number;
  /** Records a second, over all producers; undefined: as many as go. */
  readonly rate?: number;
  /** Bytes of a value. */
  readonly size: number;
  readonly producers: number;
  readonly records?: number;
  readonly partitions: number;
  readonly compression: "none" | "gzip" | "snappy" | "lz4" | "zstd";
  readonly acks: "all" | "leader" | "none";
  readonly config?: readonly { readonly name: string; readonly value: string }[];
}

/** Which of the options a benchmark has. */
export interface BenchDefaults {
  readonly size: number;
  /** Undefined: the option is not there. */
  readonly rate?: number | "unlimited";
  readonly producers?: number;
}

const durationMsMax = 86_400_000;

export function withBenchOptions(command: Command, defaults: BenchDefaults): Command {
  withClusterOptions(command)
    .option(
      "--duration <time>",
      "how long, as 10s or 1m (default: 10s, without --records)",
      durationBetween(1, durationMsMax),
    )
    .option("--records <count>", "end after so many, as 100k or 2M", countBetween(1, Number.MAX_SAFE_INTEGER))
    .option("--size <bytes>", "bytes of a value", countBetween(8, 64 * 1024 * 1024), defaults.size)
    .option("--partitions <count>", "of the temporary topic", integerBetween(1, 10_000), 6)
    .addOption(
      new Option("--compression <codec>", "how batches are compressed")
        .choices(["none", "gzip", "snappy", "lz4", "zstd"])
        .default("none"),
    )
    .addOption(new Option("--acks <acks>", "whose answer counts").choices(["all", "leader", "none"]).default("all"));
  if (defaults.rate !== undefined)
    command.option(
      "--rate <records>",
      "records a second, as 500 or 1k/s",
      parseRate,
      defaults.rate === "unlimited" ? undefined : defaults.rate,
    );
  if (defaults.producers !== undefined)
    command.option("--producers <count>", "producers at the same time", integerBetween(1, 256), defaults.producers);
  return command.addHelpText(
    "after",
    "\nThe topic is a temporary one, and is removed at the end, after Ctrl-C too.\nValues are the same bytes each time: with --compression they compress better than yours.",
  );
}

/** Milliseconds after which a benchmark ends; Infinity where the number of records ends it. */
export function durationOf({ duration, records }: Pick<BenchOptions, "duration" | "records">): number {
  return duration ?? (records === undefined ? 10_000 : Number.POSITIVE_INFINITY);
}
