/**
 * The answer to one fetch: whole record batches of one partition, back to back. Nothing is decoded before it is asked for.
 *
 * The first batch may begin before the offset that was asked for, and the last may go on after the end of a bounded read:
 * those records are skipped. Control batches have offsets and no messages.
 */

import { SluiceError } from "@sluice/model";
import {
  batchHeaderSizeBytes,
  batchLastOffset,
  batchLeaderEpoch,
  batchSizeBytes,
  type RecordView,
  readBatchHeader,
  recordsIn,
  verifyBatchChecksum,
} from "@sluice/record";
import { Message, type MessageSource } from "./message.js";
import type { MessageMaker } from "./typed-messages.js";

export interface FetchedChunkOptions {
  readonly bytes: Buffer;
  /** First offset wanted. */
  readonly fromOffset: number;
  /** First offset not wanted. */
  readonly endOffset: number;
  /** First offset that was not known to be committed when this was fetched. */
  readonly highWatermark: number;
  /** Makes messages of a typed topic. Undefined: the topic has no types. */
  readonly maker?: MessageMaker | undefined;
}

export class FetchedChunk {
  readonly source: MessageSource;
  readonly sizeBytes: number;
  readonly fromOffset: number;
  readonly highWatermark: number;
  /** Where the next fetch begins, and what is processed when all messages are. */
  readonly nextOffset: number;
  /** Leader epoch of the last batch. */
  readonly lastLeaderEpoch: number;
  /** Set by `rest` where it could not make all messages: offset of the first that it could not. */
  cutOffset: number | undefined;
  readonly #bytes: Buffer;
  readonly #endOffset: number;
  readonly #maker: MessageMaker | undefined;
  #position = 0;
  #records: Iterator<RecordView> | undefined;
  #leaderEpoch = 0;

  /** @throws SluiceError INVALID_RECORD_BATCH where there is not one whole batch. */
  constructor(source: MessageSource, options: FetchedChunkOptions) {
    this.source = source;
    this.#bytes = options.bytes;
    this.sizeBytes = options.bytes.length;
    this.fromOffset = options.fromOffset;
    this.highWatermark = options.highWatermark;
    this.#endOffset = options.endOffset;
    this.#maker = options.maker;
    const last = lastBatch(options.bytes, this.#where());
    this.nextOffset = Math.min(batchLastOffset(options.bytes, last) + 1, options.endOffset);
    this.lastLeaderEpoch = batchLeaderEpoch(options.bytes, last);
  }

  /** True: `next` was called. */
  get isBegun(): boolean {
    return this.#position > 0;
  }

  /**
   * The next message; undefined: there is none left.
   * @throws SluiceError CORRUPT_RECORD_BATCH, INVALID_RECORD_BATCH, MISSING_CODEC_PACKAGE, DECODE_FAILED
   */
  next(): Message | undefined {
    for (;;) {
      this.#records ??= this.#nextBatch();
      if (this.#records === undefined) return undefined;
      for (let result = this.#records.next(); result.done !== true; result = this.#records.next()) {
        const { offset } = result.value;
        if (offset < this.fromOffset) continue;
        if (offset >= this.#endOffset) return undefined;
        if (this.#maker === undefined) return new Message(this.source, this.#leaderEpoch, result.value);
        const made = this.#maker(this.source, this.#leaderEpoch, result.value);
        if (made !== undefined) return made;
      }
      this.#records = undefined;
    }
  }

  /**
   * All messages that `next` has not given yet; where one of them cannot be decoded, those before it (`cutOffset`).
   * @throws as `next`, where the first cannot be made
   */
  rest(): Message[] {
    const messages: Message[] = [];
    try {
      for (let message = this.next(); message !== undefined; message = this.next()) messages.push(message);
    } catch (error) {
      const last = messages.at(-1);
      if (last === undefined) throw error;
      this.cutOffset = last.offset + 1;
    }
    return messages;
  }

  #nextBatch(): Iterator<RecordView> | undefined {
    while (this.#bytes.length - this.#position >= batchHeaderSizeBytes) {
      const start = this.#position;
      const sizeBytes = batchSizeBytes(this.#bytes, start);
      if (start + sizeBytes > this.#bytes.length) return undefined;
      this.#position = start + sizeBytes;
      if (!verifyBatchChecksum(this.#bytes, start, sizeBytes))
        throw new SluiceError("CORRUPT_RECORD_BATCH", { where: this.#where() });
      const batch = this.#bytes.subarray(start, start + sizeBytes);
      if (readBatchHeader(batch).isControl) continue;
      this.#leaderEpoch = batchLeaderEpoch(batch, 0);
      return recordsIn(batch)[Symbol.iterator]();
    }
    return undefined;
  }

  #where(): string {
    return `${this.source.topic}-${this.source.partition} from offset ${this.fromOffset}`;
  }
}

/** Position of the last whole batch. */
function lastBatch(bytes: Buffer, where: string): number {
  let position = 0;
  let last: number | undefined;
  while (bytes.length - position >= batchHeaderSizeBytes) {
    const sizeBytes = batchSizeBytes(bytes, position);
    if (sizeBytes < batchHeaderSizeBytes)
      throw new SluiceError("INVALID_RECORD_BATCH", { reason: `a batch of ${sizeBytes} bytes`, where });
    if (position + sizeBytes > bytes.length) break;
    last = position;
    position += sizeBytes;
  }
  if (last === undefined)
    throw new SluiceError("INVALID_RECORD_BATCH", { reason: "no whole batch was fetched", where });
  return last;
}
