/**
 * Producer: sends messages to topics and says where each one went.
 *
 * Sends are batched by partition; a batch is sent as soon as the turn of the event loop is over (`lingerMs` 0). Sends to one
 * partition keep their order. Unless told otherwise a producer is idempotent: what was refused or not answered is sent again
 * until `deliveryTimeoutMs`, and is written once. One that is not sends again only what was refused; a record whose outcome is
 * not known fails with INDETERMINATE then, because a second copy would be worse.
 */

import type { Writable } from "node:stream";
import { type Clock, isSluiceError, SluiceError, toSluiceError } from "@sluice/model";
import { checkCodecAvailable } from "@sluice/record";
import { type Cancellable, orCancelled } from "../cancellation.js";
import type { ClientDependencies } from "../client-dependencies.js";
import { type ClientEvent, ClientEvents } from "../client-events.js";
import { transactions } from "../kafkajs-options.js";
import { checkOptionNames, integerOption } from "../option-check.js";
import { RetryPolicy } from "../retry-policy.js";
import { BatchMemory } from "./batch-memory.js";
import type { OutgoingMessage } from "./outgoing-message.js";
import { adaptKafkaJsPartitioner } from "./partitioner.js";
import {
  type Delivery,
  PendingSend,
  type RecordMetadata,
  type SendError,
  type SendResult,
  sendError,
} from "./pending-send.js";
import { ProduceStreams } from "./produce-streams.js";
import { checkEventName, type ProducerEvents, producerEvents } from "./producer-events.js";
import { ProducerIds } from "./producer-ids.js";
import { type ProducerOptions, type ProducerSettings, producerSettings } from "./producer-options.js";
import {
  type CheckedMessages,
  checkBatch,
  checkRecord,
  checkTopicMessages,
  Deliveries,
  type MessageFor,
  type ProducerBatch,
  type ProducerRecord,
  type TopicToSend,
} from "./producer-record.js";
import { producerWritable } from "./producer-writable.js";
import { SendBuffer } from "./send-buffer.js";

export class Producer implements AsyncDisposable {
  /** Names of events, as kafkajs has them. */
  readonly events = producerEvents;
  readonly #settings: ProducerSettings;
  readonly #deliveries: Deliveries;
  readonly #dependencies: ClientDependencies;
  readonly #clock: Clock;
  readonly #buffer: SendBuffer;
  readonly #told: ClientEvents<ProducerEvents>;
  readonly #lifetime = new AbortController();
  readonly #onClosed: (producer: Producer) => void;
  #isDrainDue = false;
  #closing: Promise<void> | undefined;

  /** Made by `Sluice.producer`. @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION, REPLACED_OPTION */
  constructor(
    options: ProducerOptions,
    dependencies: ClientDependencies & { readonly onClosed: (producer: Producer) => void },
  ) {
    const settings = producerSettings(options);
    const policy = options.retry === undefined ? dependencies.policy : new RetryPolicy(options.retry, dependencies);
    this.#settings = settings;
    this.#deliveries = new Deliveries(settings);
    this.#dependencies = { ...dependencies, policy };
    this.#clock = dependencies.clock;
    this.#onClosed = dependencies.onClosed;
    this.#told = new ClientEvents(dependencies);
    const ids = new ProducerIds({ connections: dependencies.connections, signal: this.#lifetime.signal });
    const streams = new ProduceStreams(settings, this.#dependencies);
    const { partitioner, createPartitioner } = settings;
    const { metadata } = dependencies;
    const adapted = createPartitioner && adaptKafkaJsPartitioner(createPartitioner(), (topic) => metadata.topic(topic));
    this.#buffer = new SendBuffer(
      { settings, partitioner: partitioner ?? adapted },
      { ...this.#dependencies, streams, ids, memory: new BatchMemory() },
    );
  }

  /** Bytes that are sent or wait in batches to be sent, and are not answered yet. */
  get bufferedBytes(): number {
    return this.#buffer.bufferedBytes;
  }

  /** Messages that are not answered yet, without those that wait for room. */
  get bufferedMessages(): number {
    return this.#buffer.bufferedMessages;
  }

  /** Whether a record is written once however often it is sent: see the option `idempotent`. */
  isIdempotent(): boolean {
    return this.#settings.idempotent;
  }

  /**
   * Calls `listener` at every event of that name, and returns what ends that: `producer.connect`, `producer.disconnect`,
   * `drain`, `deliveryError`.
   * @throws SluiceError UNKNOWN_OPTION, REPLACED_OPTION
   */
  on<Name extends keyof ProducerEvents>(
    name: Name,
    listener: (event: ClientEvent<Name, ProducerEvents[Name]>) => void,
  ): () => void {
    checkEventName(name);
    return this.#told.on(name, listener);
  }

  /**
   * Checks that the cluster answers, and that batches can be compressed as they are to be. Not needed before `send`.
   * @throws SluiceError BROKER_UNREACHABLE, WRONG_PORT, MISSING_CODEC_PACKAGE, CLOSED, CANCELLED
   */
  async connect(options: Cancellable = {}): Promise<void> {
    this.#checkOpen();
    await this.#dependencies.metadata.describe([], options);
    checkCodecAvailable(this.#settings.compression);
    this.#told.emit("producer.connect", null);
  }

  /**
   * Sends messages to one topic and resolves when all are acknowledged, with one entry for each message, in their order.
   * Where the producer holds as much as it may (`maxBufferedBytes`, `maxBufferedMessages`), it waits for room first.
   * @throws SendError the first error, with `results` for each message and `mayBeWritten`. INDETERMINATE: it may be in the
   *   log; CANCELLED: some may be; any other error says that it is not: UNKNOWN_TOPIC, RECORD_BATCH_TOO_LARGE, TOPIC_FULL,
   *   MISSING_CODEC_PACKAGE, DELIVERY_TIMED_OUT, OUT_OF_ORDER_SEQUENCE, FENCED_PRODUCER ...
   * @throws SluiceError where nothing was sent: UNKNOWN_OPTION, INVALID_OPTION, INVALID_REQUEST, SCHEMA_MISMATCH, CLOSED;
   *   RESOURCE_EXHAUSTED where too much waits for room already
   */
  async send<const Given extends TopicToSend>(
    record: ProducerRecord<Given>,
    options: Cancellable = {},
  ): Promise<RecordMetadata[]> {
    this.#checkOpen();
    const checked = checkRecord(record as ProducerRecord<never>);
    return await this.#cancellable(this.#begin(checked, this.#deliveries.of(record, "send")), options.signal);
  }

  /**
   * Sends messages to several topics. The entries are in the order of `topicMessages` and of the messages in each.
   * @throws as `send`; `results` has all messages of all topics
   */
  async sendBatch<const Topics extends readonly TopicToSend[]>(
    batch: ProducerBatch<Topics>,
    options: Cancellable = {},
  ): Promise<RecordMetadata[]> {
    this.#checkOpen();
    const checked = checkBatch(batch as unknown as ProducerBatch<never>);
    const delivery = this.#deliveries.of(batch, "sendBatch");
    this.#buffer.checkLine(checked.flatMap(({ messages }) => messages));
    const sends = checked.map((one) => this.#begin(one, delivery));
    const settled = await Promise.allSettled(sends.map((send) => this.#cancellable(send, options.signal)));
    return combined(settled, sends);
  }

  /**
   * Takes a message without waiting for anything. A message that fails is told by the event `deliveryError`.
   * @returns whether there is room for more; false: go on after the event `drain`, or messages are refused in the end
   * @throws SluiceError where it was not taken: CLOSED, INVALID_REQUEST, INVALID_TOPIC_NAME, SCHEMA_MISMATCH
   */
  write<const Given extends TopicToSend>(topic: Given, message: MessageFor<Given>): boolean {
    this.#checkOpen();
    const checked = checkTopicMessages({ topic, messages: [message] } as { topic: never; messages: never });
    const told = message as OutgoingMessage;
    try {
      this.#begin(checked, this.#deliveries.of({}, "write")).onSettled((error) => {
        if (error !== undefined) this.#notDelivered(checked.topic, told, error);
      });
    } catch (error) {
      if (!isSluiceError(error, "RESOURCE_EXHAUSTED")) throw error;
      this.#notDelivered(checked.topic, told, sendError(error, [{ status: "rejected", reason: error }]));
    }
    if (!this.#buffer.isFull) return true;
    if (!this.#isDrainDue) this.#buffer.whenRoom(() => this.#drained());
    this.#isDrainDue = true;
    return false;
  }

  /**
   * A stream of Node that sends to one topic what is written to it: messages as `send` takes them, or text and bytes, which
   * are values without a key. It is as slow as the brokers, ends when everything is acknowledged, and is destroyed with a
   * SendError by the first message that fails.
   * @param options.highWaterMark messages that it holds before `write` returns false. Default 1000.
   * @throws SluiceError CLOSED, UNKNOWN_OPTION, INVALID_OPTION
   */
  asWritable<const Given extends TopicToSend>(options: {
    readonly topic: Given;
    readonly highWaterMark?: number | undefined;
  }): Writable {
    this.#checkOpen();
    const subject = "asWritable";
    checkOptionNames(subject, options, ["topic", "highWaterMark"]);
    const { topic } = options;
    checkTopicMessages({ topic: topic as never, messages: [] });
    const limits = { fallback: 1000, min: 1, max: Number.MAX_SAFE_INTEGER };
    const highWaterMark = integerOption({ subject, option: "highWaterMark" }, options.highWaterMark, limits);
    return producerWritable(
      { highWaterMark },
      {
        send: (messages) => this.send({ topic, messages } as unknown as ProducerRecord<Given>),
        whenRoom: (callback) => this.#buffer.whenRoom(callback),
      },
    );
  }

  /**
   * Sends what lingers, and resolves when everything sent so far is acknowledged or has failed. It does not reject for what
   * failed: `send` and `deliveryError` tell that.
   * @throws SluiceError CANCELLED
   */
  async flush(options: Cancellable = {}): Promise<void> {
    await orCancelled(this.#buffer.flush(), "Flushing the producer", options.signal);
  }

  /**
   * Transactions come in a later version: refused as their options are.
   * @throws SluiceError REPLACED_OPTION
   */
  transaction(): Promise<never> {
    const replacement = "Send without one, each message is written once; transactions come in a later version.";
    const details = { option: "transaction", subject: "a producer", reason: transactions.reason, replacement };
    return Promise.reject(new SluiceError("REPLACED_OPTION", details));
  }

  /** As `close`. */
  disconnect(): Promise<void> {
    return this.close();
  }

  /**
   * Takes no more sends, waits at most `timeoutMs` (default: `deliveryTimeoutMs`) for those under way, then fails them:
   * with INDETERMINATE what may be in the log, with CLOSED what is not. Always settles; closing again waits for the same.
   * @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION
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

  /** As `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @throws SluiceError RESOURCE_EXHAUSTED */
  #begin({ topic, given, messages }: CheckedMessages, delivery: Delivery): PendingSend {
    this.#buffer.checkLine(messages);
    const { tracing } = this.#dependencies;
    const traced = tracing.isOn ? tracing.sendStarted(topic, messages) : undefined;
    const nowMs = this.#clock.nowMs();
    const send = new PendingSend({ topic, messages: traced?.messages ?? messages, given, delivery, nowMs });
    if (traced !== undefined) send.onSettled((error) => traced.settled(error));
    this.#buffer.add(send);
    return send;
  }

  async #cancellable(send: PendingSend, signal: AbortSignal | undefined): Promise<RecordMetadata[]> {
    if (signal === undefined) return await send.metadata();
    const operation = `Sending to ${send.topic}`;
    // A send that still waits for its turn is skipped then; one that is in a batch may be written all the same.
    const abort = (): void => send.fail(new SluiceError("CANCELLED", { operation }, { cause: signal.reason }));
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    try {
      return await send.metadata();
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  #drained(): void {
    this.#isDrainDue = false;
    if (this.#closing === undefined) this.#told.emit("drain", null);
  }

  #notDelivered(topic: string, message: OutgoingMessage, error: SendError): void {
    if (this.#told.has("deliveryError")) this.#told.emit("deliveryError", { topic, message, error });
    else
      this.#dependencies.logger.error(
        { topic, error },
        "a message was not delivered, and nobody listens for deliveryError",
      );
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new SluiceError("CLOSED", { subject: "The producer" });
  }

  async #close(timeoutMs: number): Promise<void> {
    const timeout = new AbortController();
    const timer = this.#clock.setTimer(timeoutMs, () => timeout.abort());
    this.#buffer.stopLingering();
    try {
      await this.flush({ signal: timeout.signal });
    } catch (error) {
      // Out of time: what is left fails below, each send with its own error.
      const { bufferedMessages } = this;
      this.#dependencies.logger.warn({ error, bufferedMessages }, "producer closed before all was sent");
    } finally {
      timer.cancel();
      const closed = new SluiceError("CLOSED", { subject: "The producer" });
      this.#lifetime.abort(closed);
      this.#buffer.close(closed);
      this.#onClosed(this);
      this.#told.emit("producer.disconnect", null);
    }
  }
}

function combined(
  settled: readonly PromiseSettledResult<RecordMetadata[]>[],
  sends: readonly PendingSend[],
): RecordMetadata[] {
  const failed = settled.find((result) => result.status === "rejected");
  if (failed === undefined) return settled.flatMap((result) => (result.status === "fulfilled" ? result.value : []));
  let mayBeWritten = false;
  const results = settled.flatMap((result, index): readonly SendResult[] => {
    if (result.status === "fulfilled") return result.value.map((value) => ({ status: "fulfilled", value }));
    const reason = toSluiceError(result.reason);
    const own = reason as Partial<SendError>;
    if (own.mayBeWritten === true) mayBeWritten = true;
    return own.results ?? (sends[index] as PendingSend).messages.map(() => ({ status: "rejected", reason }));
  });
  throw sendError(toSluiceError(failed.reason), results, mayBeWritten);
}
