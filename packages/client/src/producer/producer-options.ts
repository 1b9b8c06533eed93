/** Options of a producer, their defaults and their check. */

import { SluiceError } from "@sluice/model";
import { type CompressionCodec, compressionCodecs } from "@sluice/record";
import { checkOptionNames, choiceOption, integerOption } from "../option-check.js";
import type { OutgoingMessage } from "./outgoing-message.js";

/**
 * When a send is answered: `all`, once every in-sync replica has the records (flushed where the topic says so); `leader`,
 * once the leader has them; `none`, once the leader has accepted the bytes, which may still be lost. -1, 1 and 0 are Kafka's
 * names for the same.
 */
export type Acks = "all" | "leader" | "none" | -1 | 1 | 0;
export type AcksName = "all" | "leader" | "none";

/** Chooses a partition for a message. Undefined: the default, by murmur2 of the key as in Kafka, sticky without a key. */
export type Partitioner = (choice: {
  readonly topic: string;
  readonly partitionCount: number;
  readonly message: OutgoingMessage;
}) => number | undefined;

export interface ProducerOptions {
  /** Default `all`. */
  readonly acks?: Acks | undefined;
  /**
   * How batches are compressed. Default `none`. `snappy` takes the package `snappy` beside this one, `lz4` takes `lz4-napi`, and
   * `zstd` takes Node 22.15 or the package `@hpcc-js/wasm-zstd`; whoever reads the records takes the same.
   */
  readonly compression?: CompressionCodec | undefined;
  /**
   * Milliseconds to wait for more records before a batch is sent. Default 0: it is sent at once, with everything that was
   * sent in the same turn of the event loop, or that came while `maxInFlight` batches were under way.
   */
  readonly lingerMs?: number | undefined;
  /**
   * Bytes of keys, values and headers at which a batch is full. Default 262144. A batch may be up to a quarter larger than
   * that, for the framing of its records; one record that is larger has a batch to itself.
   */
  readonly batchBytes?: number | undefined;
  /** Batches of one partition that are sent and not yet answered. Default 5. */
  readonly maxInFlight?: number | undefined;
  /** Bytes that are not answered yet, at which `send` waits before it takes more. Default 64 MiB. */
  readonly maxBufferedBytes?: number | undefined;
  /** Milliseconds after which a record that is not acknowledged has failed, retries included. Default 30000. */
  readonly deliveryTimeoutMs?: number | undefined;
  readonly partitioner?: Partitioner | undefined;
}

export interface ProducerSettings {
  readonly acks: AcksName;
  readonly compression: CompressionCodec;
  readonly lingerMs: number;
  readonly batchBytes: number;
  readonly maxInFlight: number;
  readonly maxBufferedBytes: number;
  readonly deliveryTimeoutMs: number;
  readonly partitioner: Partitioner | undefined;
}

const subject = "a producer";
const names = [
  "acks",
  "compression",
  "lingerMs",
  "batchBytes",
  "maxInFlight",
  "maxBufferedBytes",
  "deliveryTimeoutMs",
  "partitioner",
] as const satisfies readonly (keyof ProducerOptions)[];

/** @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION */
export function producerSettings(options: ProducerOptions): ProducerSettings {
  checkOptionNames(subject, options, names);
  if (options.partitioner !== undefined && typeof options.partitioner !== "function")
    throw new SluiceError("INVALID_OPTION", { option: "partitioner", subject, reason: "it takes a function" });
  return {
    acks: acksName(options.acks ?? "all", subject),
    compression: choiceOption({ subject, option: "compression" }, options.compression, {
      fallback: "none",
      choices: compressionCodecs,
    }),
    lingerMs: integer(options, "lingerMs", 0, 0, 60_000),
    batchBytes: integer(options, "batchBytes", 262_144, 1, 64 * 1024 * 1024),
    maxInFlight: integer(options, "maxInFlight", 5, 1, 1000),
    maxBufferedBytes: integer(options, "maxBufferedBytes", 64 * 1024 * 1024, 1, Number.MAX_SAFE_INTEGER),
    deliveryTimeoutMs: integer(options, "deliveryTimeoutMs", 30_000, 1, 86_400_000),
    partitioner: options.partitioner,
  };
}

/** @throws SluiceError INVALID_OPTION */
export function acksName(acks: Acks, owner: string): AcksName {
  if (acks === "all" || acks === -1) return "all";
  if (acks === "leader" || acks === 1) return "leader";
  if (acks === "none" || acks === 0) return "none";
  throw new SluiceError("INVALID_OPTION", {
    option: "acks",
    subject: owner,
    reason: `it takes all, leader or none, not ${String(acks)}`,
  });
}

type IntegerName = "lingerMs" | "batchBytes" | "maxInFlight" | "maxBufferedBytes" | "deliveryTimeoutMs";

function integer(options: ProducerOptions, option: IntegerName, fallback: number, min: number, max: number): number {
  return integerOption({ subject, option }, options[option], { fallback, min, max });
}
