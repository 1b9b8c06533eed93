/**
 * Keeps the partitions of one reader fetched: one Fetch stream a leader, one request under way for each partition.
 *
 * The next request of a partition goes out as soon as the answer is there and its buffer has room, so that the broker always
 * holds a credit and records come as soon as they are committed. Refusals that pass (a leader that moved, a broker that
 * stopped) are retried for as long as it takes and seen by nobody; the rest is given out as the partition's error. A new leader
 * is asked as soon as it is known, whatever the old one still owes.
 */

import { addressText, type BrokerAddress, isSluiceError, SluiceError, toSluiceError } from "@sluice/model";
import type { FetchResponse } from "@sluice/protocol";
import type { ClientDependencies } from "../client-dependencies.js";
import { unknownTopicWaitMs } from "../metadata-cache.js";
import { WakeUp } from "../wake-up.js";
import { FetchStream } from "./fetch-stream.js";
import { FetchedChunk } from "./fetched-chunk.js";
import type { FetchedPartition } from "./fetched-partition.js";
import { type LogTruncation, truncationOf } from "./log-truncation.js";
import type { OffsetFinder } from "./offset-spec.js";
import type { TypedTopics } from "./typed-messages.js";

export interface FetcherOptions {
  /** Bytes that may be fetched and not given out, of all partitions; requests under way may add as much again. */
  readonly prefetchBytes: number;
  /** Bytes of one answer, and of what one partition may have in store before it is asked for more. */
  readonly maxBytesPerPartition: number;
  /** Bytes that a broker waits for. */
  readonly minBytes: number;
  /** Milliseconds that a broker waits for them. */
  readonly maxWaitMs: number;
  /** Where to go on when the offset wanted is not in the log. */
  readonly onOffsetOutOfRange: "earliest" | "latest" | "fail";
  /** False: a topic that is gone is waited for, because somebody else will take the partition back. */
  readonly failsOnUnknownTopic: boolean;
}

/** Told what was fetched. */
export interface FetchObserver {
  fetched(partition: FetchedPartition, sizeBytes: number): void;
}

/** However many partitions share the prefetched bytes, each asks for so many. */
const requestBytesMin = 65_536;

export type FetcherDependencies = ClientDependencies & {
  readonly finder: OffsetFinder;
  /** Undefined: no topic has types. */
  readonly typed?: TypedTopics | undefined;
  readonly observer?: FetchObserver | undefined;
};

export class Fetcher {
  /** Wakes when something can be taken, failed, or was given back. */
  readonly changed = new WakeUp();
  /** Called before a new partition is fetched. */
  onAdded: (partition: FetchedPartition) => void = () => undefined;
  readonly #options: FetcherOptions;
  readonly #dependencies: FetcherDependencies;
  readonly #streams = new Map<string, FetchStream>();
  #partitions: FetchedPartition[] = [];
  /** Removed, and somebody is still at work on them. */
  readonly #lingering = new Set<FetchedPartition>();
  readonly #stopListening: () => void;
  #nextToTake = 0;
  #lastTakenMs: number | undefined;
  #isClosed = false;

  constructor(options: FetcherOptions, dependencies: FetcherDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#stopListening = dependencies.metadata.onLeadersChanged((topics) => this.#leadersChanged(topics));
  }

  get partitions(): readonly FetchedPartition[] {
    return this.#partitions;
  }

  /** When messages were last given out, milliseconds since 1970. Undefined: never. */
  get lastTakenMs(): number | undefined {
    return this.#lastTakenMs;
  }

  add(partition: FetchedPartition): void {
    if (this.#isClosed) return;
    this.onAdded(partition);
    this.#dependencies.metadata.watch(partition.topic);
    this.#partitions.push(partition);
    this.#request(partition);
    this.changed.wake();
  }

  remove(partition: FetchedPartition): void {
    this.#partitions = this.#partitions.filter((other) => other !== partition);
    partition.isRemoved = true;
    if (partition.isBusy) this.#lingering.add(partition);
    partition.retryTimer?.cancel();
    partition.retryTimer = undefined;
    partition.seek(partition.position);
    this.changed.wake();
  }

  /** Breaks the stream that the partition is read from, where there is one, and asks for it again. */
  reopen(partition: FetchedPartition, error: SluiceError): void {
    const leader = this.#dependencies.metadata.leaderOf(partition.topic, partition.partition);
    const stream = leader === undefined ? undefined : this.#streams.get(streamKey(leader));
    stream?.abort(error);
    // Whatever was owed before is not waited for.
    if (partition.firstChunk === undefined && !partition.isBusy) this.seek(partition, partition.fetchOffset);
  }

  /** Goes on at `offset`, wherever the partition was. */
  seek(partition: FetchedPartition, offset: number): void {
    partition.retryTimer?.cancel();
    partition.retryTimer = undefined;
    partition.seek(offset);
    this.#request(partition);
    this.changed.wake();
  }

  /**
   * A partition with a chunk that nobody works on, each in turn; it is busy until `release`. Undefined: none at present.
   * @throws SluiceError the error of a partition that cannot be read any more
   */
  take(): FetchedPartition | undefined {
    const partitions = this.#partitions;
    for (let step = 0; step < partitions.length; step++) {
      const index = (this.#nextToTake + step) % partitions.length;
      const partition = partitions[index] as FetchedPartition;
      if (partition.isBusy || partition.isPaused || partition.isRevoked || this.#lingers(partition)) continue;
      if (partition.firstChunk === undefined) {
        if (partition.error !== undefined) throw partition.error;
        continue;
      }
      this.#nextToTake = index + 1;
      this.#lastTakenMs = this.#dependencies.clock.nowMs();
      partition.isBusy = true;
      return partition;
    }
    return undefined;
  }

  /** True: `take` would give a partition. */
  get hasReady(): boolean {
    return this.#partitions.some((partition) => isReady(partition) && !this.#lingers(partition));
  }

  /** All of the first chunk of a taken partition was given out; the partition stays with whoever has it. */
  advance(partition: FetchedPartition): void {
    const wasFull = this.#bufferedBytes() >= this.#options.prefetchBytes;
    partition.dropFirst();
    if (wasFull) this.#requestAll();
    else this.#request(partition);
  }

  /** Gives a taken partition back. `isFinished`: all of its first chunk was given out. */
  release(partition: FetchedPartition, options: { readonly isFinished: boolean }): void {
    const wasFull = this.#bufferedBytes() >= this.#options.prefetchBytes;
    partition.isBusy = false;
    this.#lingering.delete(partition);
    if (options.isFinished) partition.dropFirst();
    if (wasFull) this.#requestAll();
    else this.#request(partition);
    this.changed.wake();
  }

  /** Gives a taken partition back that cannot be read on: `take` throws `error` from now on, until a seek. */
  fail(partition: FetchedPartition, error: SluiceError): void {
    partition.isBusy = false;
    this.#lingering.delete(partition);
    partition.seek(partition.position);
    partition.error = error;
    this.changed.wake();
  }

  /** Asks for everything that can be asked for: after a resume. */
  resume(): void {
    this.#requestAll();
    this.changed.wake();
  }

  close(): void {
    this.#isClosed = true;
    this.#stopListening();
    for (const partition of [...this.#partitions]) this.remove(partition);
    const closed = new SluiceError("CLOSED", { subject: "The consumer" });
    for (const stream of [...this.#streams.values()]) stream.abort(closed);
    this.changed.wake();
  }

  /** It was lost and is had again, and somebody is still at work on what was had before. */
  #lingers({ topic, partition }: FetchedPartition): boolean {
    for (const other of this.#lingering) if (other.topic === topic && other.partition === partition) return true;
    return false;
  }

  #requestAll(): void {
    for (const partition of this.#partitions) this.#request(partition);
  }

  #request(partition: FetchedPartition): void {
    const { prefetchBytes, maxBytesPerPartition, maxWaitMs, minBytes } = this.#options;
    const isIdle = !partition.isFetching && partition.retryTimer === undefined && partition.error === undefined;
    const isWanted = partition.fetchOffset < partition.endOffset && !partition.isRevoked && !partition.isPaused;
    if (this.#isClosed || !isIdle || !isWanted || !this.#partitions.includes(partition)) return;
    if (partition.bufferedBytes >= maxBytesPerPartition || this.#bufferedBytes() >= prefetchBytes) return;
    const { topic, partition: number, fetchVersion, fetchOffset } = partition;
    const { metadata } = this.#dependencies;
    const leader = metadata.leaderOf(topic, number);
    if (leader === undefined) {
      this.#failed(partition, metadata.whyNoLeader(topic, number));
      return;
    }
    partition.isFetching = true;
    const { leaderEpoch } = leader;
    partition.askedEpoch = leaderEpoch;
    partition.askOf(metadata.topic(topic)?.id);
    const { fetchedEpoch: lastFetchedEpoch } = partition;
    const share = Math.max(requestBytesMin, Math.ceil(prefetchBytes / this.#partitions.length));
    const maxBytes = Math.min(maxBytesPerPartition, share);
    partition.lastAnswerMs ??= this.#dependencies.clock.monotonicMs();
    this.#stream(leader).request(
      { topic, partition: number, fetchOffset, leaderEpoch, maxBytes, maxWaitMs, minBytes, lastFetchedEpoch },
      {
        onAnswer: (response) => this.#answered(partition, fetchVersion, response),
        onBroken: (error) => this.#settled(partition, fetchVersion, error),
      },
    );
  }

  #leadersChanged(topics: ReadonlySet<string>): void {
    for (const partition of this.#partitions) {
      if (!topics.has(partition.topic)) continue;
      const leader = this.#dependencies.metadata.leaderOf(partition.topic, partition.partition);
      if (leader === undefined || leader.leaderEpoch <= partition.askedEpoch) continue;
      partition.abandonFetch();
      partition.retryTimer?.cancel();
      partition.retryTimer = undefined;
      this.#request(partition);
    }
  }

  #answered(partition: FetchedPartition, fetchVersion: number, response: FetchResponse): void {
    if (partition.fetchVersion !== fetchVersion) return; // Sought elsewhere, or led elsewhere, since: that has a request of its own.
    if (response.error !== undefined) {
      this.#settled(partition, fetchVersion, response.error, response.diverging);
      return;
    }
    partition.retries = 0;
    partition.unknownSinceMs = undefined;
    partition.highWatermark = response.highWatermark;
    // An answer with nothing in it counts where it says that there is nothing more: see `stream-watchdog`.
    if (response.records.length > 0 || response.highWatermark <= partition.fetchOffset) {
      partition.lastAnswerMs = this.#dependencies.clock.monotonicMs();
      partition.isStalled = false;
    }
    if (response.records.length > 0) this.#received(partition, response);
    this.#settled(partition, fetchVersion, undefined);
  }

  #received(partition: FetchedPartition, response: FetchResponse): void {
    try {
      const { fetchOffset: fromOffset, endOffset } = partition;
      const { records: bytes, highWatermark } = response;
      const { typed, observer } = this.#dependencies;
      const maker = typed?.makerFor(partition.topic);
      partition.add(new FetchedChunk(partition, { bytes, fromOffset, endOffset, highWatermark, maker }));
      observer?.fetched(partition, bytes.length);
    } catch (error) {
      partition.error = toSluiceError(error);
    }
    this.changed.wake();
  }

  /** The answer is there, or will never come: the next request may go out. */
  #settled(
    partition: FetchedPartition,
    fetchVersion: number,
    error: SluiceError | undefined,
    diverging?: FetchResponse["diverging"],
  ): void {
    if (partition.fetchVersion !== fetchVersion) return;
    partition.isFetching = false;
    if (error === undefined) this.#request(partition);
    else this.#failed(partition, error, diverging);
  }

  #failed(partition: FetchedPartition, error: SluiceError, diverging?: FetchResponse["diverging"]): void {
    if (this.#isClosed || !this.#partitions.includes(partition)) return;
    const truncation = truncationOf(error, {
      topic: partition.topic,
      partition: partition.partition,
      fetchOffset: partition.fetchOffset,
      fetchedEpoch: partition.fetchedEpoch,
      leaderEpoch: partition.askedEpoch,
      diverging,
    });
    if (truncation !== undefined) {
      this.#truncated(partition, truncation);
      return;
    }
    if (isSluiceError(error, "OFFSET_OUT_OF_RANGE") && this.#options.onOffsetOutOfRange !== "fail") {
      this.#resetLater(partition, this.#options.onOffsetOutOfRange);
      return;
    }
    if (error.retriable && !this.#isGone(partition, error)) {
      this.#retryLater(partition, error);
      return;
    }
    partition.error = error;
    this.changed.wake();
  }

  /** What was read is not in the log any more. Where the reader goes on, it goes on at the end of what is left. */
  #truncated(partition: FetchedPartition, { error, endOffset, leaderEpoch }: LogTruncation): void {
    if (this.#options.onOffsetOutOfRange === "fail") {
      partition.error = error;
      this.changed.wake();
      return;
    }
    const { topic, partition: number, position, processed } = partition;
    this.#dependencies.logger.error(
      { topic, partition: number, position, endOffset, error },
      "records that were read are gone",
    );
    // The epoch of what is left is the leader's: what was known of epochs before it is gone with the records.
    const epochBefore = (offset: number): number | undefined => (offset < endOffset ? undefined : leaderEpoch);
    if (processed !== undefined) {
      const kept = Math.min(processed, endOffset);
      partition.markProcessed(kept, epochBefore(kept));
    }
    partition.seek(Math.min(position, endOffset));
    partition.fetchedEpoch = epochBefore(partition.fetchOffset);
    this.#request(partition);
    this.changed.wake();
  }

  #isGone(partition: FetchedPartition, error: SluiceError): boolean {
    const isUnknown = error.code === "UNKNOWN_TOPIC" || error.code === "UNKNOWN_PARTITION";
    if (!isUnknown || !this.#options.failsOnUnknownTopic) return false;
    const nowMs = this.#dependencies.clock.monotonicMs();
    partition.unknownSinceMs ??= nowMs;
    return nowMs - partition.unknownSinceMs >= unknownTopicWaitMs;
  }

  #retryLater(partition: FetchedPartition, error: SluiceError): void {
    const { clock, policy, metadata, logger } = this.#dependencies;
    const { topic, partition: number } = partition;
    const delayMs = policy.delayMs(partition.retries++);
    logger.debug({ topic, partition: number, code: error.code, delayMs }, "fetch failed, will retry");
    partition.retryTimer = clock.setTimer(delayMs, () => {
      const timer = partition.retryTimer;
      const again = (): void => {
        if (partition.retryTimer !== timer) return; // Sought or removed meanwhile.
        partition.retryTimer = undefined;
        this.#request(partition);
      };
      metadata.refresh([topic]).then(again, (refreshError: unknown) => {
        if (partition.retryTimer !== timer) return;
        partition.retryTimer = undefined;
        this.#failed(partition, toSluiceError(refreshError));
      });
    });
  }

  #resetLater(partition: FetchedPartition, to: "earliest" | "latest"): void {
    const { finder, logger } = this.#dependencies;
    const { topic, partition: number, fetchVersion, fetchOffset } = partition;
    partition.isFetching = true;
    finder.find([{ topic, partition: number, offset: to }]).then(
      ([found]) => {
        if (partition.fetchVersion !== fetchVersion || found === undefined) return;
        partition.isFetching = false;
        logger.warn({ topic, partition: number, from: fetchOffset, to: found.offset }, "offset out of range, reset");
        partition.fetchOffset = found.offset;
        partition.fetchedEpoch = undefined;
        if (partition.firstChunk === undefined) partition.position = found.offset;
        this.#request(partition);
        // A bounded read may end here: what it still wanted is gone.
        this.changed.wake();
      },
      (error: unknown) => this.#settled(partition, fetchVersion, toSluiceError(error)),
    );
  }

  #stream(leader: Leader) {
    const key = streamKey(leader);
    const known = this.#streams.get(key);
    if (known !== undefined) return known;
    const options = {
      brokerId: leader.brokerId,
      answerTimeoutMs: this.#options.maxWaitMs + this.#dependencies.requestTimeoutMs,
      onEnded: () => this.#streams.delete(key),
    };
    const stream = new FetchStream(leader.address, options, this.#dependencies);
    this.#streams.set(key, stream);
    return stream;
  }

  #bufferedBytes(): number {
    let bytes = 0;
    for (const partition of this.#partitions) bytes += partition.bufferedBytes;
    return bytes;
  }
}

interface Leader {
  readonly brokerId: number;
  readonly address: BrokerAddress;
}

function isReady({ isBusy, isPaused, isRevoked, firstChunk }: FetchedPartition): boolean {
  return !isBusy && !isPaused && !isRevoked && firstChunk !== undefined;
}

function streamKey({ brokerId, address }: Leader): string {
  return `${brokerId}@${addressText(address)}`;
}
