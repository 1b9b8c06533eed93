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
import { keyOf } from "./offset-spec.js";

/** An offset to commit: that of the next message to process. */
export interface OffsetToCommit extends TopicPartition {
  readonly offset: number;
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
      const dirty = partitions.filter(({ isDirty }) => isDirty);
      const processed = dirty.map((partition) => partition.processed as number);
      await this.#commit(
        dirty.map((partition, index) => wireOffset(partition, processed[index] as number, partition.processedEpoch)),
        options,
      );
      dirty.forEach((partition, index) => {
        partition.committed = processed[index];
      });
    });
  }

  /**
   * Commits these offsets, whatever is processed.
   * @throws as `commitProcessed`, INVALID_COMMIT_OFFSET
   */
  async commitOffsets(offsets: readonly OffsetToCommit[], options: Cancellable = {}): Promise<void> {
    await this.#inTurn(() =>
      this.#commit(
        offsets.map((offset) => wireOffset(offset, offset.offset, undefined, offset.metadata)),
        options,
      ),
    );
  }

  /** Commits `offset` of a partition as processed, with everything before it. @throws as `commitProcessed` */
  readonly commitThrough = async (partition: FetchedPartition, offset: number): Promise<void> => {
    // Marked as processed too, so that a later automatic commit does not go back behind it.
    if ((partition.processed ?? 0) <= offset) partition.markProcessed(offset + 1, partition.processedEpoch);
    await this.commitProcessed([partition]);
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

  async #commit(offsets: readonly OffsetCommit[], options: Cancellable): Promise<void> {
    if (offsets.length === 0) return;
    const { coordinator, committer, has, clock, policy, requestTimeoutMs } = this.#dependencies;
    let left = [...offsets];
    await withRetries(
      async (retry) => {
        const { memberId, generation } = committer();
        if (retry > 0) left = left.filter((offset) => memberId === "" || has(offset));
        if (left.length === 0) throw notOwned(offsets, coordinator.group, memberId);
        const request = {
          group: coordinator.group,
          memberId,
          generationPlusOne: generation === undefined ? 0 : generation + 1,
          offsets: left,
        };
        await coordinator.call(groupsService.commitOffsets, request, { ...options, isIdempotent: true });
      },
      {
        clock,
        policy,
        timeoutMs: requestTimeoutMs,
        signal: options.signal,
        // The coordinator may not have read our acknowledgement yet: what we have, we will be able to commit.
        isWorthRetry: ({ code }) =>
          code === "STALE_GENERATION" || (code === "PARTITION_NOT_OWNED" && offsets.every(has)),
      },
    );
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

function notOwned(offsets: readonly OffsetCommit[], group: string, member: string): SluiceError {
  const { topic, partition } = offsets[0] as OffsetCommit;
  return new SluiceError("PARTITION_NOT_OWNED", { group, member, topic, partition });
}

/** Committed offsets by `keyOf`. */
export function byPartition(offsets: readonly CommittedOffset[]): ReadonlyMap<string, CommittedOffset> {
  return new Map(offsets.map((offset) => [keyOf(offset), offset]));
}
