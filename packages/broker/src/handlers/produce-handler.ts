/**
 * Log.Produce: appends the batches of one stream.
 *
 * Requests are taken in order and handed to their partitions in the same tick, so batches of one partition are appended in the
 * order in which they were sent; those for a partition that is about to be led here wait for that. Answers go out as they are ready. Per message there is one decode, one check with CRC, and one
 * step of the partition's machine; nothing is done per record.
 *
 * Bound: while the requests without an answer hold `bytesInFlightMax`, or answers pile up unread, the stream is not read,
 * and HTTP/2 stops the producer. While those of all streams hold `allBytesInFlightMax`, each stream may have but a small share, so
 * that producers which never wait slow the others down and never stop them. A refused request never ends the stream.
 */

import {
  type CallContext,
  type Clock,
  isInternalTopic,
  isSluiceError,
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
import type { SlowRequestLog } from "../slow-request-log.js";
import { HeldRequests, type PartitionRequest } from "./held-requests.js";
import type { DrainableStream, OpenStreams } from "./open-streams.js";

/** Batch bytes without an answer at which a stream is read no more. */
const bytesInFlightMax = 64 * 1024 * 1024;
/** ... and at which it is read again. */
const bytesInFlightResume = 48 * 1024 * 1024;
/** Bytes of all streams from which on a stream that holds its share is read no more. */
const allBytesInFlightMax = 128 * 1024 * 1024;
const shareBytes = 1024 * 1024;

export interface ProduceHandlerDependencies {
  readonly partitions: PartitionRegistry;
  readonly counters: BrokerCounters;
  readonly clock: Clock;
  readonly streams: OpenStreams;
  readonly brokerId: number;
  /** Undefined: no request is slow. */
  readonly slowRequests?: SlowRequestLog;
}

/** Serves Log.Produce. */
export function serveProduce(dependencies: ProduceHandlerDependencies): ServedMethod {
  return serveStream(logService.produce, (stream, context) => {
    const { signal } = context;
    const produceStream = new ProduceStream(stream, context, dependencies);
    // Also when the client goes away after it said that it sends no more, which no listener hears of.
    signal.addEventListener("abort", () => produceStream.onError(), { once: true });
    return produceStream;
  });
}

/** A request that waits for this broker to lead its partition. */
interface HeldProduce extends PartitionRequest {
  readonly request: ProduceRequest;
  readonly pending: PendingProduce;
}

class ProduceStream implements StreamListener<ProduceRequest>, DrainableStream {
  readonly #stream: MessageStream<ProduceResponse>;
  readonly #caller: CallContext;
  readonly #dependencies: ProduceHandlerDependencies;
  readonly #held = new HeldRequests<HeldProduce>({ resume: ({ request, pending }) => this.#take(request, pending) });
  #bytesInFlight = 0;
  #requestsInFlight = 0;
  #isReadPaused = false;
  /** Answers pile up: the client does not read them. */
  #isSendBlocked = false;
  /** No more requests are taken: the client said so, or the broker stops. */
  #isClosing = false;
  #isStopping = false;
  #isBroken = false;

  constructor(stream: MessageStream<ProduceResponse>, caller: CallContext, dependencies: ProduceHandlerDependencies) {
    this.#stream = stream;
    this.#caller = caller;
    this.#dependencies = dependencies;
    dependencies.streams.add(this);
  }

  onMessage(request: ProduceRequest): void {
    const { counters, clock } = this.#dependencies;
    const pending = new PendingProduce(this, request, clock.monotonicMs());
    counters.produce.requests += 1;
    counters.produceRequestsInFlight += 1;
    counters.produceBytesInFlight += pending.sizeBytes;
    this.#requestsInFlight += 1;
    this.#bytesInFlight += pending.sizeBytes;
    this.#take(request, pending);
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
    this.#requestsInFlight -= 1;
    this.#bytesInFlight -= pending.sizeBytes;
    this.#count(pending, response);
    if (this.#isBroken) return;
    if (!this.#stream.send(response)) this.#isSendBlocked = true;
    this.#updateReading();
    this.#maybeEnd();
  }

  #count(pending: PendingProduce, response: ProduceResponse): void {
    const { counters, clock, slowRequests } = this.#dependencies;
    const { sizeBytes, recordCount, startMs, checkedMs, topic, partition } = pending;
    const nowMs = clock.monotonicMs();
    counters.produceRequestsInFlight -= 1;
    counters.produceBytesInFlight -= sizeBytes;
    if (response.error === undefined) {
      counters.produce.bytes += sizeBytes;
      counters.recordsProduced += recordCount;
      counters.topics.produced(topic, recordCount, sizeBytes);
    } else counters.produce.countError(response.error.code);
    counters.produce.latency.observe(nowMs - startMs);
    counters.produceCheck.observe(checkedMs - startMs);
    counters.produceAppend.observe(nowMs - checkedMs);
    if (slowRequests === undefined || nowMs - startMs <= slowRequests.thresholdMs) return;
    slowRequests.report({
      method: logService.produce.path,
      clientId: this.#caller.clientId,
      peer: this.#caller.peer,
      topic,
      partition,
      totalMs: nowMs - startMs,
      stages: { check: checkedMs - startMs, append: nowMs - checkedMs },
      ...(response.error === undefined ? {} : { code: response.error.code }),
    });
  }

  #take(request: ProduceRequest, pending: PendingProduce): void {
    const { topic, partition } = request;
    if (this.#held.queues({ topic, partition, request, pending })) return;
    try {
      this.#append(request, pending);
    } catch (error) {
      const isTaken = isSluiceError(error, "LEADER_NOT_AVAILABLE") ? this.#takingLead(request) : undefined;
      if (isTaken === undefined) pending.onRefused(toSluiceError(error));
      else this.#held.hold({ topic, partition, request, pending }, isTaken);
    }
  }

  #takingLead({ topic, partition }: ProduceRequest): Promise<void> | undefined {
    return this.#dependencies.partitions.takingLead(topic, partition);
  }

  #append(request: ProduceRequest, pending: PendingProduce): void {
    if (this.#isStopping) throw new SluiceError("BROKER_STOPPING", { broker: this.#dependencies.brokerId });
    if (isInternalTopic(request.topic)) throw new SluiceError("INTERNAL_TOPIC", { topic: request.topic });
    const partition = this.#dependencies.partitions.ledOrThrow(request.topic, request.partition);
    const accepted = partition.acceptBatch(request.records);
    pending.recordCount = accepted.header.recordCount;
    pending.checkedMs = this.#dependencies.clock.monotonicMs();
    partition.startProduce({ ...accepted, acks: request.acks, clientEpoch: request.leaderEpoch }, pending);
  }

  #updateReading(): void {
    if (this.#isBroken) return;
    const isShort = this.#dependencies.counters.produceBytesInFlight >= allBytesInFlightMax;
    const isOver =
      this.#bytesInFlight >= (isShort ? shareBytes : this.#isReadPaused ? bytesInFlightResume : bytesInFlightMax);
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
  /** When its batch had been checked; its arrival while it is not. */
  checkedMs: number;
  /** 0: its batch is not checked yet. */
  recordCount = 0;
  readonly topic: string;
  readonly partition: number;
  readonly #stream: ProduceStream;
  readonly #correlationId: number;

  constructor(stream: ProduceStream, request: ProduceRequest, startMs: number) {
    this.#stream = stream;
    // Not the request: it would keep the batch after the log has it.
    this.#correlationId = request.correlationId;
    this.topic = request.topic;
    this.partition = request.partition;
    this.sizeBytes = request.records.length;
    this.startMs = startMs;
    this.checkedMs = startMs;
  }

  onProduced(result: ProduceResult): void {
    // Counted when they were appended.
    if (result.isDuplicate) this.recordCount = 0;
    this.#stream.answered(this, {
      correlationId: this.#correlationId,
      baseOffset: result.baseOffset,
      leaderEpoch: result.leaderEpoch,
      replicas: result.replicas,
      replicasFlushed: result.replicasFlushed,
      logStartOffset: result.logStartOffset,
      error: undefined,
      duplicate: result.isDuplicate,
      logAppendTimeMs: result.logAppendTimeMs,
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
