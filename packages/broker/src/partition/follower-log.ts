/**
 * The log of a partition while this broker follows its leader: takes what the leader sends to the state machine, and does to the log
 * what that decides.
 *
 * Bytes are checked before they are decided about, and held under an id until then. What takes time (cutting the log, beginning it
 * anew, room for gaps) is done one after the other, and appends queue behind it; all else is done in the call. What was decided in
 * an epoch that is over when its turn comes is left undone: nobody was told of it.
 */

import type { PartitionLog } from "@sluice/log";
import {
  type BrokerId,
  brokerId,
  isSluiceError,
  type LeaderEpoch,
  type Offset,
  offset,
  SluiceError,
  type TopicId,
  toSluiceError,
} from "@sluice/model";
import type { EpochEnd, PartitionEffect, PartitionEvent } from "@sluice/replication";
import type { Logger } from "../logging.js";
import type { FollowedPartition, LeaderStreams, ReplicatedRecords } from "../replication/replica-access.js";
import { epochEndUpTo } from "./epoch-end.js";
import { type ReceivedBatches, receivedBatches } from "./received-batches.js";

type EffectOf<Type extends PartitionEffect["type"]> = Extract<PartitionEffect, { readonly type: Type }>;

/** Effects that are about following. */
export type FollowingEffect = EffectOf<
  | "announceEpoch"
  | "fetchFromLeader"
  | "appendReplicated"
  | "dropReplicated"
  | "truncateLog"
  | "restartLog"
  | "deleteRecordsBefore"
>;

export interface FollowerLogOptions {
  readonly topicId: TopicId;
  readonly partition: number;
  /** `topic-partition`, for messages. */
  readonly where: string;
}

export interface FollowerLogDependencies {
  readonly log: PartitionLog;
  readonly streams: LeaderStreams;
  readonly logger: Logger;
  post(event: PartitionEvent): void;
  /** Epoch in which this broker leads or follows; undefined while it does neither. */
  roleEpoch(): LeaderEpoch | undefined;
  /** What this replica acknowledges of its log now. */
  ackedOffset(): Offset;
  /** The partition cannot go on: something is broken that is not the disk. */
  onBroken(error: unknown): void;
}

/** Checked batches that are not decided about. */
interface Receipt extends ReceivedBatches {
  /** Where the log ended when they were asked for. */
  readonly fetchOffset: Offset;
}

export class FollowerLog implements FollowedPartition {
  readonly topicId: TopicId;
  readonly partition: number;
  readonly #where: string;
  readonly #dependencies: FollowerLogDependencies;
  readonly #log: PartitionLog;
  readonly #receipts = new Map<number, Receipt>();
  #nextReceiptId = 1;
  /** What is being done to the log, or waits for its turn. Never rejects. */
  #work: Promise<void> | undefined;
  /** What there was no room for, to be done again when there is. */
  #due: (() => void) | undefined;

  constructor(options: FollowerLogOptions, dependencies: FollowerLogDependencies) {
    this.topicId = options.topicId;
    this.partition = options.partition;
    this.#where = options.where;
    this.#dependencies = dependencies;
    this.#log = dependencies.log;
  }

  onLeaderConnected(leader: BrokerId): void {
    this.#dependencies.post({ type: "leaderConnected", leader });
  }

  onRecords(leader: BrokerId, received: ReplicatedRecords): void {
    const { leaderEpoch, fetchOffset, nextOffset, highWatermark, logStartOffset, records } = received;
    let batches: ReceivedBatches | undefined;
    try {
      if (records.length > 0) batches = this.#checked(received);
    } catch (error) {
      this.#damaged(leader, received, toSluiceError(error));
      return;
    }
    const receiptId = this.#nextReceiptId++;
    if (batches !== undefined) this.#receipts.set(receiptId, { ...batches, fetchOffset });
    this.#dependencies.post({
      type: "leaderRecordsReceived",
      receiptId,
      leader,
      leaderEpoch,
      fetchOffset,
      nextOffset,
      epochs: batches?.epochs,
      highWatermark,
      logStartOffset,
    });
  }

  onDiverged(leader: BrokerId, leaderEpoch: LeaderEpoch, epochEnd: EpochEnd): void {
    const ownEnd = epochEndUpTo(this.#log, epochEnd.epoch);
    this.#dependencies.post({ type: "leaderDiverged", leader, leaderEpoch, epochEnd, ownEnd });
  }

  onRefused(leader: BrokerId, leaderEpoch: LeaderEpoch | undefined, error: SluiceError, logStartOffset: Offset): void {
    const copyStartOffset = logStartOffset;
    this.#dependencies.post({ type: "leaderRefused", leader, leaderEpoch, error, copyStartOffset });
  }

  /** From now on that leader is followed. */
  follow(leader: number, leaderEpoch: LeaderEpoch): void {
    this.#dependencies.streams.follow(this, brokerId(leader), leaderEpoch);
  }

  /** Nobody is followed any more; `leaderEpoch`: of the change that says so. */
  forget(leaderEpoch: LeaderEpoch | undefined): void {
    this.#due = undefined;
    this.#receipts.clear();
    this.#dependencies.streams.forget(this, leaderEpoch);
  }

  /** What was appended last is not written, for want of room: the log ends where it did. */
  takenBack(): void {
    this.#settled(this.#dependencies.roleEpoch());
  }

  /** There is room on the disk again. */
  retry(): void {
    const due = this.#due;
    this.#due = undefined;
    due?.();
  }

  /** Resolves when nothing is being done to the log any more. */
  async idle(): Promise<void> {
    while (this.#work !== undefined) await this.#work;
  }

  run(effect: FollowingEffect): void {
    switch (effect.type) {
      case "announceEpoch":
        this.#dependencies.streams.forget(this, effect.leaderEpoch);
        break;
      case "fetchFromLeader":
        this.#fetch(effect);
        break;
      case "appendReplicated":
        this.#append(effect);
        break;
      case "dropReplicated":
        this.#drop(effect);
        break;
      case "truncateLog":
        this.#change(effect.leaderEpoch, () => this.#truncate(effect.endOffset));
        break;
      case "restartLog":
        this.#change(effect.leaderEpoch, () => this.#restart(effect.logStartOffset));
        break;
      case "deleteRecordsBefore":
        this.#deleteBefore(effect.logStartOffset);
        break;
    }
  }

  #checked(received: ReplicatedRecords): ReceivedBatches {
    const batches = receivedBatches(received, this.#where);
    const { fetchOffset } = received;
    const { logEndOffset, latestEpoch } = this.#log;
    if (batches.baseOffset < fetchOffset && fetchOffset === logEndOffset && latestEpoch !== undefined) {
      const reason = `its first batch begins at ${batches.baseOffset}, below ${fetchOffset}`;
      throw new SluiceError("INVALID_RECORD_BATCH", { reason, where: this.#where });
    }
    return batches;
  }

  #fetch(effect: EffectOf<"fetchFromLeader">): void {
    const { leaderEpoch, fetchOffset, lastFetchedEpoch, isRestart, isFull = false } = effect;
    const { flushedOffset } = this.#log;
    const position = { leaderEpoch, fetchOffset, lastFetchedEpoch, flushedOffset, isRestart, isFull };
    this.#dependencies.streams.fetch(this, position);
  }

  #append({ receiptId, leaderEpoch }: EffectOf<"appendReplicated">): void {
    const receipt = this.#receipts.get(receiptId);
    this.#receipts.delete(receiptId);
    // Only marks were received.
    if (receipt === undefined) return;
    if (this.#work === undefined && receipt.baseOffset >= receipt.fetchOffset) this.#appendNow(receipt, leaderEpoch);
    else this.#inTurn(leaderEpoch, () => this.#appendInTurn(receipt));
  }

  /** The usual way: without waiting for anything. */
  #appendNow({ batches }: Receipt, leaderEpoch: LeaderEpoch): void {
    try {
      const placing = this.#log.appendReplicated(batches);
      if (placing !== undefined) this.#track(leaderEpoch, placing);
    } catch (error) {
      this.#track(leaderEpoch, Promise.reject(toSluiceError(error)));
    }
  }

  async #appendInTurn({ batches, baseOffset, fetchOffset }: Receipt): Promise<void> {
    const log = this.#log;
    // What was to be before it was taken back since, and is asked for again.
    if (log.logEndOffset !== fetchOffset) return;
    // The leader's log begins inside this batch, and so does this one from now on.
    if (baseOffset < fetchOffset) await log.restartAt(log.logStartOffset, offset(baseOffset));
    await log.appendReplicated(batches);
  }

  #drop({ receiptId, reason }: EffectOf<"dropReplicated">): void {
    this.#receipts.delete(receiptId);
    if (reason !== undefined) this.#dependencies.logger.warn({ reason }, "records of the leader were not taken");
  }

  async #truncate(endOffset: Offset): Promise<void> {
    const { logEndOffset } = this.#log;
    const newEndOffset = await this.#log.truncateTo(endOffset);
    this.#dependencies.logger.info({ logEndOffset, newEndOffset }, "log cut to where it agrees with the leader's");
  }

  async #restart(logStartOffset: Offset): Promise<void> {
    const { logEndOffset } = this.#log;
    await this.#log.restartAt(logStartOffset);
    this.#dependencies.logger.info({ logEndOffset, logStartOffset }, "log begun anew where the leader's begins");
  }

  /** Changes where the log ends, and tells that it is done; again when there is room where there is none. */
  #change(leaderEpoch: LeaderEpoch, change: () => Promise<void>): void {
    this.#inTurn(leaderEpoch, async () => {
      try {
        await change();
      } catch (error) {
        if (!isSluiceError(error, "DISK_FULL")) throw error;
        this.#dependencies.logger.warn({ err: error }, "disk full: following waits for room");
        this.#due = () => this.#change(leaderEpoch, change);
        return;
      }
      this.#settled(leaderEpoch);
    });
  }

  #deleteBefore(logStartOffset: Offset): void {
    this.#log.deleteRecordsBefore(logStartOffset).catch((error: unknown) => {
      // It is asked for again as the leader's log start moves on; what fails for good has taken the log offline.
      this.#dependencies.logger.warn(
        { err: error, logStartOffset },
        "records that the leader has deleted are still here",
      );
    });
  }

  /** Does `work` after what is being done, unless the epoch that it belongs to is over by then. */
  #inTurn(leaderEpoch: LeaderEpoch, work: () => Promise<void>): void {
    const isCurrent = (): boolean => this.#dependencies.roleEpoch() === leaderEpoch;
    this.#track(
      leaderEpoch,
      (this.#work ?? Promise.resolve()).then(() => (isCurrent() ? work() : undefined)),
    );
  }

  /** What comes next waits for `working`. */
  #track(leaderEpoch: LeaderEpoch, working: Promise<void>): void {
    const done = working
      .catch((error: unknown) => this.#failed(leaderEpoch, error))
      .then(() => {
        if (this.#work === done) this.#work = undefined;
      });
    this.#work = done;
  }

  async #failed(leaderEpoch: LeaderEpoch, error: unknown): Promise<void> {
    if (isSluiceError(error, "DISK_FULL")) {
      // What was appended before may still be on its way to the disk; a failure of that is told by the log.
      await this.#log.flush().catch(() => undefined);
      this.#settled(leaderEpoch);
    } else if (this.#log.failure === undefined && !isSluiceError(error, "CLOSED")) this.#dependencies.onBroken(error);
  }

  #settled(leaderEpoch: LeaderEpoch | undefined): void {
    if (leaderEpoch === undefined) return;
    const { logStartOffset, logEndOffset, latestEpoch: lastEpoch } = this.#log;
    const ackedOffset = this.#dependencies.ackedOffset();
    this.#dependencies.post({ type: "logSettled", leaderEpoch, logStartOffset, logEndOffset, lastEpoch, ackedOffset });
  }

  #damaged(leader: BrokerId, received: ReplicatedRecords, error: SluiceError): void {
    const { leaderEpoch, logStartOffset, fetchOffset } = received;
    this.#dependencies.logger.error({ err: error, leader, fetchOffset }, "the leader sent damaged records");
    this.onRefused(leader, leaderEpoch, error, logStartOffset);
  }
}
