/** The messages of one partition that came with one fetch: what `batches()` and `eachBatch` give. */

import type { TopicPartition } from "@sluice/model";
import type { AnyMessage, Message } from "./message.js";

/** Messages of one partition, in order. Iterating it gives them. It has the members of kafkajs's batch, with numbers for offsets. */
export class MessageBatch<Received extends AnyMessage = Message> {
  /** Name of the topic. */
  readonly topic: Received["topic"];
  /** Partition, from 0. */
  readonly partition: number;
  /** First offset that was not known to be committed when this was fetched. */
  readonly highWatermark: number;
  /** In order, at least one. */
  readonly messages: readonly Received[];

  /** Made by a consumer. */
  constructor(partition: TopicPartition, messages: readonly Received[], highWatermark: number) {
    this.topic = partition.topic;
    this.partition = partition.partition;
    this.highWatermark = highWatermark;
    this.messages = messages;
  }

  /** Offset of the first message. */
  firstOffset(): number {
    return (this.messages[0] as Received).offset;
  }

  /** Offset of the last message. */
  lastOffset(): number {
    return (this.messages.at(-1) as Received).offset;
  }

  /** How many offsets there were after the last message when this was fetched. */
  offsetLag(): number {
    return Math.max(0, this.highWatermark - 1 - this.lastOffset());
  }

  /** As `offsetLag`, from the first message. */
  offsetLagLow(): number {
    return Math.max(0, this.highWatermark - 1 - this.firstOffset());
  }

  /** False: there is at least one message. For handlers written for kafkajs. */
  isEmpty(): boolean {
    return this.messages.length === 0;
  }

  /** Its messages, in their order. */
  [Symbol.iterator](): Iterator<Received> {
    return this.messages[Symbol.iterator]();
  }
}
