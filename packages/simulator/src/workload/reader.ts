/** A reader of one partition over raw protocol messages: everything committed from offset 0 on, from whoever leads. */

import type { Clock, MessageStream, Timer, TransportConnection } from "@sluice/model";
import { type FetchRequest, type FetchResponse, logService } from "@sluice/protocol";
import { batchesIn, batchLeaderEpoch, recordsIn, verifyBatchChecksum } from "@sluice/record";
import type { ClusterSession } from "./cluster-session.js";
import { type History, sendIdOf } from "./history.js";

export interface ReaderOptions {
  readonly name: string;
  readonly topic: string;
  readonly partition: number;
}

export interface ReaderDependencies {
  readonly session: ClusterSession;
  readonly history: History;
  readonly clock: Clock;
}

const maxBytes = 4096;
const maxWaitMs = 300;
/** Without an answer for so long the stream is given up. */
const requestTimeoutMs = 3000;

export class Reader {
  readonly topic: string;
  readonly partition: number;
  readonly #options: ReaderOptions;
  readonly #dependencies: ReaderDependencies;
  #position = 0;
  /** Leader epoch of the last record before it; undefined: there is none. */
  #lastEpoch: number | undefined;
  #correlationId = 0;
  #stream: MessageStream<FetchRequest> | undefined;
  #timeout: Timer | undefined;
  #isStopped = false;

  constructor(options: ReaderOptions, dependencies: ReaderDependencies) {
    this.topic = options.topic;
    this.partition = options.partition;
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /** The next offset that it reads. */
  get position(): number {
    return this.#position;
  }

  /** Reads until `stop`. */
  async run(): Promise<void> {
    const { session } = this.#dependencies;
    let leader: TransportConnection | undefined;
    while (leader === undefined && !this.#isStopped) {
      leader = await session.findLeader(this.topic, this.partition);
      if (leader === undefined) await session.backoff();
    }
    if (leader === undefined) return;
    const stream: MessageStream<FetchRequest> = leader.open(logService.fetch, {
      onMessage: (response) => this.#stream === stream && this.#answered(response),
      onEnd: () => this.#stream === stream && this.#lost(),
      onError: () => this.#stream === stream && this.#lost(),
    });
    this.#stream = stream;
    this.#ask();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timeout?.cancel();
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.end();
  }

  #ask(): void {
    this.#correlationId += 1;
    const { topic, partition } = this;
    const where = {
      topic,
      partition,
      fetchOffset: this.#position,
      leaderEpoch: undefined,
      lastFetchedEpoch: this.#lastEpoch,
    };
    this.#timeout = this.#dependencies.clock.setTimer(requestTimeoutMs, () => this.#lost());
    this.#stream?.send({ correlationId: this.#correlationId, ...where, maxBytes, maxWaitMs, minBytes: 1 });
  }

  #answered(response: FetchResponse): void {
    if (response.correlationId !== this.#correlationId) return;
    this.#timeout?.cancel();
    if (response.error !== undefined) {
      const { history } = this.#dependencies;
      const { code, retriable } = response.error;
      if (!retriable) history.readerRefused(this.#options.name, this.topic, this.partition, this.#position, code);
      this.#lost();
      return;
    }
    for (const batch of batchesIn(response.records)) {
      // What has rotten is no answer: it is asked for again.
      if (!verifyBatchChecksum(batch, 0, batch.length)) {
        this.#lost();
        return;
      }
      this.#take(batch);
    }
    this.#ask();
  }

  #take(batch: Buffer): void {
    const { name, topic, partition } = this.#options;
    this.#lastEpoch = batchLeaderEpoch(batch, 0);
    for (const record of recordsIn(batch)) {
      if (record.offset < this.#position) continue;
      this.#position = record.offset + 1;
      const sendId = sendIdOf(record.value);
      this.#dependencies.history.read({ reader: name, topic, partition, offset: record.offset, sendId });
    }
  }

  #lost(): void {
    this.#timeout?.cancel();
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.end();
    if (!this.#isStopped) void this.#dependencies.session.backoff().then(() => this.run());
  }
}
