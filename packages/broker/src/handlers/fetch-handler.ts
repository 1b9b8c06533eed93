/**
 * Log.Fetch: answers each request of one stream once, with batches or, when its wait is over, without.
 *
 * Bounds: at most `requestsMax` requests have no answer; beyond that the stream is not read. Reads under way and what the
 * stream has not taken yet stay under `bytesReservedMax` together, but for one batch that is larger. A request for which
 * there is no room is held and made again when there is; a parked one holds no room.
 */

import {
  type Clock,
  type MessageStream,
  type ServedMethod,
  SluiceError,
  type StreamListener,
  serveStream,
  toSluiceError,
} from "@sluice/model";
import { type FetchRequest, type FetchResponse, logService } from "@sluice/protocol";
import type { BrokerCounters } from "../broker-counters.js";
import { noRecords } from "../partition/fetch-waiters.js";
import type { FetchResult, FetchSink } from "../partition/partition-access.js";
import type { PartitionRegistry } from "../partition/partition-registry.js";
import type { PartitionRuntime } from "../partition/partition-runtime.js";
import type { DrainableStream, OpenStreams } from "./open-streams.js";

/** Requests without an answer at which a stream is read no more. */
const requestsMax = 4096;
/** Bytes that the reads of one stream may take up at one time. */
const bytesReservedMax = 16 * 1024 * 1024;

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
}

/** Serves Log.Fetch. */
export function serveFetch(options: FetchHandlerOptions, dependencies: FetchHandlerDependencies): ServedMethod {
  return serveStream(logService.fetch, (stream, { signal }) => {
    const fetchStream = new FetchStream(stream, options, dependencies);
    // Also when the client goes away after it said that it sends no more, which no listener hears of.
    signal.addEventListener("abort", () => fetchStream.onError(), { once: true });
    return fetchStream;
  });
}

class FetchStream implements StreamListener<FetchRequest>, DrainableStream {
  readonly #stream: MessageStream<FetchResponse>;
  readonly #options: FetchHandlerOptions;
  readonly #dependencies: FetchHandlerDependencies;
  /** Requests without an answer. */
  readonly #pending = new Set<PendingFetch>();
  /** Those of them that wait for room, in order. */
  readonly #held: PendingFetch[] = [];
  #bytesReserved = 0;
  #isReadPaused = false;
  /** The client does not take what was sent. */
  #isSendBlocked = false;
  #isStartingHeld = false;
  #isClosing = false;
  #isBroken = false;
  #stopping: SluiceError | undefined;

  constructor(
    stream: MessageStream<FetchResponse>,
    options: FetchHandlerOptions,
    dependencies: FetchHandlerDependencies,
  ) {
    this.#stream = stream;
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
    this.#held.length = 0;
  }

  onDrain(): void {
    this.#isSendBlocked = false;
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

  /** Gives a read room, or holds its request until there is. */
  tryReserve(pending: PendingFetch, sizeBytesMax: number): boolean {
    const hasRoom = this.#bytesReserved === 0 || this.#bytesReserved + sizeBytesMax <= bytesReservedMax;
    if (this.#isSendBlocked || !hasRoom) {
      this.#held.push(pending);
      return false;
    }
    pending.reservedBytes = sizeBytesMax;
    this.#bytesReserved += sizeBytesMax;
    return true;
  }

  /** Answers a request. */
  answered(pending: PendingFetch, response: FetchResponse): void {
    const { counters, clock } = this.#dependencies;
    this.#bytesReserved -= pending.reservedBytes;
    this.#pending.delete(pending);
    if (response.error === undefined) counters.fetch.bytes += response.records.length;
    else counters.fetch.countError(response.error.code);
    counters.fetch.latency.observe(clock.monotonicMs() - pending.startMs);
    if (this.#isBroken) return;
    if (!this.#stream.send(response)) this.#isSendBlocked = true;
    this.#startHeld();
    this.#updateReading();
    this.#maybeEnd();
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
    this.#dependencies.streams.remove(this);
    this.#stream.end();
  }
}

/** One request that has no answer yet. */
class PendingFetch implements FetchSink {
  readonly request: FetchRequest;
  /** Arrival, on the monotonic clock. */
  readonly startMs: number;
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
        clientEpoch: this.request.leaderEpoch,
      },
      this,
    );
  }

  /** No answer any more. */
  cancel(): void {
    this.#partition?.cancelFetch(this.#requestId);
  }

  tryReserve(sizeBytesMax: number): boolean {
    return this.#stream.tryReserve(this, sizeBytesMax);
  }

  onFetched(result: FetchResult): void {
    this.#stream.answered(this, {
      correlationId: this.request.correlationId,
      highWatermark: result.highWatermark,
      logStartOffset: result.logStartOffset,
      leaderEpoch: result.leaderEpoch,
      error: undefined,
      records: result.records,
    });
  }

  onFetchRefused(error: SluiceError): void {
    this.#stream.answered(this, {
      correlationId: this.request.correlationId,
      highWatermark: 0,
      logStartOffset: 0,
      leaderEpoch: 0,
      error,
      records: noRecords,
    });
  }
}
