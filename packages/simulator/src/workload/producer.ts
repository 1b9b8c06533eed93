/**
 * A producer of one partition over raw protocol messages.
 *
 * Idempotent, it sends what has no answer again, in order, with the same producer id and sequences, to whoever leads, until it is
 * acknowledged. Otherwise it sends each batch once, and where the answer is lost the outcome is unknown.
 */

import {
  type Clock,
  type MessageStream,
  type SluiceError,
  sleep,
  type Timer,
  type TransportConnection,
} from "@sluice/model";
import { logService, type ProduceRequest, type ProduceResponse } from "@sluice/protocol";
import { RecordBatchBuilder } from "@sluice/record";
import type { RequiredAcks } from "@sluice/replication";
import type { Chance } from "../kernel/chance.js";
import type { ClusterSession } from "./cluster-session.js";
import type { History, Send } from "./history.js";

export interface ProducerOptions {
  readonly name: string;
  readonly topic: string;
  readonly partition: number;
  readonly acks: RequiredAcks;
  readonly isIdempotent: boolean;
  /** Batches under way at one time. */
  readonly inFlightMax: number;
  /** Longest pause between two batches, in milliseconds. */
  readonly pauseMsMax: number;
}

export interface ProducerDependencies {
  readonly session: ClusterSession;
  readonly history: History;
  readonly clock: Clock;
  readonly chance: Chance;
}

interface PendingBatch {
  readonly sends: readonly Send[];
  readonly baseSequence: number;
  /** Of the newest try; answers to earlier ones do not count. */
  correlationId: number;
}

const recordsMax = 4;
const paddingBytesMax = 200;
/** A request without an answer for so long is given up, and its stream with it. */
const requestTimeoutMs = 4000;

export class Producer {
  readonly #options: ProducerOptions;
  readonly #dependencies: ProducerDependencies;
  readonly #pending: PendingBatch[] = [];
  #producerId = -1;
  #nextSequence = 0;
  #nextIndex = 0;
  #nextCorrelationId = 1;
  #stream: MessageStream<ProduceRequest> | undefined;
  #timeout: Timer | undefined;
  #isConnecting = false;
  #isStopping = false;

  constructor(options: ProducerOptions, dependencies: ProducerDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /** Sends that have no outcome yet. */
  get pendingCount(): number {
    return this.#pending.length;
  }

  /** Sends until `stop`. */
  async run(): Promise<void> {
    const { session, clock, chance } = this.#dependencies;
    if (this.#options.isIdempotent) {
      const answer = await session.untilAnswered((connection) =>
        connection.call(logService.initProducerId, {}, { timeoutMs: requestTimeoutMs }),
      );
      this.#producerId = answer.producerId;
    }
    while (!this.#isStopping) {
      if (this.#pending.length < this.#options.inFlightMax) this.#sendNew();
      await sleep(clock, chance.between(0, this.#options.pauseMsMax));
    }
  }

  /** Sends nothing new; what is pending is finished. */
  stop(): void {
    this.#isStopping = true;
  }

  #sendNew(): void {
    const { topic, partition, acks, isIdempotent, name } = this.#options;
    const { chance, history } = this.#dependencies;
    const sends = Array.from({ length: chance.integer(1, recordsMax) }, (): Send => {
      const index = this.#nextIndex++;
      const id = `${name}-${index}`;
      return { id, producer: name, index, topic, partition, acks, isIdempotent, state: "unknown", offset: undefined };
    });
    for (const send of sends) history.sent(send);
    const batch: PendingBatch = { sends, baseSequence: this.#nextSequence, correlationId: 0 };
    this.#nextSequence += sends.length;
    this.#pending.push(batch);
    if (this.#stream === undefined) void this.#connect();
    else this.#transmit(batch);
  }

  #transmit(batch: PendingBatch): void {
    const { topic, partition, acks } = this.#options;
    batch.correlationId = this.#nextCorrelationId++;
    const records = this.#bytesOf(batch);
    const { correlationId } = batch;
    this.#stream?.send({ correlationId, topic, partition, acks, leaderEpoch: undefined, records });
    if (acks === "none") this.#settle(batch);
    else this.#timeout ??= this.#dependencies.clock.setTimer(requestTimeoutMs, () => this.#lost());
  }

  /** The same every time: the broker recognises what it has. */
  #bytesOf(batch: PendingBatch): Buffer {
    const builder = new RecordBatchBuilder();
    for (const { id, index } of batch.sends) {
      const padding = "x".repeat((index * 37) % paddingBytesMax);
      builder.append({ timestampMs: 1_700_000_000_000 + index, key: null, value: Buffer.from(`${id} ${padding}`) });
    }
    if (!this.#options.isIdempotent) return builder.build();
    return builder.build({ producerId: this.#producerId, producerEpoch: 0, baseSequence: batch.baseSequence });
  }

  async #connect(): Promise<void> {
    if (this.#isConnecting) return;
    this.#isConnecting = true;
    const { session } = this.#dependencies;
    let leader: TransportConnection | undefined;
    while (leader === undefined && this.#pending.length > 0) {
      leader = await session.findLeader(this.#options.topic, this.#options.partition);
      if (leader === undefined) await session.backoff();
    }
    this.#isConnecting = false;
    if (leader === undefined) return;
    const stream: MessageStream<ProduceRequest> = leader.open(logService.produce, {
      onMessage: (response) => this.#stream === stream && this.#answered(response),
      onEnd: () => this.#stream === stream && this.#lost(),
      onError: () => this.#stream === stream && this.#lost(),
    });
    this.#stream = stream;
    for (const batch of [...this.#pending]) this.#transmit(batch);
  }

  #answered(response: ProduceResponse): void {
    this.#restartTimeout();
    const batch = this.#pending.find(({ correlationId }) => correlationId === response.correlationId);
    if (batch === undefined) return;
    if (response.error === undefined) {
      for (const [place, send] of batch.sends.entries()) {
        this.#dependencies.history.acknowledged(send, response.baseOffset + place);
      }
      this.#settle(batch);
    } else if (this.#options.isIdempotent) this.#lost();
    else this.#refused(batch, response.error);
  }

  #refused(batch: PendingBatch, error: SluiceError): void {
    // Every code but this one says that nothing was appended.
    if (error.code !== "INDETERMINATE") for (const send of batch.sends) this.#dependencies.history.failed(send);
    this.#settle(batch);
    if (error.retriable) this.#lost();
  }

  /** The leader may be another: what is pending is sent again, or given up. */
  #lost(): void {
    this.#timeout?.cancel();
    this.#timeout = undefined;
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.end();
    if (!this.#options.isIdempotent) this.#pending.length = 0;
    if (this.#pending.length === 0) return;
    void this.#dependencies.session.backoff().then(() => this.#connect());
  }

  #settle(batch: PendingBatch): void {
    this.#pending.splice(this.#pending.indexOf(batch), 1);
  }

  #restartTimeout(): void {
    this.#timeout?.cancel();
    this.#timeout =
      this.#pending.length > 1 ? this.#dependencies.clock.setTimer(requestTimeoutMs, () => this.#lost()) : undefined;
  }
}
