/**
 * Log.Fetch: answers each request of one stream once, with batches or, when its wait is over, without.
 *
 * Bounds: at most `requestsMax` requests have no answer; beyond that the stream is not read. Reads under way and what the
 * stream has not taken yet stay under `bytesReservedMax` together, but for one batch that is larger; all streams share a
 * `FetchMemory`. A request for which there is no room is held and made again when there is, in order; a parked one holds no room.
 */

import {
  type CallContext,
  type Clock,
  type MessageStream,
  type ServedMethod,
  SluiceError,
  type StreamListener,
  serveStream,
  toSluiceError,
} from "@sluice/model";
import { type FetchRequest, type FetchResponse, logService } from "@sluice/protocol";
import type { EpochEnd } from "@sluice/replication";
import type { BrokerCounters } from "../broker-counters.js";
import { noRecords } from "../partition/fetch-waiters.js";
import type { FetchResult, FetchSink } from "../partition/partition-access.js";
import type { PartitionRegistry } from "../partition/partition-registry.js";
import type { PartitionRuntime } from "../partition/partition-runtime.js";
import type { SlowRequestLog } from "../slow-request-log.js";
import { FetchMemory } from "./fetch-memory.js";
import type { DrainableStream, OpenStreams } from "./open-streams.js";

/** Requests without an answer at which a stream is read no more. */
const requestsMax = 4096;
/** Bytes that the reads of one stream may take up at one time. */
const bytesReservedMax = 16 * 1024 * 1024;
/** Bytes that all streams may hold at one time. */
const memoryBytesMax = 128 * 1024 * 1024;

export interface FetchHandlerOptions {
  readonly brokerId: number;
  /** Most bytes of one answer, whatever the request says; one batch is sent however large. */
  readonly fetchMaxBytes: number;
}

export interface FetchHandlerDependencies {
  readonly partitions: PartitionRegistry;
  readonly counters: BrokerCounters;
  readonly clock: Clock;
  readonly streams: OpenStreams;
  /** Undefined: no request is slow. */
  readonly slowRequests?: SlowRequestLog;
  /** Bytes that all streams may hold at one time. Default: 128 MiB. */
  readonly memoryBytesMax?: number;
}

interface FetchStreamDependencies extends FetchHandlerDependencies {
  readonly memory: FetchMemory;
}

/** Serves Log.Fetch. */
export function serveFetch(options: FetchHandlerOptions, dependencies: FetchHandlerDependencies): ServedMethod {
  const memory = new FetchMemory(dependencies.memoryBytesMax ?? memoryBytesMax);
  return serveStream(logService.fetch, (stream, context) => {
    const { signal } = context;
    const fetchStream = new FetchStream({ stream, caller: context }, options, { ...dependencies, memory });
    // Also when the client goes away after it said that it sends no more, which no listener hears of.
    signal.addEventListener("abort", () => fetchStream.onError(), { once: true });
    return fetchStream;
  });
}

class FetchStream implements StreamListener<FetchRequest>, DrainableStream {
  readonly #stream: MessageStream<FetchResponse>;
  readonly #caller: CallContext;
  readonly #options: FetchHandlerOptions;
  readonly #dependencies: FetchStreamDependencies;
  /** Requests without an answer. */
  readonly #pending = new Set<PendingFetch>();
  /** Those of them that wait for room, in order. */
  readonly #held: PendingFetch[] = [];
  #bytesReserved = 0;
  /** Bytes of answers that the client has not taken. */
  #bytesUnsent = 0;
  #isReadPaused = false;
  /** The client does not take what was sent. */
  #isSendBlocked = false;
  #isStartingHeld = false;
  #isClosing = false;
  #isBroken = false;
  #stopping: SluiceError | undefined;

  constructor(
    call: { readonly stream: MessageStream<FetchResponse>; readonly caller: CallContext },
    options: FetchHandlerOptions,
    dependencies: FetchStreamDependencies,
  ) {
    this.#stream = call.stream;
    this.#caller = call.caller;
    this.#options = options;
    this.#dependencies = dependencies;
    dependencies.streams.add(this);
  }

  onMessage(request: FetchRequest): void {
    const { counters, clock } = this.#dependencies;
    counters.fetch.requests += 1;
    const sizeBytesMax = Math.min(Math.max(request.maxBytes, 1), this.#options.fetchMaxBytes);
    const pending = new PendingFetch(this, request, sizeBytesMax, clock.monotonicMs());
    this.#pending.add(pending);
    this.#start(pending);
    this.#updateReading();
  }

  onEnd(): void {
    this.#isClosing = true;
    this.#maybeEnd();
  }

  onError(): void {
    this.#isBroken = true;
    this.#dependencies.streams.remove(this);
    for (const pending of this.#pending) pending.cancel();
    this.#pending.clear();
    this.#dependencies.memory.give(this.#bytesReserved + this.#bytesUnsent);
    this.#bytesReserved = 0;
    this.#bytesUnsent = 0;
    this.#dependencies.counters.fetchesHeld -= this.#held.length;
    this.#held.length = 0;
  }

  onDrain(): void {
    this.#isSendBlocked = false;
    this.#dependencies.memory.give(this.#bytesUnsent);
    this.#bytesUnsent = 0;
    this.#startHeld();
  }

  drain(): void {
    this.#stopping = new SluiceError("BROKER_STOPPING", { broker: this.#options.brokerId });
    this.#isClosing = true;
    for (const pending of [...this.#pending]) {
      // A read that is under way is answered with its records.
      if (pending.reservedBytes > 0) continue;
      pending.cancel();
      pending.onFetchRefused(this.#stopping);
    }
    this.#maybeEnd();
  }

  /** Gives a read room, or holds its request until there is. Returns the bytes that it may read; 0: it is held. */
  reserve(pending: PendingFetch, sizeBytesMax: number): number {
    // Behind those that wait for room already, or one that wants much would wait for ever beside many that want little.
    const isBehind = this.#held.length > 0 && !this.#isStartingHeld;
    const hasRoom = this.#bytesReserved === 0 || this.#bytesReserved + sizeBytesMax <= bytesReservedMax;
    const isHeld = this.#isSendBlocked || isBehind || !hasRoom;
    const bytes = isHeld ? 0 : this.#dependencies.memory.take(sizeBytesMax, this.#bytesReserved);
    if (bytes === 0) {
      this.#held.push(pending);
      this.#dependencies.counters.fetchesHeld += 1;
      return 0;
    }
    pending.readStartMs = this.#dependencies.clock.monotonicMs();
    pending.reservedBytes = bytes;
    this.#bytesReserved += bytes;
    return bytes;
  }

  /** Takes back the room of a read whose request waits on. */
  release(pending: PendingFetch): void {
    this.#giveBack(pending);
    pending.readStartMs = undefined;
    if (this.#stopping !== undefined) {
      pending.cancel();
      pending.onFetchRefused(this.#stopping);
    }
    this.#startHeld();
  }

  /** Answers a request. */
  answered(pending: PendingFetch, response: FetchResponse): void {
    this.#giveBack(pending);
    this.#pending.delete(pending);
    this.#count(pending, response);
    if (this.#isBroken) return;
    if (!this.#stream.send(response)) this.#keepUnsent(response.records.length);
    this.#startHeld();
    this.#updateReading();
    this.#maybeEnd();
  }

  #giveBack(pending: PendingFetch): void {
    if (this.#isBroken) return;
    this.#bytesReserved -= pending.reservedBytes;
    this.#dependencies.memory.give(pending.reservedBytes);
    pending.reservedBytes = 0;
  }

  /** The client does not take what was sent: until it does, that takes up room, whether or not there is any. */
  #keepUnsent(bytes: number): void {
    this.#isSendBlocked = true;
    this.#bytesUnsent += bytes;
    this.#dependencies.memory.give(-bytes);
  }

  #count({ request, startMs, readStartMs }: PendingFetch, response: FetchResponse): void {
    const { counters, clock, slowRequests } = this.#dependencies;
    const nowMs = clock.monotonicMs();
    if (response.error === undefined) {
      counters.fetch.bytes += response.records.length;
      counters.topics.fetched(request.topic, response.records.length);
    } else counters.fetch.countError(response.error.code);
    counters.fetch.latency.observe(nowMs - startMs);
    if (readStartMs === undefined) return;
    const readMs = nowMs - readStartMs;
    counters.fetchRead.observe(readMs);
    // The time before is what its client asked to wait for, or what it did not take answers for.
    if (slowRequests === undefined || readMs <= slowRequests.thresholdMs) return;
    slowRequests.report({
      method: logService.fetch.path,
      clientId: this.#caller.clientId,
      peer: this.#caller.peer,
      topic: request.topic,
      partition: request.partition,
      totalMs: readMs,
      stages: { read: readMs, waitedBefore: readStartMs - startMs },
      ...(response.error === undefined ? {} : { code: response.error.code }),
    });
  }

  #start(pending: PendingFetch): void {
    try {
      if (this.#stopping !== undefined) throw this.#stopping;
      const { topic, partition } = pending.request;
      pending.start(this.#dependencies.partitions.ledOrThrow(topic, partition), this.#dependencies.clock);
    } catch (error) {
      pending.onFetchRefused(toSluiceError(error));
    }
  }

  /** Makes held requests again, in order, as long as there is room. */
  #startHeld(): void {
    if (this.#isStartingHeld) return;
    this.#isStartingHeld = true;
    while (this.#held.length > 0 && !this.#isSendBlocked && this.#bytesReserved < bytesReservedMax) {
      const pending = this.#held.shift() as PendingFetch;
      this.#dependencies.counters.fetchesHeld -= 1;
      if (!this.#pending.has(pending)) continue;
      this.#start(pending);
      if (this.#held.at(-1) !== pending) continue;
      // Held again: it stays the first.
      this.#held.unshift(this.#held.pop() as PendingFetch);
      break;
    }
    this.#isStartingHeld = false;
  }

  #updateReading(): void {
    const shouldPause = this.#pending.size >= requestsMax;
    if (shouldPause === this.#isReadPaused || this.#isBroken) return;
    this.#isReadPaused = shouldPause;
    if (shouldPause) this.#stream.pause();
    else this.#stream.resume();
  }

  #maybeEnd(): void {
    if (!this.#isClosing || this.#pending.size > 0 || this.#isBroken) return;
    this.#isBroken = true;
    this.#dependencies.memory.give(this.#bytesUnsent);
    this.#bytesUnsent = 0;
    this.#dependencies.streams.remove(this);
    this.#stream.end();
  }
}

/** One request that has no answer yet. */
class PendingFetch implements FetchSink {
  readonly request: FetchRequest;
  /** Arrival, on the monotonic clock. */
  readonly startMs: number;
  /** When its read began; undefined: it has not. */
  readStartMs: number | undefined;
  /** Room that its read takes up; 0: it is not being read. */
  reservedBytes = 0;
  readonly #stream: FetchStream;
  readonly #sizeBytesMax: number;
  #partition: PartitionRuntime | undefined;
  #requestId = 0;

  constructor(stream: FetchStream, request: FetchRequest, sizeBytesMax: number, startMs: number) {
    this.#stream = stream;
    this.request = request;
    this.#sizeBytesMax = sizeBytesMax;
    this.startMs = startMs;
  }

  /** Begins, or begins again after it was held: what is left of its wait counts. */
  start(partition: PartitionRuntime, clock: Clock): void {
    const waitedMs = clock.monotonicMs() - this.startMs;
    this.#partition = partition;
    this.#requestId = partition.startFetch(
      {
        fromOffset: this.request.fetchOffset,
        sizeBytesMax: this.#sizeBytesMax,
        waitMsMax: Math.max(0, this.request.maxWaitMs - waitedMs),
        minBytes: this.request.minBytes,
        clientEpoch: this.request.leaderEpoch,
        lastFetchedEpoch: this.request.lastFetchedEpoch,
      },
      this,
    );
  }

  /** No answer any more. */
  cancel(): void {
    this.#partition?.cancelFetch(this.#requestId);
  }

  reserve(sizeBytesMax: number): number {
    return this.#stream.reserve(this, sizeBytesMax);
  }

  release(): void {
    this.#stream.release(this);
  }

  onFetched(result: FetchResult): void {
    this.#stream.answered(this, {
      correlationId: this.request.correlationId,
      highWatermark: result.highWatermark,
      logStartOffset: result.logStartOffset,
      leaderEpoch: result.leaderEpoch,
      error: undefined,
      diverging: undefined,
      records: result.records,
    });
  }

  onFetchRefused(error: SluiceError, diverging?: EpochEnd): void {
    this.#stream.answered(this, {
      correlationId: this.request.correlationId,
      highWatermark: 0,
      logStartOffset: 0,
      leaderEpoch: 0,
      error,
      diverging,
      records: noRecords,
    });
  }
}
