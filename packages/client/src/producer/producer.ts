/**
 * Producer: sends messages to topics and says where each one went.
 *
 * Sends are batched by partition; a batch is sent as soon as the turn of the event loop is over (`lingerMs` 0). Sends to one
 * partition keep their order. Records that a broker refused are sent again until `deliveryTimeoutMs`. A record whose outcome
 * is not known fails with INDETERMINATE and is not sent again: it may have been written, and a second copy would be worse.
 */

import { type Clock, SluiceError, type Timer, topicName, toSluiceError } from "@sluice/model";
import { checkCodecAvailable } from "@sluice/record";
import { type Cancellable, orCancelled } from "../cancellation.js";
import type { ClientDependencies } from "../client-dependencies.js";
import { checkOptionNames, integerOption } from "../option-check.js";
import { checkMessages, type OutgoingMessage } from "./outgoing-message.js";
import type { PartitionProducerDependencies } from "./partition-producer.js";
import { PendingSend, type RecordMetadata, type SendError, type SendResult, sendError } from "./pending-send.js";
import { ProduceStreams } from "./produce-streams.js";
import {
  type Acks,
  acksName,
  type ProducerOptions,
  type ProducerSettings,
  producerSettings,
} from "./producer-options.js";
import { TopicProducer } from "./topic-producer.js";

export interface ProducerRecord {
  readonly topic: string;
  readonly messages: readonly OutgoingMessage[];
  /** Default: that of the producer. */
  readonly acks?: Acks | undefined;
}

export interface ProducerBatch {
  readonly topicMessages: readonly Omit<ProducerRecord, "acks">[];
  /** Default: that of the producer. */
  readonly acks?: Acks | undefined;
}

const sendNames = ["topic", "messages", "acks"] as const satisfies readonly (keyof ProducerRecord)[];
const sendBatchNames = ["topicMessages", "acks"] as const satisfies readonly (keyof ProducerBatch)[];
const topicMessagesNames = ["topic", "messages"] as const;

const sweepIntervalMs = 250;

export class Producer implements AsyncDisposable {
  readonly #settings: ProducerSettings;
  readonly #dependencies: PartitionProducerDependencies;
  readonly #clock: Clock;
  readonly #streams: ProduceStreams;
  readonly #topics = new Map<string, TopicProducer>();
  readonly #dirty = new Set<TopicProducer>();
  readonly #unsettled = new Set<PendingSend>();
  readonly #lifetime = new AbortController();
  readonly #onClosed: (producer: Producer) => void;
  readonly #waitingForRoom: PendingSend[] = [];
  #isRoomDue = false;
  #bufferedBytes = 0;
  #sweepTimer: Timer | undefined;
  #closing: Promise<void> | undefined;

  /** Made by `Sluice.producer`. @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION */
  constructor(
    options: ProducerOptions,
    dependencies: ClientDependencies & { readonly onClosed: (producer: Producer) => void },
  ) {
    this.#settings = producerSettings(options);
    this.#streams = new ProduceStreams(dependencies);
    this.#clock = dependencies.clock;
    this.#onClosed = dependencies.onClosed;
    this.#dependencies = {
      ...dependencies,
      streams: this.#streams,
      onBuffered: (bytes) => this.#buffered(bytes),
    };
  }

  /** Bytes that are sent or wait to be sent, and are not answered yet. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /**
   * Checks that the cluster answers, and that batches can be compressed as they are to be. Not needed before `send`.
   * @throws SluiceError BROKER_UNREACHABLE, WRONG_PORT, MISSING_CODEC_PACKAGE, CLOSED, CANCELLED
   */
  async connect(options: Cancellable = {}): Promise<void> {
    this.#checkOpen();
    await this.#dependencies.metadata.describe([], options);
    checkCodecAvailable(this.#settings.compression);
  }

  /**
   * Sends messages to one topic and resolves when all are acknowledged, with one entry for each message, in their order.
   * @throws SendError the first error, with `results` for each message: UNKNOWN_TOPIC, RECORD_BATCH_TOO_LARGE,
   *   MISSING_CODEC_PACKAGE, INDETERMINATE ...
   * @throws SluiceError UNKNOWN_OPTION, INVALID_REQUEST, CLOSED where nothing was sent; CANCELLED: some may be sent
   */
  async send(record: ProducerRecord, options: Cancellable = {}): Promise<RecordMetadata[]> {
    checkOptionNames("send", record, sendNames);
    const send = this.#begin(record, acksName(record.acks ?? this.#settings.acks, "send"));
    return await this.#cancellable(send, options.signal);
  }

  /**
   * Sends messages to several topics. The entries are in the order of `topicMessages` and of the messages in each.
   * @throws as `send`; `results` has all messages of all topics
   */
  async sendBatch(batch: ProducerBatch, options: Cancellable = {}): Promise<RecordMetadata[]> {
    checkOptionNames("sendBatch", batch, sendBatchNames);
    const acks = acksName(batch.acks ?? this.#settings.acks, "sendBatch");
    for (const record of batch.topicMessages) {
      checkOptionNames("sendBatch", record, topicMessagesNames);
      topicName(record.topic);
      checkMessages(record.messages);
    }
    const sends = batch.topicMessages.map((record) => this.#begin(record, acks));
    const settled = await Promise.allSettled(sends.map((send) => this.#cancellable(send, options.signal)));
    return combined(settled, sends);
  }

  /** Sends what lingers, and resolves when everything sent so far is acknowledged or has failed. */
  async flush(options: Cancellable = {}): Promise<void> {
    const unsettled = [...this.#unsettled];
    this.#pumpAll();
    const settled = unsettled.map((send) => new Promise<void>((resolve) => send.onSettled(resolve)));
    await orCancelled(Promise.all(settled), "Flushing the producer", options.signal);
  }

  /** As `close`. */
  disconnect(): Promise<void> {
    return this.close();
  }

  /**
   * Takes no more sends, waits at most `timeoutMs` (default: `deliveryTimeoutMs`) for those under way, then fails them:
   * with CLOSED what was not sent, with INDETERMINATE what was. Always settles; closing again waits for the same.
   */
  close(options: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    checkOptionNames("close", options, ["timeoutMs"]);
    const timeoutMs = integerOption({ subject: "close", option: "timeoutMs" }, options.timeoutMs, {
      fallback: this.#settings.deliveryTimeoutMs,
      min: 0,
      max: 86_400_000,
    });
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #begin(record: Omit<ProducerRecord, "acks">, acks: "all" | "leader" | "none"): PendingSend {
    this.#checkOpen();
    const topic = topicName(record.topic);
    checkMessages(record.messages);
    const send = new PendingSend({ topic, messages: record.messages, acks, nowMs: this.#clock.nowMs() });
    this.#unsettled.add(send);
    send.onSettled(() => this.#unsettled.delete(send));
    if (this.#waitingForRoom.length > 0 || this.#bufferedBytes >= this.#settings.maxBufferedBytes)
      this.#waitingForRoom.push(send);
    else this.#append(send);
    this.#sweepTimer ??= this.#clock.setTimer(sweepIntervalMs, () => this.#sweep());
    return send;
  }

  async #cancellable(send: PendingSend, signal: AbortSignal | undefined): Promise<RecordMetadata[]> {
    if (signal === undefined) return await send.promise;
    const operation = `Sending to ${send.topic}`;
    // A send that still waits for its turn is skipped then; one that is in a batch may be written all the same.
    const abort = (): void => send.fail(new SluiceError("CANCELLED", { operation }, { cause: signal.reason }));
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    try {
      return await send.promise;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  #append(send: PendingSend): void {
    let topic = this.#topics.get(send.topic);
    if (topic === undefined) {
      topic = new TopicProducer({ topic: send.topic, settings: this.#settings }, this.#dependencies);
      this.#topics.set(send.topic, topic);
    }
    if (topic.append(send)) this.#pumpSoon(topic);
    else this.#askFor(topic);
  }

  #askFor(topic: TopicProducer): void {
    topic.appendWaiting(this.#lifetime.signal).then(
      (hasAppended) => {
        if (hasAppended) this.#pumpSoon(topic);
      },
      (error: unknown) => topic.failWaiting(toSluiceError(error)),
    );
  }

  /** Sends after the current turn, so that all sends of one turn share their batches. */
  #pumpSoon(topic: TopicProducer): void {
    if (this.#dirty.size === 0) queueMicrotask(() => this.#pumpDirty());
    this.#dirty.add(topic);
  }

  #pumpDirty(): void {
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const topic of dirty) topic.pump({ isFlush: this.#closing !== undefined });
  }

  #pumpAll(): void {
    for (const topic of this.#topics.values()) topic.pump({ isFlush: true });
  }

  #buffered(bytes: number): void {
    this.#bufferedBytes += bytes;
    if (bytes > 0 || this.#isRoomDue || this.#waitingForRoom.length === 0) return;
    // Later: room also comes up in the middle of another send, when a batch that it filled is compressed.
    this.#isRoomDue = true;
    queueMicrotask(() => this.#letIn());
  }

  /** Takes the sends that there is room for now, in order. */
  #letIn(): void {
    this.#isRoomDue = false;
    let taken = 0;
    while (taken < this.#waitingForRoom.length && this.#bufferedBytes < this.#settings.maxBufferedBytes) {
      const send = this.#waitingForRoom[taken++] as PendingSend;
      if (!send.isSettled) this.#append(send);
    }
    this.#waitingForRoom.splice(0, taken);
  }

  #sweep(): void {
    this.#sweepTimer = undefined;
    const nowMs = this.#clock.monotonicMs();
    for (const topic of this.#topics.values()) topic.sweep(nowMs);
    if (this.#unsettled.size > 0) this.#sweepTimer = this.#clock.setTimer(sweepIntervalMs, () => this.#sweep());
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new SluiceError("CLOSED", { subject: "The producer" });
  }

  async #close(timeoutMs: number): Promise<void> {
    const timeout = new AbortController();
    const timer = this.#clock.setTimer(timeoutMs, () => timeout.abort());
    try {
      await this.flush({ signal: timeout.signal });
    } catch (error) {
      // Out of time: what is left fails below, each send with its own error.
      this.#dependencies.logger.warn({ error, unsettled: this.#unsettled.size }, "producer closed before all was sent");
    } finally {
      timer.cancel();
      this.#sweepTimer?.cancel();
      const closed = new SluiceError("CLOSED", { subject: "The producer" });
      this.#lifetime.abort(closed);
      // First: whatever fails makes room, which must let nothing in any more.
      for (const send of this.#waitingForRoom.splice(0)) send.fail(closed);
      for (const topic of this.#topics.values()) topic.close(closed);
      this.#streams.abort(closed);
      this.#sweepTimer?.cancel();
      this.#onClosed(this);
    }
  }
}

function combined(
  settled: readonly PromiseSettledResult<RecordMetadata[]>[],
  sends: readonly PendingSend[],
): RecordMetadata[] {
  const failed = settled.find((result) => result.status === "rejected");
  if (failed === undefined) return settled.flatMap((result) => (result.status === "fulfilled" ? result.value : []));
  const results = settled.flatMap((result, index): readonly SendResult[] => {
    if (result.status === "fulfilled") return result.value.map((value) => ({ status: "fulfilled", value }));
    const reason = toSluiceError(result.reason);
    return (
      (reason as Partial<SendError>).results ??
      (sends[index] as PendingSend).messages.map(() => ({ status: "rejected", reason }))
    );
  });
  throw sendError(toSluiceError(failed.reason), results);
}
