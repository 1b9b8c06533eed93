/**
 * One partition of a producer: puts records into its open batch, and hands the batch to `partition-sender` when it is full,
 * when its linger time is over, or when there is nothing before it.
 */

import { SluiceError, type Timer } from "@sluice/model";
import type { RecordInput } from "@sluice/record";
import type { PartitionProducerDependencies } from "./partition-dependencies.js";
import { PartitionSender } from "./partition-sender.js";
import type { Delivery, PendingSend } from "./pending-send.js";
import { ProduceBatch } from "./produce-batch.js";
import type { ProducerSettings } from "./producer-options.js";

/** Framing of a record without headers takes at most this; of each header, at most this more. */
const recordFramingBytesMax = 36;
const headerFramingBytesMax = 10;

export class PartitionProducer {
  readonly topic: string;
  readonly partition: number;
  readonly #settings: ProducerSettings;
  readonly #dependencies: PartitionProducerDependencies;
  readonly #sender: PartitionSender;
  #open: ProduceBatch | undefined;
  #isOpenDue = false;
  #lingerTimer: Timer | undefined;
  #nextOrdinal = 0;
  #lastSizeBytes = 1024;

  constructor(
    options: { readonly topic: string; readonly partition: number; readonly settings: ProducerSettings },
    dependencies: PartitionProducerDependencies,
  ) {
    this.topic = options.topic;
    this.partition = options.partition;
    this.#settings = options.settings;
    this.#dependencies = dependencies;
    const takeOpen = (): ProduceBatch | undefined => (this.#isOpenDue ? this.#closeOpen() : undefined);
    this.#sender = new PartitionSender({ ...options, takeOpen }, dependencies);
  }

  /** How many batches wait or are under way: a measure of how far behind the partition is. */
  get backlog(): number {
    return this.#sender.backlog;
  }

  /** Puts a record in the open batch, or in a new one where it does not fit, and returns the batch. */
  append(record: RecordInput, payloadBytes: number, send: PendingSend): ProduceBatch {
    const headerCount = record.headers?.length ?? 0;
    const framingBytesMax = recordFramingBytesMax + headerCount * headerFramingBytesMax;
    const batch = this.#batchFor(payloadBytes, framingBytesMax, send.delivery);
    const before = batch.sizeBytes;
    const place = batch.append(record, payloadBytes);
    this.#dependencies.onBuffered(batch.sizeBytes - before);
    send.appended(batch, place);
    if (batch.payloadBytes >= this.#settings.batchBytes) this.#enqueueOpen();
    return batch;
  }

  /** Sends what is due. With `isFlush`, the open batch is due whatever `lingerMs` says. */
  pump(options: { readonly isFlush: boolean }): void {
    if (options.isFlush || this.#settings.lingerMs === 0) this.#isOpenDue = true;
    else if (this.#open !== undefined && this.#lingerTimer === undefined) this.#linger();
    this.#sender.sendDue();
  }

  /** The partition may have another leader than before. */
  leaderChanged(): void {
    this.#sender.leaderChanged();
  }

  /** Fails what has passed its deadline. */
  sweep(nowMs: number): void {
    const open = this.#open;
    if (open !== undefined && open.deadlineMs <= nowMs) {
      const { topic, partition } = this;
      const timeoutMs = open.delivery.timeoutMs;
      const reason = "batches before them are not acknowledged";
      this.#failOpen(new SluiceError("DELIVERY_TIMED_OUT", { topic, partition, timeoutMs, reason }));
    }
    this.#sender.sweep(nowMs);
  }

  /** Fails what is not under way, and stops all timers. What is under way is told by its stream. */
  close(error: SluiceError): void {
    this.#lingerTimer?.cancel();
    this.#sender.close(error);
    this.#failOpen(error);
  }

  #failOpen(error: SluiceError): void {
    const open = this.#open;
    this.#open = undefined;
    if (open !== undefined) this.#sender.fail(open, error);
  }

  #batchFor(payloadBytes: number, framingBytesMax: number, delivery: Delivery): ProduceBatch {
    const open = this.#open;
    if (open !== undefined) {
      const fits =
        open.delivery === delivery &&
        open.payloadBytes + payloadBytes <= this.#settings.batchBytes &&
        open.sizeBytes + payloadBytes + framingBytesMax <= open.sizeBytesMax;
      if (fits) return open;
      this.#enqueueOpen();
    }
    const batch = new ProduceBatch({
      partition: this.partition,
      delivery,
      isIdempotent: this.#settings.idempotent && delivery.acks === "all",
      compression: delivery.compression,
      expectedBytes: this.#lastSizeBytes,
      deadlineMs: this.#dependencies.clock.monotonicMs() + delivery.timeoutMs,
      ordinal: this.#nextOrdinal++,
      sizeBytesMax: this.#sizeBytesMax,
      memory: this.#dependencies.memory,
    });
    this.#open = batch;
    this.#dependencies.onBuffered(batch.sizeBytes);
    return batch;
  }

  /** Of a batch of several records, so that sends that share one are never too large together. */
  get #sizeBytesMax(): number {
    const { batchBytes } = this.#settings;
    const sizeBytesMax = batchBytes + (batchBytes >> 2);
    const topicMax = this.#dependencies.metadata.topic(this.topic)?.maxMessageBytes ?? 0;
    return topicMax > 0 ? Math.min(sizeBytesMax, topicMax) : sizeBytesMax;
  }

  #enqueueOpen(): void {
    const open = this.#closeOpen();
    if (open !== undefined) this.#sender.enqueue(open);
  }

  #closeOpen(): ProduceBatch | undefined {
    const open = this.#open;
    if (open === undefined) return undefined;
    this.#open = undefined;
    this.#isOpenDue = false;
    this.#lingerTimer?.cancel();
    this.#lingerTimer = undefined;
    const sizeBytes = open.sizeBytes;
    // A little more than last time, so that batches of one size never have to grow.
    this.#lastSizeBytes = sizeBytes + (sizeBytes >> 6) + 64;
    open.close();
    this.#dependencies.onBuffered(open.sizeBytes - sizeBytes);
    return open;
  }

  #linger(): void {
    this.#lingerTimer = this.#dependencies.clock.setTimer(this.#settings.lingerMs, () => {
      this.#lingerTimer = undefined;
      this.#isOpenDue = true;
      this.#sender.sendDue();
    });
  }
}
