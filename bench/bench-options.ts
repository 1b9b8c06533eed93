/** The command line of the benchmarks. */

import { parseArgs } from "node:util";
import type { WorkName } from "./workload.js";

export interface BenchOptions {
  /** Sizes of values, in bytes. */
  readonly sizes: readonly number[];
  readonly works: readonly WorkName[];
  readonly partitions: number;
  readonly flush: "os" | "always";
  readonly acks: "all" | "leader" | "none";
  readonly compression: "none" | "gzip";
  /** Sends in flight. */
  readonly inFlight: number;
  /** Bytes of values in one send. */
  readonly sendBytes: number;
  /** Bytes of values that are produced and consumed, of each size. */
  readonly totalBytes: number;
  /** Records of `end-to-end`. */
  readonly endToEndRecords: number;
  /** Runs of the bare pipeline, of which the median counts. */
  readonly bareRuns: number;
  /** Measure memory and starting times too. */
  readonly startup: boolean;
  /** Addresses of a Kafka that runs beside it, for the same program on kafkajs. Undefined: none. */
  readonly kafka: string | undefined;
  readonly output: "table" | "json";
}

export const usage = `npm run bench -- [options]

  --size BYTES        size of a value; may be repeated (default 100 and 1024)
  --work NAME         produce, consume or end-to-end; may be repeated (default all; consume needs produce)
  --partitions N      (6)
  --flush os|always   (os)
  --acks all|leader|none   (all)
  --compression none|gzip  (none)
  --in-flight N       sends in flight (4)
  --send-kib N        values in one send, in KiB (256)
  --mb N              values of each size, in MB (400)
  --end-to-end N      records of end-to-end (2000)
  --bare-runs N       runs of the bare pipeline, of which the median counts (3)
  --kafka HOST:PORT   a Kafka that is up: the same works there with kafkajs, beside ours in one run
  --no-startup        leave out memory and starting times
  -o, --output table|json  (table)

npm run bench -- cluster   measures three brokers with etcd, from PATH, at replication factor 3
npm run bench -- failover  kills, pauses and stops leaders, and measures for how long nothing is acknowledged
npm run bench -- catch-up  empties the disk of a broker, and measures how fast it gets everything again, with and without a throttle
npm run bench -- many-topics   creates thousands of topics, and measures an idle broker with them
npm run bench -- many-partitions   the same on three brokers with etcd, replicated, and kills their controller
npm run bench -- soak   puts a steady load on a broker for minutes, and says what of it grows
npm run bench -- log    measures the log alone, with options of its own`;

const works = ["produce", "consume", "end-to-end"] as const;

/** @throws where an option is unknown or its value makes no sense */
export function parseBenchOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      size: { type: "string", multiple: true },
      work: { type: "string", multiple: true },
      partitions: { type: "string", default: "6" },
      flush: { type: "string", default: "os" },
      acks: { type: "string", default: "all" },
      compression: { type: "string", default: "none" },
      "in-flight": { type: "string", default: "4" },
      "send-kib": { type: "string", default: "256" },
      mb: { type: "string", default: "400" },
      "end-to-end": { type: "string", default: "2000" },
      "bare-runs": { type: "string", default: "3" },
      startup: { type: "boolean", default: true },
      kafka: { type: "string" },
      output: { type: "string", short: "o", default: "table" },
    },
  });
  return {
    sizes: (values.size ?? ["100", "1024"]).map((size) => positive("size", size)),
    works: (values.work ?? works).map((work) => choice("work", work, works)),
    partitions: positive("partitions", values.partitions),
    flush: choice("flush", values.flush, ["os", "always"]),
    acks: choice("acks", values.acks, ["all", "leader", "none"]),
    compression: choice("compression", values.compression, ["none", "gzip"]),
    inFlight: positive("in-flight", values["in-flight"]),
    sendBytes: positive("send-kib", values["send-kib"]) * 1024,
    totalBytes: positive("mb", values.mb) * 1e6,
    endToEndRecords: positive("end-to-end", values["end-to-end"]),
    bareRuns: positive("bare-runs", values["bare-runs"]),
    startup: values.startup,
    kafka: values.kafka,
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
