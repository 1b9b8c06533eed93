/** Options of a producer, their defaults and their check. Names of kafkajs are taken beside our own. */

import { SluiceError } from "@sluice/model";
import { type CompressionCodec, compressionCodecs } from "@sluice/record";
import { replacedOptions } from "../kafkajs-options.js";
import { checkOptionNames, integerOption } from "../option-check.js";
import type { RetryOptions } from "../retry-policy.js";
import { batchesRemembered } from "./partition-sequences.js";
import type { KafkaJsPartitioner, Partitioner } from "./partitioner.js";

/**
 * When a send is answered: `all`, once every in-sync replica has the records (flushed where the topic says so); `leader`,
 * once the leader has them; `none`, once the leader has accepted the bytes, which may still be lost. -1, 1 and 0 are Kafka's
 * names for the same.
 */
export type Acks = "all" | "leader" | "none" | -1 | 1 | 0;
export type AcksName = "all" | "leader" | "none";

/** Kafka's numbers of codecs, under kafkajs's names. */
export const CompressionTypes = { None: 0, GZIP: 1, Snappy: 2, LZ4: 3, ZSTD: 4 } as const;

/** A codec by its name, or by Kafka's number: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
export type Compression = CompressionCodec | 0 | 1 | 2 | 3 | 4;

export interface ProducerOptions {
  /** Default `all`. */
  readonly acks?: Acks | undefined;
  /**
   * Whether the records are numbered, so that each is written once and in order however often it is sent. Default: true with
   * `acks: "all"`, false with other acks, which say that a record may be lost. True together with other acks is refused.
   */
  readonly idempotent?: boolean | undefined;
  /**
   * How batches are compressed. Default `none`. `snappy` takes the package `snappy` beside this one, `lz4` takes `lz4-napi`, and
   * `zstd` takes Node 22.15 or the package `@hpcc-js/wasm-zstd`; whoever reads the records takes the same.
   */
  readonly compression?: Compression | undefined;
  /**
   * Milliseconds to wait for more records before a batch is sent. Default 0: it is sent at once, with everything that was
   * sent in the same turn of the event loop, or that came while `maxInFlight` batches were under way.
   */
  readonly lingerMs?: number | undefined;
  /**
   * Bytes of keys, values and headers at which a batch is full. Default 262144. A batch may be up to a quarter larger than
   * that, for the framing of its records, and is never made larger than `max.message.bytes` of its topic; one record that is
   * larger than a batch has one to itself.
   */
  readonly batchBytes?: number | undefined;
  /**
   * Batches of one partition that are sent and not yet answered. Default 5, and with `idempotent` at most 5, whatever is
   * given: that many a broker remembers.
   */
  readonly maxInFlight?: number | undefined;
  /** kafkajs's name of `maxInFlight`. Null: the default. */
  readonly maxInFlightRequests?: number | null | undefined;
  /**
   * Bytes that are not answered yet, at which `send` waits before it takes more, and `write` returns false. Default 64 MiB.
   * Sends that wait may hold four times as many; beyond that they are refused with RESOURCE_EXHAUSTED.
   */
  readonly maxBufferedBytes?: number | undefined;
  /**
   * Messages that are not answered yet, at which `send` waits before it takes more, and `write` returns false. Default
   * 250000. Four times as many may wait; beyond that they are refused with RESOURCE_EXHAUSTED.
   */
  readonly maxBufferedMessages?: number | undefined;
  /**
   * Milliseconds after which a record that is not acknowledged has failed, retries included. Default 30000. A send that has to
   * wait for room waits as long at most before that, and is then refused with RESOURCE_EXHAUSTED.
   */
  readonly deliveryTimeoutMs?: number | undefined;
  /** Chooses partitions. Default: by murmur2 of the key as in Kafka, sticky without a key. */
  readonly partitioner?: Partitioner | undefined;
  /** A partitioner in kafkajs's form: called once, gives the function that chooses. Not together with `partitioner`. */
  readonly createPartitioner?: (() => KafkaJsPartitioner) | undefined;
  /** Whether a topic that does not exist is created, where the brokers allow it (`autoCreateTopics`). Default true. */
  readonly allowAutoTopicCreation?: boolean | undefined;
  /** Milliseconds after which the partitions of a topic are asked for again, to find new ones. Default 300000. */
  readonly metadataMaxAge?: number | undefined;
  /** Retries of this producer. Default: those of the client. */
  readonly retry?: RetryOptions | undefined;
  /**
   * Most connections to one broker. Default 1. Partitions are spread over them when one is full; a partition stays on one
   * while anything of it is under way, so its order is kept.
   */
  readonly connectionsPerBroker?: number | undefined;
}

export interface ProducerSettings {
  readonly acks: AcksName;
  readonly idempotent: boolean;
  /** The application asked for idempotence, so nothing may turn it off. */
  readonly isIdempotenceAsked: boolean;
  readonly compression: CompressionCodec;
  readonly lingerMs: number;
  readonly batchBytes: number;
  readonly maxInFlight: number;
  readonly maxBufferedBytes: number;
  readonly maxBufferedMessages: number;
  readonly deliveryTimeoutMs: number;
  readonly partitioner: Partitioner | undefined;
  readonly createPartitioner: (() => KafkaJsPartitioner) | undefined;
  readonly allowAutoTopicCreation: boolean;
  readonly metadataMaxAgeMs: number;
  readonly connectionsPerBroker: number;
}

const subject = "a producer";
const names = [
  "acks",
  "idempotent",
  "compression",
  "lingerMs",
  "batchBytes",
  "maxInFlight",
  "maxInFlightRequests",
  "maxBufferedBytes",
  "maxBufferedMessages",
  "deliveryTimeoutMs",
  "partitioner",
  "createPartitioner",
  "allowAutoTopicCreation",
  "metadataMaxAge",
  "retry",
  "connectionsPerBroker",
] as const satisfies readonly (keyof ProducerOptions)[];

/** @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION, REPLACED_OPTION */
export function producerSettings(options: ProducerOptions): ProducerSettings {
  checkOptionNames(subject, options, names, replacedOptions("producer"));
  const acks = acksName(options.acks ?? "all", subject);
  const isIdempotenceAsked = flag(options, "idempotent", false);
  checkIdempotence(isIdempotenceAsked, acks, subject);
  const idempotent = flag(options, "idempotent", true) && acks === "all";
  checkFunctions(options);
  const maxInFlight = integer({ ...options, maxInFlight: inFlightOption(options) }, "maxInFlight", 5, 1, 1000);
  return {
    acks,
    idempotent,
    isIdempotenceAsked,
    compression: compressionCodec(options.compression ?? "none", subject),
    lingerMs: integer(options, "lingerMs", 0, 0, 60_000),
    batchBytes: integer(options, "batchBytes", 262_144, 1, 64 * 1024 * 1024),
    maxInFlight: idempotent ? Math.min(maxInFlight, batchesRemembered) : maxInFlight,
    maxBufferedBytes: integer(options, "maxBufferedBytes", 64 * 1024 * 1024, 1, Number.MAX_SAFE_INTEGER),
    maxBufferedMessages: integer(options, "maxBufferedMessages", 250_000, 1, Number.MAX_SAFE_INTEGER),
    deliveryTimeoutMs: integer(options, "deliveryTimeoutMs", 30_000, 1, 86_400_000),
    partitioner: options.partitioner,
    createPartitioner: options.createPartitioner,
    allowAutoTopicCreation: flag(options, "allowAutoTopicCreation", true),
    metadataMaxAgeMs: integer(options, "metadataMaxAge", 300_000, 1, Number.MAX_SAFE_INTEGER),
    connectionsPerBroker: integer(options, "connectionsPerBroker", 1, 1, 64),
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

/** @throws SluiceError INVALID_OPTION */
export function compressionCodec(compression: Compression, owner: string): CompressionCodec {
  // Kafka's numbers are the places in the list.
  const codec = typeof compression === "number" ? compressionCodecs[compression] : compression;
  if (codec !== undefined && compressionCodecs.includes(codec)) return codec;
  throw new SluiceError("INVALID_OPTION", {
    option: "compression",
    subject: owner,
    reason: `it takes ${compressionCodecs.join(", ")}, not ${String(compression)}`,
  });
}

/** @throws SluiceError INVALID_OPTION where idempotence was asked for, and acks that do not go with it. */
export function checkIdempotence(isAsked: boolean, acks: AcksName, owner: string): void {
  if (!isAsked || acks === "all") return;
  const reason = `a producer with idempotent: true takes 'all' alone, because with '${acks}' an acknowledged record may be lost`;
  throw new SluiceError("INVALID_OPTION", { option: "acks", subject: owner, reason });
}

function checkFunctions({ partitioner, createPartitioner }: ProducerOptions): void {
  if (partitioner !== undefined && typeof partitioner !== "function")
    throw invalid("partitioner", "it takes a function");
  if (createPartitioner === undefined) return;
  if (typeof createPartitioner !== "function") throw invalid("createPartitioner", "it takes a function");
  if (partitioner !== undefined) throw invalid("createPartitioner", "it does not go together with partitioner");
}

function inFlightOption({ maxInFlight, maxInFlightRequests }: ProducerOptions): number | undefined {
  if (maxInFlight !== undefined && maxInFlightRequests !== undefined && maxInFlightRequests !== null)
    throw invalid("maxInFlightRequests", "it is another name of maxInFlight: give one of them");
  return maxInFlight ?? maxInFlightRequests ?? undefined;
}

function flag(options: ProducerOptions, option: "idempotent" | "allowAutoTopicCreation", fallback: boolean): boolean {
  const value = options[option] ?? fallback;
  if (typeof value !== "boolean") throw invalid(option, `it takes true or false, not ${String(value)}`);
  return value;
}

type IntegerName =
  | "lingerMs"
  | "batchBytes"
  | "maxInFlight"
  | "maxBufferedBytes"
  | "maxBufferedMessages"
  | "deliveryTimeoutMs"
  | "metadataMaxAge"
  | "connectionsPerBroker";

function integer(options: ProducerOptions, option: IntegerName, fallback: number, min: number, max: number): number {
  return integerOption({ subject, option }, options[option], { fallback, min, max });
}

function invalid(option: string, reason: string): SluiceError {
  return new SluiceError("INVALID_OPTION", { option, subject, reason });
}
