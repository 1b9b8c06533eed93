/**
 * Log.Produce: appends the batches of one stream.
 *
 * Requests are taken in order and handed to their partitions in the same tick, so batches of one partition are appended in the
 * order in which they were sent. Answers go out as they are ready. Per message there is one decode, one check with CRC, and one
 * step of the partition's machine; nothing is done per record.
 *
 * Bound: while the requests without an answer hold `bytesInFlightMax`, or answers pile up unread, the stream is not read,
 * and HTTP/2 stops the producer. A refused request never ends the stream.
 */

import {
  type Clock,
  isInternalTopic,
  type MessageStream,
  type ServedMethod,
  SluiceError,
  type StreamListener,
  serveStream,
  toSluiceError,
} from "@sluice/model";
import { logService, type ProduceRequest, type ProduceResponse } from "@sluice/protocol";
import type { BrokerCounters } from "../broker-counters.js";
import type { ProduceResult, ProduceSink } from "../partition/partition-access.js";
import type { PartitionRegistry } from "../partition/partition-registry.js";
import type { DrainableStream, OpenStreams } from "./open-streams.js";

/** Batch bytes without an answer at which a stream is read no more. */
const bytesInFlightMax = 64 * 1024 * 1024;
/** ... and at which it is read again. */
const bytesInFlightResume = 48 * 1024 * 1024;

export interface ProduceHandlerDependencies {
  readonly partitions: PartitionRegistry;
  readonly counters: BrokerCounters;
  readonly clock: Clock;
  readonly streams: OpenStreams;
  readonly brokerId: number;
}

/** Serves Log.Produce. */
export function serveProduce(dependencies: ProduceHandlerDependencies): ServedMethod {
  return serveStream(logService.produce, (stream, { signal }) => {
    const produceStream = new ProduceStream(stream, dependencies);
    // Also when the client goes away after it said that it sends no more, which no listener hears of.
    signal.addEventListener("abort", () => produceStream.onError(), { once: true });
    return produceStream;
  });
}

class ProduceStream implements StreamListener<ProduceRequest>, DrainableStream {
  readonly #stream: MessageStream<ProduceResponse>;
  readonly #dependencies: ProduceHandlerDependencies;
  #bytesInFlight = 0;
  #requestsInFlight = 0;
  #isReadPaused = false;
  /** Answers pile up: the client does not read them. */
  #isSendBlocked = false;
  /** No more requests are taken: the client said so, or the broker stops. */
  #isClosing = false;
  #isStopping = false;
  #isBroken = false;

  constructor(stream: MessageStream<ProduceResponse>, dependencies: ProduceHandlerDependencies) {
    this.#stream = stream;
    this.#dependencies = dependencies;
    dependencies.streams.add(this);
  }

  onMessage(request: ProduceRequest): void {
    const { counters, clock } = this.#dependencies;
    const pending = new PendingProduce(this, request.correlationId, request.records.length, clock.monotonicMs());
    counters.produce.requests += 1;
    this.#requestsInFlight += 1;
    this.#bytesInFlight += pending.sizeBytes;
    try {
      this.#append(request, pending);
    } catch (error) {
      pending.onRefused(toSluiceError(error));
    }
    this.#updateReading();
  }

  onEnd(): void {
    this.#isClosing = true;
    this.#maybeEnd();
  }

  onError(): void {
    this.#isBroken = true;
    this.#dependencies.streams.remove(this);
  }

  onDrain(): void {
    this.#isSendBlocked = false;
    this.#updateReading();
  }

  drain(): void {
    this.#isClosing = true;
    this.#isStopping = true;
    this.#maybeEnd();
  }

  /** Answers a request. */
  answered(pending: PendingProduce, response: ProduceResponse): void {
    const { counters, clock } = this.#dependencies;
    this.#requestsInFlight -= 1;
    this.#bytesInFlight -= pending.sizeBytes;
    if (response.error === undefined) {
      counters.produce.bytes += pending.sizeBytes;
      counters.recordsProduced += pending.recordCount;
    } else counters.produce.countError(response.error.code);
    counters.produce.latency.observe(clock.monotonicMs() - pending.startMs);
    if (this.#isBroken) return;
    if (!this.#stream.send(response)) this.#isSendBlocked = true;
    this.#updateReading();
    this.#maybeEnd();
  }

  #append(request: ProduceRequest, pending: PendingProduce): void {
    if (this.#isStopping) throw new SluiceError("BROKER_STOPPING", { broker: this.#dependencies.brokerId });
    if (isInternalTopic(request.topic)) throw new SluiceError("INTERNAL_TOPIC", { topic: request.topic });
    const partition = this.#dependencies.partitions.ledOrThrow(request.topic, request.partition);
    const { recordCount } = partition.checkBatch(request.records);
    pending.recordCount = recordCount;
    const { records: batch, acks, leaderEpoch: clientEpoch } = request;
    partition.startProduce({ batch, recordCount, acks, clientEpoch }, pending);
  }

  #updateReading(): void {
    if (this.#isBroken) return;
    const isOver = this.#bytesInFlight >= (this.#isReadPaused ? bytesInFlightResume : bytesInFlightMax);
    const shouldPause = isOver || this.#isSendBlocked;
    if (shouldPause === this.#isReadPaused) return;
    this.#isReadPaused = shouldPause;
    if (shouldPause) this.#stream.pause();
    else this.#stream.resume();
  }

  #maybeEnd(): void {
    if (!this.#isClosing || this.#requestsInFlight > 0 || this.#isBroken) return;
    this.#isBroken = true;
    this.#dependencies.streams.remove(this);
    this.#stream.end();
  }
}

/** One request that has no answer yet. */
class PendingProduce implements ProduceSink {
  readonly sizeBytes: number;
  /** Arrival, on the monotonic clock. */
  readonly startMs: number;
  /** 0: its batch is not checked yet. */
  recordCount = 0;
  readonly #stream: ProduceStream;
  readonly #correlationId: number;

  constructor(stream: ProduceStream, correlationId: number, sizeBytes: number, startMs: number) {
    this.#stream = stream;
    this.#correlationId = correlationId;
    this.sizeBytes = sizeBytes;
    this.startMs = startMs;
  }

  onProduced(result: ProduceResult): void {
    this.#stream.answered(this, {
      correlationId: this.#correlationId,
      baseOffset: result.baseOffset,
      leaderEpoch: result.leaderEpoch,
      replicas: result.replicas,
      replicasFlushed: result.replicasFlushed,
      logStartOffset: result.logStartOffset,
      error: undefined,
      duplicate: false,
      logAppendTimeMs: 0,
    });
  }

  onRefused(error: SluiceError): void {
    this.#stream.answered(this, {
      correlationId: this.#correlationId,
      baseOffset: 0,
      leaderEpoch: 0,
      replicas: 0,
      replicasFlushed: 0,
      logStartOffset: 0,
      error,
      duplicate: false,
      logAppendTimeMs: 0,
    });
  }
}
