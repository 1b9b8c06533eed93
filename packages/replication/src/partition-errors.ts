/** Errors that name one partition: what producers, readers and other replicas are told. */

import { type LeaderEpoch, type Offset, SluiceError } from "@sluice/model";
import type { PartitionIdentity } from "./partition-event.js";

export class PartitionErrors {
  readonly #where: { readonly topic: string; readonly partition: number };
  readonly #broker: number;

  constructor(identity: PartitionIdentity) {
    this.#where = { topic: identity.topic, partition: identity.partition };
    this.#broker = identity.broker;
  }

  /** Another broker leads, or this one does no longer. Undefined: it is not known who does. */
  notLeader(leader: number | undefined): SluiceError {
    return new SluiceError("NOT_LEADER", { ...this.#where, broker: this.#broker, leader: leader ?? "not known" });
  }

  leaderNotAvailable(): SluiceError {
    return new SluiceError("LEADER_NOT_AVAILABLE", this.#where);
  }

  /** FENCED_LEADER_EPOCH for an epoch older than the current one, UNKNOWN_LEADER_EPOCH for a newer one. */
  otherEpoch(epoch: number, currentEpoch: LeaderEpoch): SluiceError {
    const code = epoch < currentEpoch ? "FENCED_LEADER_EPOCH" : "UNKNOWN_LEADER_EPOCH";
    return new SluiceError(code, { ...this.#where, epoch, currentEpoch });
  }

  notEnoughReplicas(inSync: number, inSyncMin: number): SluiceError {
    return new SluiceError("NOT_ENOUGH_REPLICAS", { ...this.#where, inSync, inSyncMin });
  }

  outOfRange(offset: number, logStartOffset: Offset, highWatermark: Offset): SluiceError {
    return new SluiceError("OFFSET_OUT_OF_RANGE", { ...this.#where, offset, logStartOffset, highWatermark });
  }

  logTruncated(offset: number, endOffset: Offset): SluiceError {
    return new SluiceError("LOG_TRUNCATED", { ...this.#where, offset, endOffset });
  }

  offline(reason: string): SluiceError {
    return new SluiceError("PARTITION_OFFLINE", { ...this.#where, broker: this.#broker, reason });
  }

  /** An append was begun, and what became of it is open. */
  indeterminate(reason: string): SluiceError {
    const operation = `Appending to ${this.#where.topic}-${this.#where.partition}`;
    return new SluiceError("INDETERMINATE", { operation, reason });
  }
}

/** An earlier life of that broker spoke after a newer one. */
export function staleBrokerEpoch(broker: number, epoch: number, currentEpoch: number): SluiceError {
  return new SluiceError("STALE_BROKER_EPOCH", { broker, epoch, currentEpoch });
}
