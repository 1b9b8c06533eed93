/** The messages of one partition that came with one fetch: what `batches()` and `eachBatch` give. */

import type { FetchedPartition } from "./fetched-partition.js";
import type { Message } from "./message.js";

export class MessageBatch {
  readonly topic: string;
  readonly partition: number;
  /** First offset that was not known to be committed when this was fetched. */
  readonly highWatermark: number;
  /** In order, at least one. */
  readonly messages: readonly Message[];

  /** Made by a consumer. */
  constructor(partition: FetchedPartition, messages: readonly Message[], highWatermark: number) {
    this.topic = partition.topic;
    this.partition = partition.partition;
    this.highWatermark = highWatermark;
    this.messages = messages;
  }

  /** Offset of the first message. */
  get firstOffset(): number {
    return (this.messages[0] as Message).offset;
  }

  /** Offset of the last message. */
  get lastOffset(): number {
    return (this.messages.at(-1) as Message).offset;
  }

  /** How many offsets there were after the last message when this was fetched. */
  get offsetLag(): number {
    return Math.max(0, this.highWatermark - 1 - this.lastOffset);
  }

  [Symbol.iterator](): Iterator<Message> {
    return this.messages[Symbol.iterator]();
  }
}
