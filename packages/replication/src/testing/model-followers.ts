/**
 * The followers of a broker of a test, as it leads its partition: what each said last, and from where on it is sent records.
 *
 * Sends only when it is told to; nothing happens where there is no stream to a follower.
 */

import { type Offset, offset, SluiceError } from "@sluice/model";
import type { PartitionEffect } from "../partition-effect.js";
import type { PartitionEvent } from "../partition-event.js";
import type { PartitionStateMachine } from "../partition-state-machine.js";
import type { ModelLog } from "./model-log.js";
import type { DownMessage, PositionMessage } from "./model-messages.js";

type EffectOf<Type extends PartitionEffect["type"]> = Extract<PartitionEffect, { readonly type: Type }>;

/** Effects that are about one follower. */
export type FollowerEffect = EffectOf<"sendRecords" | "sendDivergence" | "refuseReplica" | "holdReplica">;

export interface ModelFollowersDependencies {
  readonly log: ModelLog;
  machine(): PartitionStateMachine;
  post(event: PartitionEvent): void;
  sendDown(follower: number, message: DownMessage): void;
}

export class ModelFollowers {
  readonly #isFlushedAlways: boolean;
  readonly #dependencies: ModelFollowersDependencies;
  readonly #log: ModelLog;
  /** By replica: from where on it is sent records. */
  readonly #senders = new Map<number, Offset>();
  /** By replica: what it said last on the stream that is open. */
  readonly #positions = new Map<number, PositionMessage>();
  /** Replicas in an epoch in which this broker's role is not known here yet. */
  readonly #held = new Set<number>();

  constructor(options: { readonly isFlushedAlways: boolean }, dependencies: ModelFollowersDependencies) {
    this.#isFlushedAlways = options.isFlushedAlways;
    this.#dependencies = dependencies;
    this.#log = dependencies.log;
  }

  /** Sends a follower so many of the records that it has not been sent, or only marks where there are none. */
  send(replica: number, recordsMax: number): void {
    const fetchOffset = this.#senders.get(replica);
    const { leaderEpoch, highWatermark } = this.#dependencies.machine();
    if (fetchOffset === undefined || leaderEpoch === undefined || highWatermark === undefined) return;
    if (fetchOffset < this.#log.copyStartOffset) {
      this.#refuseDeleted(replica);
      return;
    }
    const nextOffset = offset(Math.max(fetchOffset, Math.min(fetchOffset + recordsMax, this.#log.writtenOffset)));
    const records = this.#log.slice(fetchOffset, nextOffset);
    const { logStartOffset } = this.#log;
    this.#senders.set(replica, nextOffset);
    const marks = { highWatermark, logStartOffset };
    this.#dependencies.sendDown(replica, { type: "records", leaderEpoch, fetchOffset, records, ...marks });
  }

  receive(replica: number, message: PositionMessage): void {
    this.#positions.set(replica, message);
    const { lastFetchedEpoch, flushedOffset, fetchOffset } = message;
    this.#dependencies.post({
      type: "replicaFetched",
      replica,
      brokerEpoch: message.brokerEpoch,
      leaderEpoch: message.leaderEpoch,
      fetchOffset,
      lastFetchedEpoch,
      epochEnd: lastFetchedEpoch === undefined ? undefined : this.#log.epochEnd(lastFetchedEpoch),
      ackedOffset: this.#isFlushedAlways ? flushedOffset : fetchOffset,
      isRestart: message.isRestart,
      isFull: message.isFull,
      copyStartOffset: this.#log.copyStartOffset,
    });
  }

  /** The stream of that follower has ended. */
  closed(replica: number): void {
    this.#senders.delete(replica);
    this.#positions.delete(replica);
    this.#held.delete(replica);
  }

  /** This broker leads no longer, or leads anew: nobody is sent anything before it asks. */
  stopSending(): void {
    this.#senders.clear();
  }

  /** What was said too early is looked at again. */
  takeHeld(): void {
    const held = [...this.#held];
    this.#held.clear();
    for (const replica of held) {
      const position = this.#positions.get(replica);
      if (position !== undefined) this.receive(replica, position);
    }
  }

  /** All streams have ended. */
  clear(): void {
    this.#senders.clear();
    this.#positions.clear();
    this.#held.clear();
  }

  run(effect: FollowerEffect): void {
    switch (effect.type) {
      case "sendRecords":
        this.#senders.set(effect.replica, effect.fromOffset);
        break;
      case "sendDivergence":
        this.#senders.delete(effect.replica);
        this.#dependencies.sendDown(effect.replica, { ...effect, type: "diverged" });
        break;
      case "refuseReplica":
        this.#refuse(effect);
        break;
      case "holdReplica":
        this.#held.add(effect.replica);
        break;
    }
  }

  /** What was to be sent next has been deleted meanwhile. */
  #refuseDeleted(replica: number): void {
    const { copyStartOffset, logStartOffset, endOffset: highWatermark } = this.#log;
    const where = { topic: "flights", partition: 0, offset: this.#senders.get(replica) ?? 0 };
    const error = new SluiceError("OFFSET_OUT_OF_RANGE", { ...where, logStartOffset, highWatermark });
    const { leaderEpoch } = this.#dependencies.machine();
    this.#refuse({ type: "refuseReplica", replica, leaderEpoch, error, copyStartOffset });
  }

  #refuse({ replica, leaderEpoch, error, copyStartOffset = offset(0) }: EffectOf<"refuseReplica">): void {
    this.#senders.delete(replica);
    this.#dependencies.sendDown(replica, { type: "refused", leaderEpoch, error, copyStartOffset });
  }
}
