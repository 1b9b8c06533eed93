/**
 * What a broker does for a partition while it follows its leader, in one leader epoch.
 *
 * It says where its log ends, with the epoch of its last batch, and is either sent what comes next or told where the logs part: then
 * it cuts its log and asks again, until both agree (`log-divergence`). From then on it appends what comes, in order and as it is, and
 * says how far it is after every write or flush that changes what it acknowledges. What it is sent at any other moment, by another
 * broker or in an older epoch is thrown away (P3).
 *
 * It never cuts off what it knows to be committed, unless an unclean election came after the log's last epoch: rather it stays as it
 * is, and says so. Where the leader has deleted what it needs next, it begins again where a copy of the leader's log begins.
 *
 * Where there is no room for what it was sent, it says so at once: nobody is to wait for it. After a while it asks anew.
 *
 * Made at `becomeFollower`, thrown away at the next change of epoch. Events of newer epochs never reach it.
 */

import { invariant, type LeaderEpoch, type Offset, offset, type SluiceError } from "@sluice/model";
import { truncationOffset } from "./log-divergence.js";
import type { PartitionEffect } from "./partition-effect.js";
import type { PartitionEvent } from "./partition-event.js";

type EventOf<Type extends PartitionEvent["type"]> = Extract<PartitionEvent, { readonly type: Type }>;

/**
 * `disconnected`: no stream yet. `draining`: what is placed is being written, and then it asks anew. `fetching`: it has asked, or is
 * being sent records. `settling`: the log is being cut or begun again. `refused`: it asks again after a while. `stopped`: for the rest
 * of the epoch.
 */
type Activity = "disconnected" | "draining" | "fetching" | "settling" | "refused" | "stopped";

export class FollowerRole {
  readonly leaderEpoch: LeaderEpoch;
  readonly leader: number;
  readonly #uncleanEpoch: LeaderEpoch | undefined;
  #activity: Activity = "disconnected";
  /** End of what is placed, written or not: the log end. */
  #placedOffset: Offset;
  #writtenOffset: Offset;
  #ackedOffset: Offset;
  /** What the leader was told last. */
  #reportedOffset: Offset | undefined;
  #lastEpoch: LeaderEpoch | undefined;
  #highWatermark: Offset;
  /** The highest that the runtime was told. */
  #announcedHighWatermark: Offset;
  /** The runtime was told to delete up to here. */
  #logStartOffset: Offset;
  /** Something came that does not follow what is there: either it was sent too early, or something is missing. */
  #hasGap = false;

  constructor(event: EventOf<"becomeFollower">) {
    const { logStartOffset, logEndOffset } = event;
    invariant(logStartOffset <= logEndOffset, "log start is beyond log end");
    this.leaderEpoch = event.leaderEpoch;
    this.leader = event.leader;
    this.#uncleanEpoch = event.uncleanEpoch;
    this.#placedOffset = logEndOffset;
    this.#writtenOffset = logEndOffset;
    this.#ackedOffset = event.ackedOffset;
    this.#lastEpoch = event.lastEpoch;
    this.#logStartOffset = logStartOffset;
    const knownCommitted = event.highWatermark > logStartOffset ? event.highWatermark : logStartOffset;
    this.#highWatermark = lower(knownCommitted, logEndOffset);
    this.#announcedHighWatermark = this.#highWatermark;
  }

  /** Below it all is committed, as far as this replica knows, and has it. */
  get highWatermark(): Offset {
    return this.#highWatermark;
  }

  /** What the runtime hears first in an epoch. */
  begin(): PartitionEffect[] {
    return [this.#highWatermarkAdvanced()];
  }

  /** The log takes nothing more. */
  stop(): void {
    this.#activity = "stopped";
  }

  leaderConnected(event: EventOf<"leaderConnected">): PartitionEffect[] {
    if (event.leader !== this.leader || this.#activity === "settling") return [];
    return this.#restart();
  }

  /** What was refused, or is missing, is asked for again. */
  lagChecked(): PartitionEffect[] {
    const isDue = this.#activity === "refused" || (this.#activity === "fetching" && this.#hasGap);
    return isDue ? this.#restart() : [];
  }

  recordsReceived(event: EventOf<"leaderRecordsReceived">): PartitionEffect[] {
    const { receiptId } = event;
    const isExpected = this.#isFromLeader(event) && this.#activity === "fetching";
    if (!isExpected) return [{ type: "dropReplicated", receiptId, reason: undefined }];
    if (event.fetchOffset !== this.#placedOffset) {
      this.#hasGap = true;
      return [{ type: "dropReplicated", receiptId, reason: undefined }];
    }
    const reason = this.#whatIsWrongWith(event);
    if (reason !== undefined) {
      this.#activity = "refused";
      return [{ type: "dropReplicated", receiptId, reason }];
    }
    this.#hasGap = false;
    const effects = [this.#take(event)];
    this.#learnMarks(event, effects);
    return effects;
  }

  diverged(event: EventOf<"leaderDiverged">): PartitionEffect[] {
    if (!this.#isFromLeader(event) || this.#activity !== "fetching") return [];
    const endOffset = truncationOffset(this.#placedOffset, event.epochEnd, event.ownEnd);
    if (endOffset === undefined) {
      this.#activity = "refused";
      return [];
    }
    if (endOffset < this.#highWatermark && !this.#mayLoseCommitted) {
      this.#activity = "stopped";
      const reason = `its leader's log parts from it at ${endOffset}, below its high watermark ${this.#highWatermark}`;
      return [{ type: "quarantineReplica", reason }];
    }
    this.#activity = "settling";
    if (endOffset >= this.#logStartOffset) {
      return [{ type: "truncateLog", leaderEpoch: this.leaderEpoch, endOffset }];
    }
    // Nothing of it is the leader's. Where that begins, the leader says to who asks for its first record.
    return [{ type: "restartLog", leaderEpoch: this.leaderEpoch, logStartOffset: offset(0) }];
  }

  refused(event: EventOf<"leaderRefused">): PartitionEffect[] {
    if (event.leader !== this.leader || this.#activity !== "fetching") return [];
    if (event.error.code !== "OFFSET_OUT_OF_RANGE" || event.leaderEpoch !== this.leaderEpoch) {
      this.#activity = "refused";
      return [];
    }
    // Said of where this replica was when it asked once before: what it has got since may be counted by now.
    if (refusedOffset(event.error) !== this.#placedOffset) return this.#restart();
    this.#activity = "settling";
    return [{ type: "restartLog", leaderEpoch: this.leaderEpoch, logStartOffset: event.copyStartOffset }];
  }

  logAdvanced(event: EventOf<"logAdvanced">): PartitionEffect[] {
    if (event.leaderEpoch !== this.leaderEpoch) return [];
    this.#writtenOffset = event.logEndOffset;
    this.#ackedOffset = event.ackedOffset;
    if (this.#activity === "draining") return this.#restart();
    if (this.#activity !== "fetching" || this.#ackedOffset === this.#reportedOffset) return [];
    return [this.#fetchFromLeader(false)];
  }

  logSettled(event: EventOf<"logSettled">): PartitionEffect[] {
    if (event.leaderEpoch !== this.leaderEpoch) return [];
    this.#placedOffset = event.logEndOffset;
    this.#writtenOffset = event.logEndOffset;
    this.#ackedOffset = event.ackedOffset;
    this.#lastEpoch = event.lastEpoch;
    this.#logStartOffset = event.logStartOffset;
    this.#highWatermark = lower(this.#highWatermark, event.logEndOffset);
    if (this.#activity === "settling" || this.#activity === "draining") {
      this.#activity = "fetching";
      return this.#restart();
    }
    if (this.#activity !== "fetching") return [];
    // There was no room for what was appended; perhaps there is after a while.
    this.#activity = "refused";
    return [{ ...this.#fetchFromLeader(false), isFull: true }];
  }

  logStartMoved({ logStartOffset }: EventOf<"logStartMoved">): PartitionEffect[] {
    if (logStartOffset > this.#logStartOffset) this.#logStartOffset = logStartOffset;
    return [];
  }

  /** Asks for everything from the log end on, once nothing of it is being written. */
  #restart(): PartitionEffect[] {
    if (this.#activity === "stopped") return [];
    if (this.#writtenOffset < this.#placedOffset) {
      this.#activity = "draining";
      return [];
    }
    this.#activity = "fetching";
    this.#hasGap = false;
    return [this.#fetchFromLeader(true)];
  }

  #take(event: EventOf<"leaderRecordsReceived">): PartitionEffect {
    if (event.epochs === undefined) return { type: "dropReplicated", receiptId: event.receiptId, reason: undefined };
    this.#placedOffset = event.nextOffset;
    this.#lastEpoch = event.epochs.last;
    return { type: "appendReplicated", receiptId: event.receiptId, leaderEpoch: this.leaderEpoch };
  }

  #learnMarks(event: EventOf<"leaderRecordsReceived">, effects: PartitionEffect[]): void {
    const highWatermark = lower(event.highWatermark, this.#placedOffset);
    if (highWatermark > this.#highWatermark) this.#highWatermark = highWatermark;
    if (this.#highWatermark > this.#announcedHighWatermark) effects.push(this.#highWatermarkAdvanced());
    // What is not committed as far as this replica knows is not deleted, though the leader may know better.
    const logStartOffset = lower(event.logStartOffset, this.#highWatermark);
    if (logStartOffset <= this.#logStartOffset) return;
    this.#logStartOffset = logStartOffset;
    effects.push({ type: "deleteRecordsBefore", logStartOffset });
  }

  /** Why what the leader sent cannot be a part of its log, or undefined. */
  #whatIsWrongWith({ fetchOffset, nextOffset, epochs }: EventOf<"leaderRecordsReceived">): string | undefined {
    if (epochs === undefined) {
      return nextOffset === fetchOffset ? undefined : `there is no batch in [${fetchOffset}, ${nextOffset})`;
    }
    if (nextOffset <= fetchOffset) return `there are batches in [${fetchOffset}, ${nextOffset})`;
    if (epochs.first < (this.#lastEpoch ?? 0)) return `epoch ${epochs.first} comes after ${this.#lastEpoch}`;
    if (epochs.last > this.leaderEpoch) return `epoch ${epochs.last} is beyond the leader's ${this.leaderEpoch}`;
    return undefined;
  }

  #isFromLeader(event: { readonly leader: number; readonly leaderEpoch: LeaderEpoch }): boolean {
    return event.leader === this.leader && event.leaderEpoch === this.leaderEpoch;
  }

  /** An unclean election after the last epoch of this log: its leader may lack what an earlier one committed. */
  get #mayLoseCommitted(): boolean {
    return this.#uncleanEpoch !== undefined && this.#uncleanEpoch > (this.#lastEpoch ?? -1);
  }

  #fetchFromLeader(isRestart: boolean): Extract<PartitionEffect, { readonly type: "fetchFromLeader" }> {
    this.#reportedOffset = this.#ackedOffset;
    return {
      type: "fetchFromLeader",
      leader: this.leader,
      leaderEpoch: this.leaderEpoch,
      fetchOffset: this.#writtenOffset,
      lastFetchedEpoch: this.#lastEpoch,
      ackedOffset: this.#ackedOffset,
      isRestart,
    };
  }

  #highWatermarkAdvanced(): PartitionEffect {
    this.#announcedHighWatermark = this.#highWatermark;
    return { type: "highWatermarkAdvanced", highWatermark: this.#highWatermark, leaderEpoch: this.leaderEpoch };
  }
}

/** The offset that an OFFSET_OUT_OF_RANGE is about, which comes over the wire as text. */
function refusedOffset(error: SluiceError): number {
  return Number(error.details.offset);
}

function lower(a: Offset, b: Offset): Offset {
  return a < b ? a : b;
}
