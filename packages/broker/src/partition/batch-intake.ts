/**
 * What a partition does to a batch that comes from a client, before it is appended: checks everything about it, and makes of it
 * what the topic asks for (`compression.type`, `message.timestamp.type`).
 *
 * One header is read for each batch; nothing is done for each record, but where the topic is compacted (every record needs a
 * key) or the codec changes. The config may change at any time and counts from the next batch on. It does not know the log:
 * sequences of producers and `bounded.bytes` are looked at where the batch is placed.
 */

import { type Clock, SluiceError, type TopicConfig } from "@sluice/model";
import {
  checkProducedBatch,
  type RecordBatchHeader,
  recompressBatch,
  recordsIn,
  stampLogAppendTime,
} from "@sluice/record";

/** Most bytes that the broker takes out of a batch to compress it anew, where the topic does not take larger batches. */
const expandedBytesMax = 16 * 1024 * 1024;

/** A batch that may be appended. */
export interface AcceptedBatch {
  /** The batch that came, or the one that was made of it. */
  readonly batch: Buffer;
  /** Of the batch that came: the codec, the size and the largest timestamp may be others now. */
  readonly header: RecordBatchHeader;
  /** The timestamp that all its records have got, ms since 1970; 0: they keep their own. */
  readonly logAppendTimeMs: number;
}

export class BatchIntake {
  readonly #where: string;
  readonly #clock: Clock;
  #config: TopicConfig;
  #limits;

  /** @param where `topic-partition`, for messages */
  constructor(where: string, config: TopicConfig, clock: Clock) {
    this.#where = where;
    this.#clock = clock;
    this.#config = config;
    this.#limits = limitsOf(config, where);
  }

  /** New settings of the topic, from the next batch on. */
  updateConfig(config: TopicConfig): void {
    this.#config = config;
    this.#limits = limitsOf(config, this.#where);
  }

  /**
   * The batch as it is to be appended. Its bytes may be changed in place: they belong to the partition from now on.
   * @throws SluiceError as `checkProducedBatch`; MISSING_CODEC_PACKAGE
   */
  accept(batch: Buffer): AcceptedBatch {
    const nowMs = this.#clock.nowMs();
    this.#limits.nowMs = nowMs;
    const header = checkProducedBatch(batch, this.#limits);
    if (this.#config["cleanup.policy"] !== "delete") checkHasKeys(batch, this.#where);
    const converted = this.#converted(batch, header);
    if (this.#config["message.timestamp.type"] === "CreateTime")
      return { batch: converted, header, logAppendTimeMs: 0 };
    stampLogAppendTime(converted, nowMs);
    return { batch: converted, header, logAppendTimeMs: nowMs };
  }

  #converted(batch: Buffer, header: RecordBatchHeader): Buffer {
    const codec = this.#config["compression.type"];
    if (codec === "producer" || codec === header.compression) return batch;
    const sizeBytesMax = this.#limits.sizeBytesMax;
    const options = { codec, expandedBytesMax: Math.max(expandedBytesMax, sizeBytesMax) };
    const converted = recompressBatch(batch, header, options);
    // What is stored is what the topic bounds; a consumer has room for so much.
    if (converted.length <= sizeBytesMax) return converted;
    throw new SluiceError("RECORD_BATCH_TOO_LARGE", { sizeBytes: converted.length, sizeBytesMax, where: this.#where });
  }
}

function limitsOf(config: TopicConfig, where: string) {
  // Whoever does not keep the producer's timestamps has no use for bounds of them.
  const keepsTimestamps = config["message.timestamp.type"] === "CreateTime";
  return {
    sizeBytesMax: config["max.message.bytes"],
    where,
    nowMs: 0,
    timestampBeforeMaxMs: keepsTimestamps ? config["message.timestamp.before.max.ms"] : Number.MAX_SAFE_INTEGER,
    timestampAfterMaxMs: keepsTimestamps ? config["message.timestamp.after.max.ms"] : Number.MAX_SAFE_INTEGER,
  };
}

/** Compaction keeps the last record of each key: a record without one could only be lost. */
function checkHasKeys(batch: Buffer, where: string): void {
  for (const { key, offset } of recordsIn(batch)) {
    if (key !== null) continue;
    const reason = `record ${offset} has no key, and a topic with cleanup.policy=compact keeps records by their keys`;
    throw new SluiceError("INVALID_RECORD_BATCH", { reason, where });
  }
}
