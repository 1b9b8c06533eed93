/** The command line of `npm run bench -- log`. */

import { tmpdir } from "node:os";
import { parseArgs } from "node:util";

export const logWorkNames = ["append", "append-always", "read", "codec", "recovery", "open", "backlog"] as const;

export type LogWorkName = (typeof logWorkNames)[number];

export interface LogBenchOptions {
  readonly works: readonly LogWorkName[];
  /** Rounds that count, each with both halves of a comparison. */
  readonly rounds: number;
  /** Bytes that one half of a round appends or reads. */
  readonly roundBytes: number;
  /** Appends of each of the concurrent appenders of `append-always`, in one half of a round. */
  readonly flushes: number;
  /** Bytes of the log that is recovered. */
  readonly recoveryBytes: number;
  /** Partitions of the directory that is opened. */
  readonly partitions: number;
  /** Segments of each of them. */
  readonly segments: number;
  /** Bytes that are in the log with a backlog before anything is measured. */
  readonly backlogBytes: number;
  /** Where temporary directories are made. */
  readonly directory: string;
  readonly output: "table" | "json";
}

export const logBenchUsage = `npm run bench -- log [options]

  --work NAME         ${logWorkNames.join(", ")};
                      may be repeated (default all)
  --rounds N          rounds, of which the median counts (5)
  --mib N             appended or read in each half of a round (512)
  --flushes N         appends of each of the 64 appenders of append-always in each half of a round (100)
  --recovery-mib N    size of the log that is recovered (1024)
  --partitions N      partitions of the directory that is opened (2000)
  --segments N        segments of each of them (5)
  --backlog-gb N      size of the backlog, in 10^9 bytes (2; the full figure takes 10)
  --directory PATH    where temporary directories are made, and so which disk is measured (${tmpdir()})
  -o, --output table|json  (table)`;

const mebibyte = 1024 * 1024;

/** @throws where an option is unknown or its value makes no sense */
export function parseLogBenchOptions(args: readonly string[]): LogBenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      work: { type: "string", multiple: true },
      rounds: { type: "string", default: "5" },
      mib: { type: "string", default: "512" },
      flushes: { type: "string", default: "100" },
      "recovery-mib": { type: "string", default: "1024" },
      partitions: { type: "string", default: "2000" },
      segments: { type: "string", default: "5" },
      "backlog-gb": { type: "string", default: "2" },
      directory: { type: "string", default: tmpdir() },
      output: { type: "string", short: "o", default: "table" },
    },
  });
  return {
    works: (values.work ?? logWorkNames).map((work) => choice("work", work, logWorkNames)),
    rounds: positive("rounds", values.rounds),
    roundBytes: positive("mib", values.mib) * mebibyte,
    flushes: positive("flushes", values.flushes),
    recoveryBytes: positive("recovery-mib", values["recovery-mib"]) * mebibyte,
    partitions: positive("partitions", values.partitions),
    segments: positive("segments", values.segments),
    backlogBytes: positive("backlog-gb", values["backlog-gb"]) * 1e9,
    directory: values.directory,
    output: choice("output", values.output, ["table", "json"]),
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value > 0) return value;
  throw new Error(`--${name} takes a whole number above 0, not ${text}`);
}

function choice<const Choice extends string>(name: string, text: string, choices: readonly Choice[]): Choice {
  const found = choices.find((each) => each === text);
  if (found === undefined) throw new Error(`--${name} takes ${choices.join(", ")}, not ${text}`);
  return found;
}
