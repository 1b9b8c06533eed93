/**
 * Sends the closed batches of one partition, in order, and sends them again until they are acknowledged or have failed.
 *
 * Order is kept through retries: after a refusal or a lost answer nothing more is sent until everything that was under way is
 * answered; then metadata is refreshed, and after a pause everything that is not acknowledged is sent again from the first on.
 * A new leader is not waited for: as soon as it is known, everything goes there, and of the old one only answers to batches
 * that are not idempotent are still wanted.
 *
 * Idempotent batches are sent again whatever became of them: `partition-sequences` says with which numbers. The others are
 * sent again only where they were refused, because a second copy might be written otherwise; and should the leader have taken
 * a later one meanwhile, the refused one fails, because it would come after records that were sent after it.
 *
 * A batch that may be in the log fails with INDETERMINATE; any other error says that it is not there.
 */

import { invariant, isSluiceError, SluiceError, toSluiceError } from "@sluice/model";
import type { ProduceResponse } from "@sluice/protocol";
import type { PartitionLeader } from "../cluster-metadata.js";
import { unknownTopicWaitMs } from "../metadata-cache.js";
import { isRetriableRefusal } from "../retry-policy.js";
import type { PartitionProducerDependencies } from "./partition-dependencies.js";
import { PartitionErrors } from "./partition-errors.js";
import { PartitionSequences } from "./partition-sequences.js";
import type { ProduceBatch } from "./produce-batch.js";
import type { ProduceStream } from "./produce-stream.js";
import type { StreamPlace } from "./produce-streams.js";
import type { ProducerSettings } from "./producer-options.js";
import { RetryPause } from "./retry-pause.js";

export interface PartitionSenderOptions {
  readonly topic: string;
  readonly partition: number;
  readonly settings: ProducerSettings;
  /** Gives what is to be sent next once the queue is empty: closes the open batch where it is due. */
  readonly takeOpen: () => ProduceBatch | undefined;
}

interface InFlight {
  readonly batch: ProduceBatch;
  readonly stream: ProduceStream;
  correlationId: number;
}

export class PartitionSender {
  readonly #options: PartitionSenderOptions;
  readonly #dependencies: PartitionProducerDependencies;
  readonly #sequences: PartitionSequences;
  readonly #errors: PartitionErrors;
  /** In order. What was sent and is to be sent again comes first. */
  readonly #queue: ProduceBatch[] = [];
  readonly #inFlight: InFlight[] = [];
  /** `settling`: something is to be sent again, and not all that was under way is answered; `pausing`: before sending again. */
  #state: "sending" | "settling" | "pausing" | "closed" = "sending";
  /** What the next batch waits for: a stream to the leader, a producer id, or the limit of the topic. */
  #waiting: { readonly isForLeader: boolean } | undefined;
  readonly #pause: RetryPause;
  /** Of the leader that was tried last. */
  #triedEpoch = -1;
  #unknownSinceMs: number | undefined;
  #acceptedOrdinal = -1;
  #place: StreamPlace | undefined;

  constructor(options: PartitionSenderOptions, dependencies: PartitionProducerDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#sequences = new PartitionSequences(dependencies.ids);
    this.#errors = new PartitionErrors(options, dependencies);
    this.#pause = new RetryPause(options.topic, dependencies);
  }

  /** How many batches wait or are under way. */
  get backlog(): number {
    return this.#queue.length + this.#inFlight.length;
  }

  /** Takes a closed batch, after all earlier ones. */
  enqueue(batch: ProduceBatch): void {
    this.#queue.push(batch);
  }

  /** Sends what may be sent now. */
  sendDue(): void {
    while (this.#state === "sending" && this.#waiting === undefined) {
      if (this.#inFlight.length >= this.#options.settings.maxInFlight) return;
      const batch = this.#nextBatch();
      if (batch === undefined || !this.#maySend(batch)) return;
      const { topic, partition } = this.#options;
      const leader = this.#dependencies.metadata.leaderOf(topic, partition);
      if (leader === undefined) {
        this.#refused(batch, this.#dependencies.metadata.whyNoLeader(topic, partition));
        this.#maybePause();
        continue;
      }
      this.#triedEpoch = leader.leaderEpoch;
      if (this.#isTooLarge(batch)) continue;
      const stream = this.#streamTo(leader);
      if (stream === undefined) return;
      if (!stream.isWritable) {
        this.#waitFor((ready) => stream.whenWritable(ready), { isForLeader: true });
        return;
      }
      if (batch.isIdempotent && batch.stamp === undefined && !this.#sequences.hasIdentity) {
        this.#waitFor((ready) => this.#dependencies.ids.whenReady(ready));
        return;
      }
      this.#queue.shift();
      this.#send(batch, stream, leader.leaderEpoch);
    }
  }

  /** Turns to the leader that is known now, where it is another than the one that was tried last. */
  leaderChanged(): void {
    if (this.#state === "closed" || !this.#hasNewLeader) return;
    if (this.#waiting?.isForLeader === true) this.#waiting = undefined;
    // What the old leader still says of these changes nothing: the new one knows by their numbers which of them it has.
    for (const entry of [...this.#inFlight]) {
      if (!entry.batch.isIdempotent || entry.batch.isSettled) continue;
      entry.stream.forget(entry.correlationId);
      this.#lost(entry, this.#errors.leaderMoved());
    }
    if (this.#state === "pausing") {
      this.#pause.end();
      this.#state = "sending";
    }
    this.#afterAnswer();
  }

  /** Fails what has passed its deadline, and breaks streams on which idempotent batches wait too long for an answer. */
  sweep(nowMs: number): void {
    for (const batch of [...this.#queue])
      if (batch.deadlineMs <= nowMs)
        this.fail(batch, batch.lastRefusal ?? this.#errors.notSent("batches before them are not acknowledged"));
    for (const entry of [...this.#inFlight]) {
      if (entry.batch.isSettled || !this.#inFlight.includes(entry)) continue;
      const isOver = entry.batch.deadlineMs <= nowMs;
      const isStalled = nowMs - entry.batch.sentMs >= this.#dependencies.requestTimeoutMs;
      if (isOver) this.#timedOut(entry);
      if (isStalled && (isOver || entry.batch.isIdempotent)) entry.stream.abort(this.#errors.noAnswer());
    }
    this.#afterAnswer();
  }

  /** Fails what is not under way, and stops. What is under way is told by its stream. */
  close(error: SluiceError): void {
    this.#state = "closed";
    this.#pause.end();
    for (const batch of [...this.#queue]) this.fail(batch, error);
  }

  /** Fails a batch that is not under way: with INDETERMINATE where it may be in the log, else with `error`. */
  fail(batch: ProduceBatch, error: SluiceError): void {
    const index = this.#queue.indexOf(batch);
    if (index >= 0) this.#queue.splice(index, 1);
    const isMaybeWritten = batch.isIdempotent ? this.#sequences.isMaybeWritten(batch) : batch.hasLostAnswer;
    if (batch.stamp !== undefined) this.#sequences.abandon(batch);
    this.#dependencies.onBuffered(-batch.sizeBytes);
    batch.fail(isMaybeWritten ? this.#errors.indeterminate(error) : error);
  }

  #nextBatch(): ProduceBatch | undefined {
    if (this.#queue.length === 0) {
      const open = this.#options.takeOpen();
      if (open !== undefined) this.#queue.push(open);
    }
    return this.#queue[0];
  }

  /**
   * True for a batch that its topic does not take. It holds one record, or the limit was lowered; it fails once the limit is
   * known to be so now, before the bytes go over the network.
   */
  #isTooLarge(batch: ProduceBatch): boolean {
    const { metadata } = this.#dependencies;
    const { topic } = this.#options;
    const sizeBytesMax = metadata.topic(topic)?.maxMessageBytes ?? 0;
    // Never one that was sent before: it may be in the log.
    const isNew = batch.stamp === undefined && batch.refusals === 0;
    if (sizeBytesMax === 0 || batch.sizeBytes <= sizeBytesMax || !isNew) return false;
    if (batch.hasAskedForLimit) {
      const { sizeBytes } = batch;
      this.fail(
        batch,
        new SluiceError("RECORD_BATCH_TOO_LARGE", { sizeBytes, sizeBytesMax, where: `topic '${topic}'` }),
      );
    } else {
      batch.hasAskedForLimit = true;
      this.#waitFor((ready) => {
        metadata.refresh([topic]).then(
          () => ready(undefined),
          (error: unknown) => ready(toSluiceError(error)),
        );
      });
    }
    return true;
  }

  /** Undefined: the connection is full, and the partition goes to another one when what is under way on it is answered. */
  #streamTo(leader: PartitionLeader): ProduceStream | undefined {
    const { streams } = this.#dependencies;
    this.#place = streams.place(leader, this.#place);
    if (!streams.isCrowded(this.#place)) return streams.at(this.#place);
    if (this.#inFlight.length > 0) return undefined;
    this.#place = streams.elsewhere(this.#place);
    return streams.at(this.#place);
  }

  /** False: only when more of what is under way is answered. */
  #maySend(batch: ProduceBatch): boolean {
    const oldest = this.#inFlight[0]?.batch;
    if (oldest === undefined) return true;
    // Of two kinds, a later one could overtake an earlier one that is refused.
    if (oldest.isIdempotent !== batch.isIdempotent) return false;
    if (!batch.isIdempotent) return true;
    if (this.#sequences.needsRenewal(batch)) return false;
    return this.#inFlight.every((entry) => this.#sequences.isWithinMemory(batch, entry.batch));
  }

  #send(batch: ProduceBatch, stream: ProduceStream, leaderEpoch: number): void {
    if (batch.isIdempotent) this.#stamp(batch);
    const entry: InFlight = { batch, stream, correlationId: 0 };
    this.#inFlight.push(entry);
    batch.sentMs = this.#dependencies.clock.monotonicMs();
    const { topic, partition } = this.#options;
    entry.correlationId = stream.send(
      { topic, partition, acks: batch.delivery.acks, leaderEpoch, records: batch.records() },
      {
        onAnswer: (response) => this.#answered(entry, response),
        onBroken: (error) => {
          this.#lost(entry, this.#errors.broke(error));
          this.#afterAnswer();
        },
      },
    );
  }

  #stamp(batch: ProduceBatch): void {
    if (this.#sequences.needsRenewal(batch)) {
      invariant(this.#inFlight.length === 0, "a new epoch while batches of the old one are under way");
      this.#sequences.renew([batch, ...this.#queue]);
    }
    if (batch.stamp === undefined) this.#sequences.stamp(batch);
  }

  #waitFor(
    wait: (ready: (error: SluiceError | undefined) => void) => void,
    waiting: { readonly isForLeader: boolean } = { isForLeader: false },
  ): void {
    this.#waiting = waiting;
    wait((error) => {
      if (this.#waiting !== waiting) return; // For a leader that is not the leader any more.
      this.#waiting = undefined;
      const first = this.#queue[0];
      if (error === undefined || first === undefined) {
        this.sendDue();
        return;
      }
      this.#refused(first, this.#errors.unsent(error));
      this.#afterAnswer();
    });
  }

  #answered(entry: InFlight, response: ProduceResponse): void {
    if (entry.batch.isSettled) return;
    const { error } = response;
    if (error !== undefined && isSluiceError(error, "INDETERMINATE")) this.#lost(entry, error);
    else {
      this.#remove(entry);
      if (error === undefined) this.#accepted(entry.batch, response);
      else if (error.code === "OUT_OF_ORDER_SEQUENCE") this.#outOfOrder(entry.batch, error);
      else if (error.code === "FENCED_PRODUCER") this.#fenced(entry.batch, error);
      else this.#refused(entry.batch, error);
    }
    this.#afterAnswer();
  }

  #accepted(batch: ProduceBatch, response: ProduceResponse): void {
    this.#acceptedOrdinal = Math.max(this.#acceptedOrdinal, batch.ordinal);
    this.#pause.reset();
    this.#unknownSinceMs = undefined;
    this.#dependencies.onBuffered(-batch.sizeBytes);
    batch.succeed(response);
    for (let first = this.#queue[0]; first !== undefined && this.#isOvertaken(first); first = this.#queue[0])
      this.fail(first, first.lastRefusal ?? this.#errors.notSent("a batch after them was written first"));
  }

  #isOvertaken(batch: ProduceBatch): boolean {
    return !batch.isIdempotent && batch.ordinal < this.#acceptedOrdinal;
  }

  /** Retries `batch`, which is not in the log by this try, or fails it where that is of no use. */
  #refused(batch: ProduceBatch, error: SluiceError): void {
    batch.lastRefusal = error;
    if (error.code === "RECORD_BATCH_TOO_LARGE") this.#limitWasLowered(error);
    if (!isRetriableRefusal(error)) {
      this.fail(batch, error);
      return;
    }
    if (this.#isUnknownTooLong(error)) {
      if (!this.#queue.includes(batch)) this.fail(batch, error);
      for (const other of [...this.#queue]) this.fail(other, error);
      return;
    }
    this.#retry(batch, error);
  }

  /** The next batches have to be as small as the topic takes now. */
  #limitWasLowered(error: SluiceError): void {
    const { metadata, logger } = this.#dependencies;
    const { topic } = this.#options;
    metadata.refresh([topic]).catch((refreshError: unknown) => {
      logger.debug({ topic, error: refreshError, refusal: error.code }, "metadata could not be refreshed");
    });
  }

  /** There is no answer, or one that does not say whether the batch was appended. */
  #lost(entry: InFlight, error: SluiceError): void {
    if (entry.batch.isSettled) return;
    this.#remove(entry);
    const { batch } = entry;
    batch.hasLostAnswer = true;
    if (batch.isIdempotent) this.#retry(batch, error);
    else this.fail(batch, error);
  }

  /** The leader expected another batch of this producer, and did not append this one. */
  #outOfOrder(batch: ProduceBatch, error: SluiceError): void {
    const { topic, partition } = this.#options;
    const where = { topic, partition, sequence: error.details.sequence, expected: error.details.expected };
    const isBehind = this.#sequences.isRenewalDue || this.#hasEarlier(batch);
    // Case: one before it is refused, lost or given up. It is sent again after that one, or in the next epoch.
    if (isBehind && !(this.#sequences.isRenewalDue && this.#sequences.isMaybeWritten(batch))) {
      this.#retry(batch, this.#errors.notSent("batches before them were not written"));
      return;
    }
    // Case: an earlier try of it may be in the log, and nothing says whether.
    if (this.#sequences.isMaybeWritten(batch)) {
      this.fail(batch, error);
      return;
    }
    // Case: the leader knows nothing of this producer any more: it was silent for too long, or the topic was made anew.
    if (Number(error.details.expected) === 0) {
      this.#dependencies.logger.warn(where, "the leader has forgotten this producer; sending on in a new epoch");
      this.#sequences.abandon(batch);
      this.#retry(batch, error);
      return;
    }
    this.#dependencies.logger.error(where, "records that were acknowledged are missing in the log of the leader");
    this.fail(batch, error);
  }

  /** Somebody else has the producer id, which a cluster gives out once: its store was put back to an older state. */
  #fenced(batch: ProduceBatch, error: SluiceError): void {
    const { topic, partition } = this.#options;
    this.#dependencies.logger.error({ topic, partition, error }, "another producer has this producer's id");
    this.#sequences.replaceId();
    this.fail(batch, error);
  }

  #hasEarlier(batch: ProduceBatch): boolean {
    const isEarlier = (other: ProduceBatch): boolean => other.ordinal < batch.ordinal;
    return this.#queue.some(isEarlier) || this.#inFlight.some((entry) => isEarlier(entry.batch));
  }

  /** Puts a batch back to its place, unless it has had its tries and its time. */
  #retry(batch: ProduceBatch, error: SluiceError): void {
    batch.lastRefusal = error;
    batch.refusals++;
    const { clock, policy } = this.#dependencies;
    const isOver = batch.refusals > policy.retriesMax || batch.deadlineMs <= clock.monotonicMs();
    if (isOver || this.#state === "closed" || this.#isOvertaken(batch)) {
      this.fail(batch, error);
      return;
    }
    if (this.#state === "sending") this.#state = "settling";
    if (this.#queue.includes(batch)) return;
    const after = this.#queue.findIndex((other) => other.ordinal > batch.ordinal);
    if (after < 0) this.#queue.push(batch);
    else this.#queue.splice(after, 0, batch);
  }

  #isUnknownTooLong(error: SluiceError): boolean {
    if (error.code !== "UNKNOWN_TOPIC" && error.code !== "UNKNOWN_PARTITION") {
      this.#unknownSinceMs = undefined;
      return false;
    }
    const nowMs = this.#dependencies.clock.monotonicMs();
    this.#unknownSinceMs ??= nowMs;
    return nowMs - this.#unknownSinceMs >= unknownTopicWaitMs;
  }

  #timedOut(entry: InFlight): void {
    entry.stream.forget(entry.correlationId);
    this.#remove(entry);
    entry.batch.hasLostAnswer = true;
    this.fail(entry.batch, this.#errors.noAnswer());
  }

  /** Goes on sending, or begins the pause before that once everything is answered. */
  #afterAnswer(): void {
    this.#maybePause();
    this.sendDue();
  }

  #maybePause(): void {
    if (this.#state !== "settling" || this.#inFlight.length > 0) return;
    if (this.#hasNewLeader) {
      this.#state = "sending";
      return;
    }
    this.#state = "pausing";
    const { topic, partition } = this.#options;
    const code = this.#queue[0]?.lastRefusal?.code;
    const delayMs = this.#pause.begin((error) => this.#resume(error));
    this.#dependencies.logger.debug({ topic, partition, code, delayMs }, "produce refused or unanswered, will retry");
  }

  /** There is a leader, later than the one that was tried last. */
  get #hasNewLeader(): boolean {
    const { topic, partition } = this.#options;
    const leader = this.#dependencies.metadata.leaderOf(topic, partition);
    return leader !== undefined && leader.leaderEpoch > this.#triedEpoch;
  }

  #resume(error: SluiceError | undefined): void {
    if (this.#state === "closed") return;
    this.#state = "sending";
    const first = this.#queue[0];
    if (error === undefined || first === undefined) {
      this.sendDue();
      return;
    }
    this.#refused(first, this.#errors.unsent(error));
    this.#afterAnswer();
  }

  #remove(entry: InFlight): void {
    const index = this.#inFlight.indexOf(entry);
    if (index >= 0) this.#inFlight.splice(index, 1);
  }
}
