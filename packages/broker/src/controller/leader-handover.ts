/**
 * Gives leaderships of this broker to in-sync replicas: when it stops, when a preferred leader is back, and when an operator asks.
 *
 * The partition takes no appends from the beginning of a handover, refusing them as retriable, and says when the candidate has everything;
 * then the next leader is written by compare-and-set. Those that are ready at one time share a transaction, and so do those for which
 * there are enough under way. Nothing waits for what was written before it: each transaction compares the very partitions that it writes,
 * so their order does not matter. A handover that takes too long, or whose candidate goes, is given up, and the partition goes on under
 * its old leader: whatever became of a transaction whose answer was lost, the image will say.
 */

import { type ClusterImage, type Handover, type PlannedPartitionWrites, planHandover } from "@sluice/cluster";
import type { ClusterStore, ImageWatcher } from "@sluice/coordination";
import { type BrokerId, type Clock, type LeaderEpoch, SluiceError, type Timer, type TopicId } from "@sluice/model";
import type { Logger } from "../logging.js";

/** A partition that this broker leads, as far as giving it away goes. */
export interface HandedPartition {
  readonly topic: string;
  readonly topicId: TopicId;
  readonly partition: number;
  /**
   * Takes no appends from now on, and calls back when the candidate has everything that was taken, at most once. Nothing happens where
   * this broker does not lead (any more).
   */
  startHandover(candidate: BrokerId, onReady: (leaderEpoch: LeaderEpoch) => void): void;
  /** Goes on leading, where it still leads. */
  endHandover(): void;
}

export interface LeaderHandoverDependencies {
  readonly store: ClusterStore;
  readonly images: ImageWatcher;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Registration of this broker; undefined while it has none. */
  brokerEpoch(): number | undefined;
}

interface PendingHandover {
  readonly handed: HandedPartition;
  readonly candidate: BrokerId;
  readonly timer: Timer;
  readonly settle: (error: SluiceError | undefined) => void;
  isSettled: boolean;
}

interface ReadyHandover extends Handover {
  readonly pending: PendingHandover;
}

/** For so long a partition takes no appends at most. */
const handoverMsMax = 2000;
/** Of what becomes ready bit by bit, so much is written at one time: the store makes each transaction durable by itself. */
const writesUnderWayMax = 4;

export class LeaderHandover {
  readonly #brokerId: BrokerId;
  readonly #dependencies: LeaderHandoverDependencies;
  readonly #pending = new Set<PendingHandover>();
  readonly #ready: ReadyHandover[] = [];
  /** What is ready is about to be written. */
  #isWriteDue = false;
  #writesUnderWay = 0;
  #isLeaving = false;

  constructor(options: { readonly brokerId: BrokerId }, dependencies: LeaderHandoverDependencies) {
    this.#brokerId = options.brokerId;
    this.#dependencies = dependencies;
  }

  /** From now on the broker leaves the in-sync replicas of what it hands over: it stops. */
  leave(): void {
    this.#isLeaving = true;
  }

  /**
   * Resolves when the image shows the candidate as the leader.
   * @throws SluiceError LEADER_NOT_ELIGIBLE where it cannot lead, REQUEST_TIMED_OUT, and what the store throws
   */
  handOver(handed: HandedPartition, candidate: BrokerId): Promise<void> {
    const { clock } = this.#dependencies;
    return new Promise((resolve, reject) => {
      const pending: PendingHandover = {
        handed,
        candidate,
        timer: clock.setTimer(handoverMsMax, () => {
          const operation = `Handing over ${handed.topic}-${handed.partition}`;
          pending.settle(new SluiceError("REQUEST_TIMED_OUT", { operation, timeoutMs: handoverMsMax }));
        }),
        settle: (error) => {
          if (pending.isSettled) return;
          pending.isSettled = true;
          pending.timer.cancel();
          this.#pending.delete(pending);
          if (error === undefined) return resolve();
          handed.endHandover();
          reject(error);
        },
        isSettled: false,
      };
      this.#pending.add(pending);
      handed.startHandover(candidate, (leaderEpoch) => this.#isReady(pending, leaderEpoch));
    });
  }

  /** That broker stops, or its process is gone: what was to be given to it never will be. */
  candidateGone(candidate: BrokerId): void {
    for (const pending of [...this.#pending]) {
      if (pending.candidate === candidate) pending.settle(notEligible(pending, "it stops, or is gone"));
    }
  }

  #isReady(pending: PendingHandover, leaderEpoch: LeaderEpoch): void {
    const { topicId, partition } = pending.handed;
    this.#ready.push({ pending, topicId, partition, leaderEpoch, candidate: pending.candidate });
    this.#writeSoon();
  }

  /** What becomes ready in the same turn goes together. */
  #writeSoon(): void {
    if (this.#isWriteDue || this.#ready.length === 0 || this.#writesUnderWay >= writesUnderWayMax) return;
    this.#isWriteDue = true;
    queueMicrotask(() => {
      this.#isWriteDue = false;
      void this.#write();
    });
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    const { image } = this.#dependencies.images;
    const handovers = this.#ready.splice(0).filter(({ pending }) => !pending.isSettled);
    this.#writesUnderWay += 1;
    try {
      const transactions = this.#plan(image, handovers);
      await Promise.all(transactions.map((transaction) => this.#transact(image, transaction, handovers)));
    } catch (error) {
      for (const { pending } of handovers) pending.settle(error as SluiceError);
    }
    this.#writesUnderWay -= 1;
    this.#writeSoon();
  }

  /** @throws SluiceError BROKER_FENCED */
  #plan(image: ClusterImage, handovers: readonly ReadyHandover[]): readonly PlannedPartitionWrites[] {
    const brokerEpoch = this.#dependencies.brokerEpoch();
    if (brokerEpoch === undefined) throw new SluiceError("BROKER_FENCED", { broker: this.#brokerId });
    const options = { id: this.#brokerId, brokerEpoch, isLeaving: this.#isLeaving };
    const { transactions, refused } = planHandover(image, handovers, options);
    for (const handover of handovers) {
      if (refused.includes(handover))
        handover.pending.settle(notEligible(handover.pending, "it, or this leader, no longer can"));
    }
    return transactions;
  }

  /** Resolves when the store has answered; what the image shows then is waited for apart. Never rejects. */
  async #transact(
    image: ClusterImage,
    { writes, compares, operations, purpose }: PlannedPartitionWrites,
    handovers: readonly ReadyHandover[],
  ): Promise<void> {
    const written = handovers.filter(({ topicId, partition }) =>
      writes.some((write) => write.partition.topicId === topicId && write.partition.partition === partition),
    );
    const failed = (error: unknown): void => {
      for (const { pending } of written) pending.settle(error as SluiceError);
    };
    try {
      const { succeeded, revision } = await this.#dependencies.store.transact(compares, operations);
      const shown = succeeded ? this.#written(written, { purpose, revision }) : this.#replan(image, written);
      shown.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  async #written(handovers: readonly ReadyHandover[], done: { purpose: string; revision: number }): Promise<void> {
    this.#dependencies.logger.info(done, "leaderships handed over");
    await this.#dependencies.images.waitFor((image) => image.revision >= done.revision);
    for (const { pending } of handovers) pending.settle(undefined);
  }

  /** Something of it was changed meanwhile: the next image shows what. Each handover has its own time limit. */
  async #replan(planned: ClusterImage, handovers: readonly ReadyHandover[]): Promise<void> {
    await this.#dependencies.images.waitFor(({ revision }) => revision > planned.revision);
    this.#ready.push(...handovers);
    this.#writeSoon();
  }
}

function notEligible({ candidate, handed }: PendingHandover, reason: string): SluiceError {
  const { topic, partition } = handed;
  return new SluiceError("LEADER_NOT_ELIGIBLE", { broker: candidate, topic, partition, reason });
}
