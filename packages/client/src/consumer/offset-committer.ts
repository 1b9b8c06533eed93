/**
 * Commits what was processed, to the coordinator of the group.
 *
 * One commit at a time, each with everything that is processed by then. A commit says who the member is and which assignment
 * it has, so that a member that lost a partition cannot move its offset any more. A commit that meets a new generation is
 * made again with what the member still has.
 */

import { SluiceError, type TopicPartition } from "@sluice/model";
import { type CommittedOffset, groupsService, type OffsetCommit } from "@sluice/protocol";
import type { Cancellable } from "../cancellation.js";
import type { ClientDependencies } from "../client-dependencies.js";
import type { GroupCoordinator } from "../group-coordinator.js";
import { withRetries } from "../retry-policy.js";
import type { FetchedPartition } from "./fetched-partition.js";
import { commitTextOf } from "./group-beginning.js";
import { keyOf, offsetOf } from "./offset-spec.js";

/** An offset to commit: that of the next message to process. */
export interface OffsetToCommit extends TopicPartition {
  /** A number; as in kafkajs, text is taken too. */
  readonly offset: number | string;
  /** Free text, at most 4096 bytes. */
  readonly metadata?: string | undefined;
}

/** Who commits. Both empty: nobody of the group; taken only while the group has no members. */
export interface Committer {
  readonly memberId: string;
  readonly generation: number | undefined;
}

export interface OffsetCommitterDependencies extends ClientDependencies {
  readonly coordinator: GroupCoordinator;
  /** Who the consumer is at this moment. */
  readonly committer: () => Committer;
  /** Whether the consumer has the partition at this moment. */
  readonly has: (partition: TopicPartition) => boolean;
  /** Told what was committed. */
  readonly onCommitted: (committed: Committed) => void;
}

/** A commit that the coordinator has taken. */
export interface Committed extends Committer {
  readonly offsets: readonly OffsetCommit[];
}

export class OffsetCommitter {
  readonly #dependencies: OffsetCommitterDependencies;
  #last: Promise<void> = Promise.resolve();

  constructor(dependencies: OffsetCommitterDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Commits what is processed of partitions and not committed yet. Nothing to commit: resolves at once.
   * @throws SluiceError UNKNOWN_MEMBER, PARTITION_NOT_OWNED, BROKER_UNREACHABLE, CANCELLED ...
   */
  async commitProcessed(partitions: readonly FetchedPartition[], options: Cancellable = {}): Promise<void> {
    await this.#inTurn(async () => {
      // Not those that were taken away while this waited for its turn: the group may be further on in them by now.
      const dirty = partitions.filter(({ isDirty, isRemoved }) => isDirty && !isRemoved);
      const sources = new Map(
        dirty.map((partition) => {
          const { processed, processedEpoch, groupBeganWith } = partition;
          return [wireOffset(partition, processed as number, processedEpoch, commitTextOf(groupBeganWith)), partition];
        }),
      );
      const taken = await this.#commit([...sources.keys()], {
        ...options,
        isOurs: (offset) => sources.get(offset)?.isRemoved === false && this.#dependencies.has(offset),
      });
      for (const offset of taken) (sources.get(offset) as FetchedPartition).committed = offset.offset;
    });
  }

  /**
   * Commits these offsets, whatever is processed.
   * @throws as `commitProcessed`, INVALID_COMMIT_OFFSET, INVALID_REQUEST
   */
  async commitOffsets(offsets: readonly OffsetToCommit[], options: Cancellable = {}): Promise<void> {
    const wire = offsets.map((given) => wireOffset(given, offsetOf(given.offset), undefined, given.metadata));
    const isOurs = (offset: OffsetCommit): boolean => this.#dependencies.has(offset);
    await this.#inTurn(async () => void (await this.#commit(wire, { ...options, isOurs })));
  }

  /** Commits the record at `offset`, of that epoch, as processed, with everything before it. @throws as `commitProcessed` */
  readonly commitThrough = async (partition: FetchedPartition, offset: number, leaderEpoch: number): Promise<void> => {
    // It may have come back since, and be further on: a commit of what was had before would move the group back.
    if (partition.isRemoved) throw this.#notOwned([partition]);
    // Marked as processed too, so that a later automatic commit does not go back behind it.
    if ((partition.processed ?? 0) <= offset) partition.markProcessed(offset + 1, leaderEpoch);
    await this.commitProcessed([partition]);
    // Taken away while it waited for its turn.
    if (partition.isRemoved && (partition.committed ?? 0) <= offset) throw this.#notOwned([partition]);
  };

  /** What is committed of partitions; those that have nothing are left out. @throws SluiceError BROKER_UNREACHABLE ... */
  async fetch(partitions: readonly TopicPartition[], options: Cancellable = {}): Promise<CommittedOffset[]> {
    if (partitions.length === 0) return [];
    const { coordinator } = this.#dependencies;
    const request = {
      group: coordinator.group,
      partitions: partitions.map(({ topic, partition }) => ({ topic, partition })),
    };
    const response = await coordinator.call(groupsService.fetchOffsets, request, { ...options, isIdempotent: true });
    return response.offsets;
  }

  /** One commit after the other: an older one must not arrive after a newer one. */
  async #inTurn(commit: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(commit);
    this.#last = turn.catch(() => undefined); // Told to its own caller.
    await turn;
  }

  /** Returns what was taken: all that is the consumer's own to the end. `isOurs`: an offset still is. */
  async #commit(
    offsets: readonly OffsetCommit[],
    options: Cancellable & { readonly isOurs: (offset: OffsetCommit) => boolean },
  ): Promise<readonly OffsetCommit[]> {
    if (offsets.length === 0) return [];
    const { coordinator, committer, onCommitted, clock, policy, requestTimeoutMs } = this.#dependencies;
    const { isOurs, signal } = options;
    let left = offsets;
    await withRetries(
      async (retry) => {
        const { memberId, generation } = committer();
        // A generation and no member: it was put out of the group, and is not in again yet.
        if (memberId === "" && generation !== undefined) throw this.#notOwned(offsets);
        if (retry > 0) left = left.filter(isOurs);
        if (left.length === 0) throw this.#notOwned(offsets);
        const request = {
          group: coordinator.group,
          memberId,
          generationPlusOne: generation === undefined ? 0 : generation + 1,
          offsets: left,
        };
        await coordinator.call(groupsService.commitOffsets, request, { signal, isIdempotent: true });
        onCommitted({ memberId, generation, offsets: left });
      },
      {
        clock,
        policy,
        timeoutMs: requestTimeoutMs,
        signal,
        // The coordinator may not have read our acknowledgement yet: what we have, we will be able to commit.
        isWorthRetry: ({ code }) =>
          code === "STALE_GENERATION" || (code === "PARTITION_NOT_OWNED" && left.some(isOurs)),
      },
    );
    return left;
  }

  #notOwned(offsets: readonly TopicPartition[]): SluiceError {
    const { topic, partition } = offsets[0] as TopicPartition;
    const { coordinator, committer } = this.#dependencies;
    const member = committer().memberId;
    return new SluiceError("PARTITION_NOT_OWNED", { group: coordinator.group, member, topic, partition });
  }
}

function wireOffset(
  { topic, partition }: TopicPartition,
  offset: number,
  leaderEpoch: number | undefined,
  metadata = "",
): OffsetCommit {
  return { topic, partition, offset, leaderEpochPlusOne: leaderEpoch === undefined ? 0 : leaderEpoch + 1, metadata };
}

/** Committed offsets by `keyOf`. */
export function byPartition(offsets: readonly CommittedOffset[]): ReadonlyMap<string, CommittedOffset> {
  return new Map(offsets.map((offset) => [keyOf(offset), offset]));
}
