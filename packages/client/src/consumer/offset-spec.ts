/** Places in a partition as people name them, and how they become offsets. */

import { isOffset, SluiceError, type TopicPartition, topicPartitionText } from "@sluice/model";
import { fromWireError, logService, type PartitionOffset } from "@sluice/protocol";
import { anySignal, type Cancellable } from "../cancellation.js";
import type { ClientDependencies } from "../client-dependencies.js";
import type { PartitionLeader } from "../cluster-metadata.js";
import { withRetries } from "../retry-policy.js";

/**
 * An offset; `earliest`, the first record that can be read; `latest`, the end: the offset of the next record; or the first
 * record at or after a time (a Date, or milliseconds since 1970), the end where there is none.
 */
export type OffsetSpec = number | "earliest" | "latest" | { readonly timestamp: number | Date };

/** An `OffsetSpec` as callers may give it: as in kafkajs, an offset may also be text, `"12"`. */
export type OffsetInput = OffsetSpec | string;

/** A partition and a place in it. */
export interface PartitionPlace extends TopicPartition {
  readonly offset: OffsetSpec;
}

export interface FoundOffset extends TopicPartition {
  readonly offset: number;
  /** Milliseconds since 1970 of the record there, where a time was asked for and a record found; else -1. */
  readonly timestamp: number;
}

/** What a caller gave, with text made a number. @throws SluiceError INVALID_REQUEST */
export function offsetSpecOf(given: OffsetInput): OffsetSpec {
  const spec = typeof given === "string" && isDecimal(given) ? Number(given) : (given as OffsetSpec);
  checkOffsetSpec(spec);
  return spec;
}

/** An offset as a number; kafkajs gives them as text. @throws SluiceError INVALID_REQUEST */
export function offsetOf(given: number | string): number {
  const offset = typeof given === "string" && isDecimal(given) ? Number(given) : given;
  if (typeof offset === "number" && isOffset(offset)) return offset;
  throw new SluiceError("INVALID_REQUEST", {
    reason: `${JSON.stringify(given)} is not an offset; give a number from 0`,
  });
}

function isDecimal(text: string): boolean {
  return /^\d{1,16}$/.test(text);
}

/** @throws SluiceError INVALID_REQUEST */
export function checkOffsetSpec(spec: OffsetSpec): void {
  if (typeof spec === "number" && isOffset(spec)) return;
  if (spec === "earliest" || spec === "latest") return;
  if (typeof spec === "object" && spec !== null && Number.isSafeInteger(Number(spec.timestamp))) return;
  throw new SluiceError("INVALID_REQUEST", {
    reason: `${JSON.stringify(spec)} is not an offset; give a number, 'earliest', 'latest' or {timestamp}`,
  });
}

/** Milliseconds since 1970. */
export function specTimestampMs(spec: { readonly timestamp: number | Date }): number {
  return Number(spec.timestamp);
}

export class OffsetFinder {
  readonly #dependencies: ClientDependencies;

  constructor(dependencies: ClientDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * The offsets of places, in their order. Plain offsets are taken as they are.
   * @throws SluiceError UNKNOWN_TOPIC, UNKNOWN_PARTITION, BROKER_UNREACHABLE, INVALID_REQUEST, CANCELLED ...
   */
  async find(places: readonly PartitionPlace[], options: Cancellable = {}): Promise<FoundOffset[]> {
    for (const { offset } of places) checkOffsetSpec(offset);
    const found = new Map<string, FoundOffset>();
    for (const { topic, partition, offset } of places)
      if (typeof offset === "number")
        found.set(keyOf({ topic, partition }), { topic, partition, offset, timestamp: -1 });
    const { clock, policy, requestTimeoutMs } = this.#dependencies;
    await withRetries((retry) => this.#findMissing(places, found, { retry, signal: options.signal }), {
      clock,
      policy,
      timeoutMs: requestTimeoutMs,
      signal: options.signal,
      isWorthRetry: ({ code, retriable }) => retriable && code !== "UNKNOWN_TOPIC" && code !== "UNKNOWN_PARTITION",
    });
    return places.map((place) => found.get(keyOf(place)) as FoundOffset);
  }

  async #findMissing(
    places: readonly PartitionPlace[],
    found: Map<string, FoundOffset>,
    options: Cancellable & { readonly retry: number },
  ): Promise<void> {
    const missing = places.filter((place) => !found.has(keyOf(place)));
    const topics = [...new Set(missing.map(({ topic }) => topic))];
    if (options.retry > 0) await this.#dependencies.metadata.refresh(topics, options);
    for (const topic of topics) await this.#dependencies.metadata.requireTopic(topic, options);
    const scope = anySignal(options.signal);
    try {
      await Promise.all(
        [...this.#byLeader(missing)].map(async ([leader, queries]) => {
          for (const answer of await this.#ask(leader, queries, scope)) found.set(keyOf(answer), answer);
        }),
      );
    } finally {
      scope.dispose();
    }
  }

  #byLeader(places: readonly PartitionPlace[]): Map<PartitionLeader, PartitionPlace[]> {
    const leaders = new Map<number, PartitionLeader>();
    const byLeader = new Map<PartitionLeader, PartitionPlace[]>();
    for (const place of places) {
      const leader = this.#dependencies.metadata.leaderOf(place.topic, place.partition);
      if (leader === undefined) throw this.#dependencies.metadata.whyNoLeader(place.topic, place.partition);
      const first = leaders.get(leader.brokerId) ?? leader;
      leaders.set(leader.brokerId, first);
      byLeader.set(first, [...(byLeader.get(first) ?? []), place]);
    }
    return byLeader;
  }

  async #ask(
    leader: PartitionLeader,
    places: readonly PartitionPlace[],
    options: Cancellable,
  ): Promise<readonly FoundOffset[]> {
    const request = { partitions: places.map(queryOf) };
    const response = await this.#dependencies.connections.call(
      leader.address,
      logService.listOffsets,
      request,
      options,
    );
    return response.partitions.map(foundOf);
  }
}

function queryOf({ topic, partition, offset }: PartitionPlace) {
  const timestampMs = typeof offset === "object" ? specTimestampMs(offset) : 0;
  const query =
    offset === "earliest"
      ? ("OFFSET_QUERY_EARLIEST" as const)
      : offset === "latest"
        ? ("OFFSET_QUERY_LATEST" as const)
        : ("OFFSET_QUERY_TIMESTAMP" as const);
  return { topic, partition, query, timestampMs };
}

function foundOf(answer: PartitionOffset): FoundOffset {
  if (answer.error) throw fromWireError(answer.error);
  const { topic, partition, offset, timestampMs } = answer;
  return { topic, partition, offset, timestamp: timestampMs };
}

/** One text a partition, for maps. */
export function keyOf({ topic, partition }: TopicPartition): string {
  return topicPartitionText(topic, partition);
}
