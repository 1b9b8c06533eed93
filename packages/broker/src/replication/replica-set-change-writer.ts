/**
 * Writes changes of replica sets for all partitions that this broker leads.
 *
 * What is proposed in one turn, or while the store is busy, goes into few transactions. A transaction that is refused is done again
 * for each of its partitions alone, so that one that was changed meanwhile does not hold up the others. While an outcome is not
 * known the same transaction is sent again, however long it takes: only then is it certain that no earlier sending takes effect
 * later. A refusal is checked against the key itself, since the sending that was taken may be one whose answer was lost.
 *
 * A compare that has failed once fails for ever: revisions only grow. So what the key holds after a refusal is the outcome, whoever
 * wrote it. Where that is nothing newer, or this broker does not lead in that epoch any more, the change is refused.
 */

import {
  type ClusterImage,
  livesStill,
  type PartitionValue,
  type PartitionWrite,
  PartitionWriteBatches,
  parsePartitionValue,
  partitionKey,
  planReplicaSetsChange,
  type ReplicaSetsChangePlan,
} from "@sluice/cluster";
import type { ClusterStore, ImageWatcher } from "@sluice/coordination";
import { type BrokerId, type Clock, invariant, isSluiceError, sleep } from "@sluice/model";
import type { ReplicaSets } from "@sluice/replication";
import type { Logger } from "../logging.js";
import type { ReplicaSetsChange, ReplicaSetsChangeListener, ReplicaSetsChanges } from "./replica-set-changes.js";

export interface ReplicaSetChangeWriterDependencies {
  readonly store: Pick<ClusterStore, "transact" | "get">;
  readonly images: Pick<ImageWatcher, "image" | "waitFor">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Registration of this broker; undefined while it has none. */
  brokerEpoch(): number | undefined;
}

interface Proposal extends ReplicaSetsChange {
  readonly listener: ReplicaSetsChangeListener;
}

interface BrokerLife {
  readonly id: BrokerId;
  readonly brokerEpoch: number;
}

type ProposedWrites = ReplicaSetsChangePlan<Proposal>["transactions"][number];

/** Transactions under way at one time. */
const transactionsMax = 4;
const retryDelayMsMin = 50;
const retryDelayMsMax = 2000;

export class ReplicaSetChangeWriter implements ReplicaSetsChanges {
  readonly #brokerId: BrokerId;
  readonly #dependencies: ReplicaSetChangeWriterDependencies;
  readonly #closed = new AbortController();
  #proposed: Proposal[] = [];
  /** Planned, and not begun. */
  readonly #planned: { readonly self: BrokerLife; readonly writes: ProposedWrites }[] = [];
  #underWay = 0;
  #isRunDue = false;

  constructor(options: { readonly brokerId: BrokerId }, dependencies: ReplicaSetChangeWriterDependencies) {
    this.#brokerId = options.brokerId;
    this.#dependencies = dependencies;
  }

  propose(change: ReplicaSetsChange, listener: ReplicaSetsChangeListener): void {
    this.#proposed.push({ ...change, listener });
    if (this.#isRunDue) return;
    this.#isRunDue = true;
    // Changes of many partitions come in one turn: when a follower is gone, or has caught up.
    queueMicrotask(() => {
      this.#isRunDue = false;
      this.#run();
    });
  }

  /** No listener is called any more. What is under way may still be taken. */
  close(): void {
    this.#closed.abort();
    this.#proposed = [];
    this.#planned.length = 0;
  }

  #run(): void {
    if (this.#underWay >= transactionsMax || this.#closed.signal.aborted) return;
    this.#plan();
    for (let next = this.#planned.shift(); next !== undefined; next = this.#planned.shift()) {
      void this.#write(next.self, next.writes);
      if (this.#underWay >= transactionsMax) return;
    }
  }

  #plan(): void {
    const { images, brokerEpoch } = this.#dependencies;
    const proposed = this.#proposed;
    if (proposed.length === 0) return;
    this.#proposed = [];
    const ownEpoch = brokerEpoch();
    if (ownEpoch === undefined) {
      // Without a registration it leads nothing: nothing was sent, and nothing will be.
      for (const proposal of proposed) refuse(proposal);
      return;
    }
    const self = { id: this.#brokerId, brokerEpoch: ownEpoch };
    const { transactions, refused, early } = planReplicaSetsChange(images.image, self, proposed);
    for (const writes of transactions) this.#planned.push({ self, writes });
    for (const proposal of refused) refuse(proposal);
    for (const proposal of early) void this.#proposeLater(proposal);
  }

  /** The image will show what the change was decided from in a moment: the leader had it from the store itself. Never rejects. */
  async #proposeLater(proposal: Proposal): Promise<void> {
    const isCurrent = (image: ClusterImage): boolean => image.revision >= proposal.version;
    try {
      await this.#dependencies.images.waitFor(isCurrent, this.#closed.signal);
    } catch (error) {
      this.#gaveUp(error, "waiting for the image that a change of in-sync replicas was decided from");
      return;
    }
    this.propose(proposal, proposal.listener);
  }

  /** Never rejects. */
  async #write(self: BrokerLife, { purpose, compares, operations, writes, changes }: ProposedWrites): Promise<void> {
    this.#underWay += 1;
    try {
      const { store } = this.#dependencies;
      const { succeeded, revision } = await this.#untilKnown(purpose, () => store.transact(compares, operations));
      for (const [i, write] of writes.entries()) {
        const change = changes[i];
        invariant(change !== undefined, "each write of the plan has its change");
        if (succeeded) this.#tell(change, replicaSetsOf(write.value, revision));
        else this.#tell(change, await this.#writeAlone(self, change, write));
      }
    } catch (error) {
      this.#gaveUp(error, purpose);
    }
    this.#underWay -= 1;
    this.#run();
  }

  /** What the store holds of the partition in the end, if it is newer and this broker still leads it in that epoch. */
  async #writeAlone(self: BrokerLife, change: Proposal, write: PartitionWrite): Promise<ReplicaSets | undefined> {
    const { store } = this.#dependencies;
    const batches = new PartitionWriteBatches({ what: "changing in-sync replicas of", compares: [livesStill(self)] });
    batches.add(write);
    for (const { purpose, compares, operations } of batches.finish()) {
      const { succeeded, revision } = await this.#untilKnown(purpose, () => store.transact(compares, operations));
      if (succeeded) return replicaSetsOf(write.value, revision);
    }
    const key = partitionKey(change.topicId, change.partition);
    const entry = await this.#untilKnown("reading a partition that was changed meanwhile", () => store.get(key));
    if (entry === undefined) return undefined;
    const value = parsePartitionValue(key, entry.value);
    const isLeader = value.leader === self.id && value.leaderBrokerEpoch === self.brokerEpoch;
    const isSameTerm = isLeader && value.leaderEpoch === change.leaderEpoch;
    // The same version still: it is a member that was to be added whose registration is over.
    const isNewer = entry.modRevision !== change.version;
    return isSameTerm && isNewer ? replicaSetsOf(value, entry.modRevision) : undefined;
  }

  #tell({ listener, leaderEpoch, version }: Proposal, replicaSets: ReplicaSets | undefined): void {
    if (this.#closed.signal.aborted) return;
    if (replicaSets === undefined) listener.onRefused(leaderEpoch, version);
    else listener.onTaken(leaderEpoch, replicaSets);
  }

  /** Calls until there is an answer. @throws what the signal or a closed store says: the broker stops */
  async #untilKnown<Answer>(purpose: string, call: () => Promise<Answer>): Promise<Answer> {
    const { clock, logger } = this.#dependencies;
    for (let delayMs = retryDelayMsMin; ; delayMs = Math.min(delayMs * 2, retryDelayMsMax)) {
      try {
        return await call();
      } catch (error) {
        if (isSluiceError(error, "CLOSED")) throw error;
        logger.warn({ err: error, purpose }, "the cluster store does not answer: asked again");
      }
      await sleep(clock, delayMs, this.#closed.signal);
    }
  }

  #gaveUp(error: unknown, purpose: string): void {
    const { logger } = this.#dependencies;
    const isStopping = this.#closed.signal.aborted || isSluiceError(error, "CLOSED");
    if (isStopping) logger.debug({ err: error, purpose }, "given up: the broker stops");
    else logger.error({ err: error, purpose }, "the cluster store holds what this broker cannot read");
  }
}

function refuse({ listener, leaderEpoch, version }: Proposal): void {
  listener.onRefused(leaderEpoch, version);
}

function replicaSetsOf(value: PartitionValue, version: number): ReplicaSets {
  const { inSyncReplicas, eligibleLeaderReplicas, lastEligibleLeaderReplicas } = value;
  const { replicas, addingReplicas, removingReplicas } = value;
  return {
    version,
    inSyncReplicas,
    eligibleLeaderReplicas,
    lastEligibleLeaderReplicas,
    replicas,
    addingReplicas,
    removingReplicas,
  };
}
