/**
 * Finds partitions that should give something and do not: the broker has more, nobody holds the partition back, and nothing
 * has come for `stallTimeout`. Their stream is opened again, with fresh metadata, and `stalled` is told.
 *
 * An answer that says that there is nothing more is no silence. Only of partitions without any such answer is the broker asked
 * for the end of the log, so a topic that is merely quiet costs nothing.
 */

import { type Clock, SluiceError, type Timer, toSluiceError } from "@sluice/model";
import type { ClientEvents } from "../client-events.js";
import type { Logger } from "../logger.js";
import type { MetadataCache } from "../metadata-cache.js";
import type { ConsumerEventPayloads } from "./consumer-events.js";
import type { FetchedPartition } from "./fetched-partition.js";
import type { Fetcher } from "./fetcher.js";
import type { OffsetFinder } from "./offset-spec.js";

export interface StreamWatchdogDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metadata: MetadataCache;
  readonly finder: OffsetFinder;
  readonly fetcher: Fetcher;
  readonly events: ClientEvents<ConsumerEventPayloads>;
  readonly signal: AbortSignal;
  /** Called each time that it looks. */
  readonly onLook: () => void;
}

export class StreamWatchdog {
  readonly #timeoutMs: number;
  readonly #dependencies: StreamWatchdogDependencies;
  #timer: Timer | undefined;

  /** @param timeoutMs 0: it never looks. */
  constructor(timeoutMs: number, dependencies: StreamWatchdogDependencies) {
    this.#timeoutMs = timeoutMs;
    this.#dependencies = dependencies;
  }

  start(): void {
    if (this.#timeoutMs > 0) this.#later();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #later(): void {
    const { clock, signal, logger, onLook } = this.#dependencies;
    if (signal.aborted) return;
    this.#timer = clock.setTimer(this.#timeoutMs / 2, () => {
      onLook();
      this.#look().then(
        () => this.#later(),
        (error: unknown) => {
          // The broker that would know cannot be asked: its streams are being retried already.
          if (!signal.aborted) logger.debug({ error: toSluiceError(error) }, "could not look for silent streams");
          this.#later();
        },
      );
    });
  }

  async #look(): Promise<void> {
    const { clock, fetcher, finder, signal } = this.#dependencies;
    const nowMs = clock.monotonicMs();
    for (const partition of fetcher.partitions) if (!isWaiting(partition)) partition.lastAnswerMs = nowMs;
    const silent = fetcher.partitions.filter(({ lastAnswerMs = nowMs }) => nowMs - lastAnswerMs >= this.#timeoutMs);
    if (silent.length === 0) return;
    const asked = silent.map(({ topic, partition, version, fetchOffset }) => {
      return { topic, partition, version, fetchOffset, offset: "latest" as const };
    });
    const ends = await finder.find(asked, { signal });
    for (const [index, partition] of silent.entries()) {
      const { version, fetchOffset } = asked[index] as (typeof asked)[number];
      const endOffset = ends[index]?.offset ?? 0;
      const isSame = partition.version === version && partition.fetchOffset === fetchOffset && !partition.isRemoved;
      if (isSame && isWaiting(partition) && endOffset > fetchOffset) await this.#reopen(partition, endOffset);
      else partition.lastAnswerMs = clock.monotonicMs();
    }
  }

  async #reopen(partition: FetchedPartition, endOffset: number): Promise<void> {
    const { clock, metadata, fetcher, events, logger, signal } = this.#dependencies;
    const { topic, partition: number, fetchOffset: offset, lastAnswerMs = 0 } = partition;
    const silentMs = clock.monotonicMs() - lastAnswerMs;
    partition.isStalled = true;
    partition.lastAnswerMs = clock.monotonicMs();
    logger.warn({ topic, partition: number, offset, endOffset, silentMs }, "silent stream, opened again");
    events.emit("consumer.stalled", { reason: "stream", topic, partition: number, offset, endOffset, silentMs });
    await metadata.refresh([topic], { signal });
    const operation = `Fetching ${topic}-${number}`;
    if (!partition.isRemoved)
      fetcher.reopen(partition, new SluiceError("REQUEST_TIMED_OUT", { operation, timeoutMs: Math.round(silentMs) }));
  }
}

/** Only the broker can be why nothing comes. */
function isWaiting(partition: FetchedPartition): boolean {
  const { isBusy, isPaused, isRevoked, isRemoved, error, firstChunk } = partition;
  return !isBusy && !isPaused && !isRevoked && !isRemoved && error === undefined && firstChunk === undefined;
}
