/**
 * The batches of one partition, in order: one that is open, those that wait, and those that are sent and not yet answered.
 *
 * Order is kept through retries. A refused batch goes back to its place, nothing more is sent until everything that was
 * under way is answered, and then metadata is refreshed and sending starts again after a pause. Should the leader have
 * accepted a later batch meanwhile, the refused one fails with its refusal: retried, it would come after records that were
 * sent after it.
 *
 * Only refusals are retried. A batch whose outcome is not known (INDETERMINATE, a broken stream, no answer in time) fails with
 * INDETERMINATE, because sending it again might write it twice.
 */

import { isSluiceError, SluiceError, type Timer, topicPartitionText, toSluiceError } from "@sluice/model";
import type { ProduceResponse } from "@sluice/protocol";
import type { RecordInput } from "@sluice/record";
import type { ClientDependencies } from "../client-dependencies.js";
import { unknownTopicWaitMs } from "../metadata-cache.js";
import { isRetriableRefusal } from "../retry-policy.js";
import type { PendingSend } from "./pending-send.js";
import { ProduceBatch } from "./produce-batch.js";
import type { ProduceStream } from "./produce-stream.js";
import type { ProduceStreams } from "./produce-streams.js";
import type { AcksName, ProducerSettings } from "./producer-options.js";

/** What a partition needs of its producer. */
export interface PartitionProducerDependencies extends ClientDependencies {
  readonly streams: ProduceStreams;
  /** So many more bytes are buffered; negative: fewer. */
  readonly onBuffered: (bytes: number) => void;
}

/** Framing of a record without headers takes at most this. */
const recordFramingBytesMax = 36;

interface InFlight {
  readonly batch: ProduceBatch;
  readonly stream: ProduceStream;
  correlationId: number;
}

export class PartitionProducer {
  readonly topic: string;
  readonly partition: number;
  readonly #settings: ProducerSettings;
  readonly #dependencies: PartitionProducerDependencies;
  #open: ProduceBatch | undefined;
  #queue: ProduceBatch[] = [];
  #inFlight: InFlight[] = [];
  /** `settling`: something was refused, and not all that was under way is answered; `pausing`: before sending again. */
  #state: "sending" | "settling" | "pausing" = "sending";
  #isWaitingForStream = false;
  #isOpenDue = false;
  #lingerTimer: Timer | undefined;
  #pauseTimer: Timer | undefined;
  #pauses = 0;
  #unknownSinceMs: number | undefined;
  #nextSequence = 0;
  #acceptedSequence = -1;
  #lastSizeBytes = 1024;

  constructor(
    options: { readonly topic: string; readonly partition: number; readonly settings: ProducerSettings },
    dependencies: PartitionProducerDependencies,
  ) {
    this.topic = options.topic;
    this.partition = options.partition;
    this.#settings = options.settings;
    this.#dependencies = dependencies;
  }

  /** How many batches wait or are under way: a measure of how far behind the partition is. */
  get backlog(): number {
    return this.#queue.length + this.#inFlight.length;
  }

  /** Puts a record in the open batch, or in a new one where it is full, and returns the batch. */
  append(record: RecordInput, payloadBytes: number, send: PendingSend): ProduceBatch {
    const batch = this.#batchFor(payloadBytes, send.acks);
    const before = batch.sizeBytes;
    const place = batch.append(record, payloadBytes);
    this.#dependencies.onBuffered(batch.sizeBytes - before);
    send.appended(batch, place);
    if (batch.payloadBytes >= this.#settings.batchBytes) this.#closeOpen();
    return batch;
  }

  /** Sends what is due. With `isFlush`, the open batch is due whatever `lingerMs` says. */
  pump(options: { readonly isFlush: boolean }): void {
    if (options.isFlush || this.#settings.lingerMs === 0) this.#isOpenDue = true;
    else if (this.#open !== undefined && this.#lingerTimer === undefined) this.#linger();
    this.#sendDue();
  }

  /** Fails what has passed its deadline. */
  sweep(nowMs: number): void {
    for (const batch of [...this.#queue, ...(this.#open === undefined ? [] : [this.#open])])
      if (batch.deadlineMs <= nowMs) this.#fail(batch, batch.lastRefusal ?? this.#timedOut());
    for (const entry of [...this.#inFlight]) {
      if (entry.batch.deadlineMs > nowMs || entry.batch.isSettled) continue;
      entry.stream.forget(entry.correlationId);
      const isStalled = nowMs - entry.batch.sentMs >= this.#dependencies.requestTimeoutMs;
      this.#indeterminate(entry, `no answer within ${this.#settings.deliveryTimeoutMs} ms`);
      if (isStalled) entry.stream.abort(this.#timedOut());
    }
    this.#afterAnswer();
  }

  /** Fails what is not sent yet, and stops all timers. What is under way is told by its stream. */
  close(error: SluiceError): void {
    this.#lingerTimer?.cancel();
    this.#pauseTimer?.cancel();
    this.#failUnsent(error);
  }

  #batchFor(payloadBytes: number, acks: AcksName): ProduceBatch {
    const open = this.#open;
    if (open !== undefined) {
      const { batchBytes } = this.#settings;
      const sizeBytesMax = batchBytes + (batchBytes >> 2);
      const fits =
        open.acks === acks &&
        open.payloadBytes + payloadBytes <= batchBytes &&
        open.sizeBytes + payloadBytes + recordFramingBytesMax <= sizeBytesMax;
      if (fits) return open;
      this.#closeOpen();
    }
    const batch = new ProduceBatch({
      partition: this.partition,
      acks,
      compression: this.#settings.compression,
      expectedBytes: this.#lastSizeBytes,
      deadlineMs: this.#dependencies.clock.monotonicMs() + this.#settings.deliveryTimeoutMs,
      sequence: this.#nextSequence++,
    });
    this.#open = batch;
    this.#dependencies.onBuffered(batch.sizeBytes);
    return batch;
  }

  #closeOpen(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    this.#isOpenDue = false;
    this.#lingerTimer?.cancel();
    this.#lingerTimer = undefined;
    const sizeBytes = open.sizeBytes;
    // A little more than last time, so that batches of one size never have to grow.
    this.#lastSizeBytes = sizeBytes + (sizeBytes >> 6) + 64;
    open.close();
    this.#dependencies.onBuffered(open.sizeBytes - sizeBytes);
    this.#queue.push(open);
  }

  #linger(): void {
    this.#lingerTimer = this.#dependencies.clock.setTimer(this.#settings.lingerMs, () => {
      this.#lingerTimer = undefined;
      this.#isOpenDue = true;
      this.#sendDue();
    });
  }

  #sendDue(): void {
    while (
      this.#state === "sending" &&
      !this.#isWaitingForStream &&
      this.#inFlight.length < this.#settings.maxInFlight
    ) {
      if (this.#queue.length === 0 && this.#isOpenDue) this.#closeOpen();
      const batch = this.#queue[0];
      if (batch === undefined) return;
      const leader = this.#dependencies.metadata.leaderOf(this.topic, this.partition);
      if (leader === undefined) {
        this.#refused(batch, this.#dependencies.metadata.whyNoLeader(this.topic, this.partition));
        this.#maybePause();
        continue;
      }
      const stream = this.#dependencies.streams.to(leader);
      if (!stream.isWritable) {
        this.#waitFor(stream);
        return;
      }
      this.#queue.shift();
      this.#send(batch, stream, leader.leaderEpoch);
    }
  }

  #waitFor(stream: ProduceStream): void {
    this.#isWaitingForStream = true;
    stream.whenWritable((error) => {
      this.#isWaitingForStream = false;
      const first = this.#queue[0];
      if (error === undefined || first === undefined) return this.#sendDue();
      this.#refused(first, error);
      this.#afterAnswer();
    });
  }

  #send(batch: ProduceBatch, stream: ProduceStream, leaderEpoch: number): void {
    const entry: InFlight = { batch, stream, correlationId: 0 };
    this.#inFlight.push(entry);
    batch.sentMs = this.#dependencies.clock.monotonicMs();
    const { topic, partition } = this;
    entry.correlationId = stream.send(
      { topic, partition, acks: batch.acks, leaderEpoch, records: batch.records() },
      {
        onAnswer: (response) => this.#answered(entry, response),
        onBroken: (error) => {
          this.#indeterminate(entry, `the connection to the leader broke (${error.message})`);
          this.#afterAnswer();
        },
      },
    );
  }

  #answered(entry: InFlight, response: ProduceResponse): void {
    if (entry.batch.isSettled) return;
    this.#remove(entry);
    const { error } = response;
    if (error === undefined) this.#accepted(entry.batch, response.baseOffset);
    else if (isSluiceError(error, "INDETERMINATE")) this.#fail(entry.batch, error);
    else this.#refused(entry.batch, error);
    this.#afterAnswer();
  }

  #accepted(batch: ProduceBatch, baseOffset: number): void {
    this.#acceptedSequence = Math.max(this.#acceptedSequence, batch.sequence);
    this.#pauses = 0;
    this.#unknownSinceMs = undefined;
    this.#dependencies.onBuffered(-batch.sizeBytes);
    batch.succeed(baseOffset);
    while (this.#queue[0] !== undefined && this.#queue[0].sequence < this.#acceptedSequence) {
      const overtaken = this.#queue[0];
      this.#fail(overtaken, overtaken.lastRefusal ?? this.#timedOut());
    }
  }

  /** Retries `batch`, or fails it where that is of no use. */
  #refused(batch: ProduceBatch, error: SluiceError): void {
    batch.lastRefusal = error;
    batch.refusals++;
    const { clock, policy } = this.#dependencies;
    const nowMs = clock.monotonicMs();
    const isOvertaken = batch.sequence < this.#acceptedSequence;
    const isOver = batch.refusals > policy.retriesMax || batch.deadlineMs <= nowMs;
    if (isOvertaken || isOver || !isRetriableRefusal(error)) {
      this.#fail(batch, error);
      return;
    }
    if (this.#isUnknownTooLong(error, nowMs)) {
      this.#failUnsent(error, batch);
      return;
    }
    this.#state = this.#state === "pausing" ? "pausing" : "settling";
    if (!this.#queue.includes(batch)) {
      this.#queue.push(batch);
      this.#queue.sort((left, right) => left.sequence - right.sequence);
    }
  }

  #isUnknownTooLong(error: SluiceError, nowMs: number): boolean {
    if (error.code !== "UNKNOWN_TOPIC" && error.code !== "UNKNOWN_PARTITION") {
      this.#unknownSinceMs = undefined;
      return false;
    }
    this.#unknownSinceMs ??= nowMs;
    return nowMs - this.#unknownSinceMs >= unknownTopicWaitMs;
  }

  #indeterminate(entry: InFlight, reason: string): void {
    if (entry.batch.isSettled) return;
    this.#remove(entry);
    const operation = `Producing to ${topicPartitionText(this.topic, this.partition)}`;
    this.#fail(entry.batch, new SluiceError("INDETERMINATE", { operation, reason }));
  }

  /** Goes on sending, or begins the pause before that once everything is answered. */
  #afterAnswer(): void {
    this.#maybePause();
    this.#sendDue();
  }

  #maybePause(): void {
    if (this.#state === "settling" && this.#inFlight.length === 0) this.#pause();
  }

  #pause(): void {
    const { clock, policy, metadata, logger } = this.#dependencies;
    this.#state = "pausing";
    const delayMs = policy.delayMs(this.#pauses++);
    const code = this.#queue[0]?.lastRefusal?.code;
    logger.debug({ topic: this.topic, partition: this.partition, code, delayMs }, "produce refused, will retry");
    this.#pauseTimer = clock.setTimer(delayMs, () => {
      this.#pauseTimer = undefined;
      metadata.refresh([this.topic]).then(
        () => this.#resume(),
        (error: unknown) => this.#resume(toSluiceError(error)),
      );
    });
  }

  #resume(error?: SluiceError): void {
    this.#state = "sending";
    const first = this.#queue[0];
    if (error === undefined || first === undefined) {
      this.#sendDue();
      return;
    }
    this.#refused(first, error);
    this.#afterAnswer();
  }

  #remove(entry: InFlight): void {
    const index = this.#inFlight.indexOf(entry);
    if (index >= 0) this.#inFlight.splice(index, 1);
  }

  #failUnsent(error: SluiceError, alsoFailed?: ProduceBatch): void {
    if (alsoFailed !== undefined && !this.#queue.includes(alsoFailed)) this.#fail(alsoFailed, error);
    for (const batch of [...this.#queue]) this.#fail(batch, error);
    if (this.#open !== undefined) this.#fail(this.#open, error);
  }

  #fail(batch: ProduceBatch, error: SluiceError): void {
    if (this.#open === batch) this.#open = undefined;
    const index = this.#queue.indexOf(batch);
    if (index >= 0) this.#queue.splice(index, 1);
    this.#dependencies.onBuffered(-batch.sizeBytes);
    batch.fail(error);
  }

  #timedOut(): SluiceError {
    const operation = `Producing to ${topicPartitionText(this.topic, this.partition)}`;
    return new SluiceError("REQUEST_TIMED_OUT", { operation, timeoutMs: this.#settings.deliveryTimeoutMs });
  }
}
