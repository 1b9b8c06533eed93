/**
 * Spreads the messages of one topic over its partitions.
 *
 * A message goes to the partition that it names, else to the one that the partitioner names, else by murmur2 of its key as in
 * Kafka. Messages without a key stick to one partition until its batch is closed, and then go to the partition that is least
 * behind: full batches cost less than an even spread of single records.
 *
 * Sends are taken in order: while the topic is not known yet, all of them wait.
 */

import { isSluiceError, randomBelow, SluiceError } from "@sluice/model";
import { checkCodecAvailable, partitionForKey, type RecordHeaderInput } from "@sluice/record";
import type { TopicMetadata } from "../cluster-metadata.js";
import { encodeBytes, encodeHeaders, type OutgoingMessage, timestampMsOf } from "./outgoing-message.js";
import type { PartitionProducerDependencies } from "./partition-dependencies.js";
import { PartitionProducer } from "./partition-producer.js";
import type { Partitioner } from "./partitioner.js";
import type { PendingSend } from "./pending-send.js";
import type { ProduceBatch } from "./produce-batch.js";
import type { ProducerSettings } from "./producer-options.js";

/** Goes to whichever partition is the sticky one when the message is appended. */
const sticky = -1;

export class TopicProducer {
  readonly #topic: string;
  readonly #settings: ProducerSettings;
  readonly #partitioner: Partitioner | undefined;
  readonly #dependencies: PartitionProducerDependencies;
  readonly #partitions: PartitionProducer[] = [];
  #waiting: PendingSend[] = [];
  #waitingBytes = 0;
  #isAsking = false;
  /** On the monotonic clock: when the partitions are asked for again. */
  #refreshDueMs = 0;
  #stickyPartition: PartitionProducer | undefined;
  #stickyBatch: ProduceBatch | undefined;
  // One record for all messages: the builder copies what is in it.
  readonly #record: {
    timestampMs: number;
    key: Uint8Array | null;
    value: Uint8Array | null;
    headers: readonly RecordHeaderInput[];
  } = { timestampMs: 0, key: null, value: null, headers: [] };

  constructor(
    options: {
      readonly topic: string;
      readonly settings: ProducerSettings;
      readonly partitioner: Partitioner | undefined;
    },
    dependencies: PartitionProducerDependencies,
  ) {
    this.#topic = options.topic;
    this.#settings = options.settings;
    this.#partitioner = options.partitioner;
    this.#dependencies = dependencies;
    dependencies.metadata.watch(options.topic);
  }

  /** Takes a send after all earlier ones. True: partitions have something to send. */
  append(send: PendingSend): boolean {
    const metadata = this.#dependencies.metadata.topic(this.#topic);
    if (metadata !== undefined && this.#waiting.length === 0) {
      this.#maybeRefresh();
      return this.#append(send, metadata);
    }
    this.#waiting.push(send);
    // It takes room while it waits, or a topic that is not known yet would have no bound.
    const bytes = estimatedBytes(send.messages);
    this.#waitingBytes += bytes;
    this.#dependencies.onBuffered(bytes);
    return false;
  }

  /**
   * Asks for the metadata that sends wait for. Resolves when they are appended or have failed.
   * @returns whether partitions have something to send
   */
  async appendWaiting(signal: AbortSignal): Promise<boolean> {
    if (this.#isAsking || this.#waiting.length === 0) return false;
    this.#isAsking = true;
    try {
      const metadata = await this.#dependencies.metadata.requireTopic(this.#topic, {
        signal,
        createMissing: this.#settings.allowAutoTopicCreation,
      });
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const send of waiting) if (!send.isSettled) this.#append(send, metadata);
      // Last: it lets in sends that have to come after these.
      this.#releaseWaitingBytes();
      return true;
    } finally {
      this.#isAsking = false;
    }
  }

  /** Fails the sends that wait for metadata. */
  failWaiting(error: SluiceError): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const send of waiting) send.fail(error);
    this.#releaseWaitingBytes();
  }

  pump(options: { readonly isFlush: boolean }): void {
    for (const partition of this.#partitions) partition.pump(options);
  }

  /** Partitions have other leaders than before. */
  leadersChanged(): void {
    for (const partition of this.#partitions) partition.leaderChanged();
  }

  sweep(nowMs: number): void {
    for (const partition of this.#partitions) partition.sweep(nowMs);
  }

  close(error: SluiceError): void {
    this.failWaiting(error);
    for (const partition of this.#partitions) partition.close(error);
  }

  /** Asks for the partitions again where that was long ago, and does not wait for it: there may be more of them. */
  #maybeRefresh(): void {
    const nowMs = this.#dependencies.clock.monotonicMs();
    if (this.#refreshDueMs === 0) this.#refreshDueMs = nowMs + this.#settings.metadataMaxAgeMs;
    if (nowMs < this.#refreshDueMs) return;
    this.#refreshDueMs = nowMs + this.#settings.metadataMaxAgeMs;
    const { metadata, logger } = this.#dependencies;
    metadata.refresh([this.#topic]).catch((error: unknown) => {
      logger.debug({ topic: this.#topic, error }, "metadata could not be refreshed; it is asked for again when needed");
    });
  }

  #releaseWaitingBytes(): void {
    const bytes = this.#waitingBytes;
    this.#waitingBytes = 0;
    this.#dependencies.onBuffered(-bytes);
  }

  #append(send: PendingSend, metadata: TopicMetadata): boolean {
    const keys: (Uint8Array | null)[] = [];
    const partitions: number[] = [];
    try {
      checkCodecAvailable(send.delivery.compression);
      this.#growTo(metadata.partitions.length);
      for (let index = 0; index < send.messages.length; index++) {
        const key = encodeBytes((send.messages[index] as OutgoingMessage).key);
        keys.push(key);
        partitions.push(this.#choose(send.given[index] as OutgoingMessage, key));
      }
    } catch (error) {
      // Nothing was appended yet, so the send fails as a whole.
      send.fail(isSluiceError(error) ? error : partitionerFailed(error));
      return false;
    }
    for (let index = 0; index < partitions.length; index++)
      this.#appendMessage(send, index, keys[index] as Uint8Array | null, partitions[index] as number);
    send.allAppended();
    return true;
  }

  #appendMessage(send: PendingSend, index: number, key: Uint8Array | null, chosen: number): void {
    const message = send.messages[index] as OutgoingMessage;
    const record = this.#record;
    record.timestampMs = message.timestamp === undefined ? send.nowMs : timestampMsOf(message.timestamp);
    record.key = key;
    record.value = encodeBytes(message.value);
    record.headers = encodeHeaders(message.headers);
    const payloadBytes = payloadBytesOf(record);
    if (chosen === sticky) this.#stickyBatch = this.#sticky().append(record, payloadBytes, send);
    else (this.#partitions[chosen] as PartitionProducer).append(record, payloadBytes, send);
  }

  /** @throws SluiceError UNKNOWN_PARTITION, INVALID_OPTION, and what the application's partitioner throws */
  #choose(message: OutgoingMessage, key: Uint8Array | null): number {
    const partitionCount = this.#partitions.length;
    const named = message.partition ?? this.#partitioner?.({ topic: this.#topic, partitionCount, message });
    if (named === undefined) return key === null ? sticky : partitionForKey(key, partitionCount);
    if (!Number.isInteger(named) || named < 0 || named >= partitionCount)
      throw new SluiceError("UNKNOWN_PARTITION", { topic: this.#topic, partition: String(named) });
    return named;
  }

  #sticky(): PartitionProducer {
    const current = this.#stickyPartition;
    if (current !== undefined && this.#stickyBatch?.isClosed === false) return current;
    const next = this.#leastBehind(current);
    this.#stickyPartition = next;
    return next;
  }

  /** Of the partitions with a leader, the one with the fewest batches; by chance among equals, and rather not `current`. */
  #leastBehind(current: PartitionProducer | undefined): PartitionProducer {
    const { metadata, random } = this.#dependencies;
    const led = this.#partitions.filter(({ partition }) => metadata.leaderOf(this.#topic, partition) !== undefined);
    const usable = led.length > 0 ? led : this.#partitions;
    const others = usable.length > 1 ? usable.filter((partition) => partition !== current) : usable;
    const backlogMin = Math.min(...others.map(({ backlog }) => backlog));
    const best = others.filter(({ backlog }) => backlog === backlogMin);
    return best[randomBelow(random, best.length)] as PartitionProducer;
  }

  #growTo(partitionCount: number): void {
    const settings = this.#settings;
    for (let partition = this.#partitions.length; partition < partitionCount; partition++)
      this.#partitions.push(new PartitionProducer({ topic: this.#topic, partition, settings }, this.#dependencies));
  }
}

function partitionerFailed(error: unknown): SluiceError {
  const reason = `it threw: ${error instanceof Error ? error.message : String(error)}`;
  return new SluiceError("INVALID_OPTION", { option: "partitioner", subject: "a producer", reason }, { cause: error });
}

function payloadBytesOf(record: {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeaderInput[];
}): number {
  let bytes = (record.key?.length ?? 0) + (record.value?.length ?? 0);
  for (const header of record.headers) bytes += Buffer.byteLength(header.key) + (header.value?.length ?? 0);
  return bytes;
}

/** Bytes of keys and values, one for each UTF-16 unit of a text. */
export function estimatedBytes(messages: readonly OutgoingMessage[]): number {
  let bytes = 0;
  for (const { key, value } of messages) bytes += (key?.length ?? 0) + (value?.length ?? 0);
  return bytes;
}
