/**
 * Answers questions about what is committed in a partition that this broker leads: offsets, and its records from end to end.
 *
 * Every answer is checked after it was read: when leadership ended or changed its epoch meanwhile, it is refused.
 */

import type { PartitionLog } from "@sluice/log";
import { type LeaderEpoch, type Offset, offset, SluiceError } from "@sluice/model";
import { batchesIn, batchLastOffset } from "@sluice/record";
import type { OffsetAnswer, OffsetQuery } from "./partition-access.js";

/** Bytes that are read at a time. */
const chunkBytes = 1024 * 1024;

export interface CommittedReaderDependencies {
  readonly log: PartitionLog;
  readonly name: { readonly topic: string; readonly partition: number; readonly broker: number };
  /** Epoch in which this broker leads. @throws SluiceError where it does not, or does not know yet what is committed */
  leaderEpochOrThrow(): LeaderEpoch;
  highWatermark(): Offset;
}

export class CommittedReader {
  readonly #dependencies: CommittedReaderDependencies;
  readonly #log: PartitionLog;

  constructor(dependencies: CommittedReaderDependencies) {
    this.#dependencies = dependencies;
    this.#log = dependencies.log;
  }

  async listOffset(query: OffsetQuery): Promise<OffsetAnswer> {
    const leaderEpoch = this.#dependencies.leaderEpochOrThrow();
    const highWatermark = this.#dependencies.highWatermark();
    if (query.type === "earliest") return { offset: this.#log.logStartOffset, timestampMs: -1, leaderEpoch };
    if (query.type === "latest") return { offset: highWatermark, timestampMs: -1, leaderEpoch };
    const found = await this.#whileLed(() => {
      return query.type === "timestamp"
        ? this.#log.offsetForTimestamp(query.timestampMs, highWatermark)
        : this.#log.offsetOfMaxTimestamp(highWatermark);
    });
    this.#checkEpoch(leaderEpoch);
    return { offset: found?.offset ?? highWatermark, timestampMs: found?.timestampMs ?? -1, leaderEpoch };
  }

  /** From `fromOffset` up to the high watermark of now. */
  readCommitted(fromOffset: Offset | undefined): AsyncIterable<Buffer> {
    const leaderEpoch = this.#dependencies.leaderEpochOrThrow();
    return this.#chunks(fromOffset ?? this.#log.logStartOffset, this.#dependencies.highWatermark(), leaderEpoch);
  }

  async *#chunks(fromOffset: Offset, upToOffset: Offset, leaderEpoch: LeaderEpoch): AsyncGenerator<Buffer> {
    let position = fromOffset;
    while (position < upToOffset) {
      const chunk = await this.#whileLed(() => this.#log.read(position, { upToOffset, sizeBytesMax: chunkBytes }));
      this.#checkEpoch(leaderEpoch);
      if (chunk.length === 0) {
        // Only a log that lost what it had committed reads nothing below its high watermark.
        const reason = `nothing can be read at offset ${position}`;
        throw new SluiceError("PARTITION_OFFLINE", { ...this.#dependencies.name, reason });
      }
      for (const batch of batchesIn(chunk)) position = offset(batchLastOffset(batch, 0) + 1);
      yield chunk;
    }
  }

  /** Reads. Where that fails after leadership has ended, which closes the log of a deleted topic, the end is the reason. */
  async #whileLed<Result>(read: () => Promise<Result>): Promise<Result> {
    try {
      return await read();
    } catch (error) {
      this.#dependencies.leaderEpochOrThrow();
      throw error;
    }
  }

  /** @throws SluiceError the epoch in which the question was asked is over */
  #checkEpoch(leaderEpoch: LeaderEpoch): void {
    const currentEpoch = this.#dependencies.leaderEpochOrThrow();
    if (currentEpoch === leaderEpoch) return;
    const { topic, partition } = this.#dependencies.name;
    throw new SluiceError("FENCED_LEADER_EPOCH", { topic, partition, epoch: leaderEpoch, currentEpoch });
  }
}
