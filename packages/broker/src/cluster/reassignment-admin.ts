/**
 * Begins, cancels and thinks up moves of replicas for clients, on any broker.
 *
 * A move is begun by compare-and-set of its partition, many of them in one transaction; the controller ends it. What is planned comes
 * from this broker's image, which first catches up with what the store says of the topics. A partition that is changed in the
 * same moment is planned again from what it is then.
 */

import {
  type ClusterImage,
  costOfMoves,
  hasLivingLeader,
  leaderAfterCancel,
  type MovesCost,
  type PartitionImage,
  type PartitionName,
  type PartitionWrite,
  PartitionWriteBatches,
  type PlannedMove,
  partitionsKeyPrefix,
  planDrainMoves,
  planReassignment,
  planReassignmentCancel,
  planRebalanceMoves,
} from "@sluice/cluster";
import type { ClusterStore, ImageWatcher } from "@sluice/coordination";
import { type BrokerId, type Clock, SluiceError, type TopicId, type TopicName, toSluiceError } from "@sluice/model";
import { imageShows } from "../image-wait.js";
import type { InternalClient } from "../internal-client.js";
import type { Logger } from "../logging.js";
import type { ReplicaName } from "../replication/replica-access.js";
import type { LeaderElections } from "./leader-elections.js";
import { inquireReplicas } from "./replica-inquiry.js";

/** What a partition is to have. */
export interface ReassignmentWish extends PartitionName {
  /** The preferred leader first. Empty: the move that is under way is cancelled. */
  readonly replicas: readonly BrokerId[];
}

export interface ReassignmentPlan extends MovesCost {
  readonly moves: readonly PlannedMove[];
}

export interface ReassignmentAdminDependencies {
  readonly store: ClusterStore;
  readonly images: ImageWatcher;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly internalClient: Pick<InternalClient, "describeReplicas">;
  readonly elections: Pick<LeaderElections, "elect">;
}

/** For the image to show what the store holds, in milliseconds. */
const imageWaitMsMax = 10_000;
/** How often partitions are planned that others change in the same moment. */
const triesMax = 10;

export class ReassignmentAdmin {
  readonly #dependencies: ReassignmentAdminDependencies;

  constructor(dependencies: ReassignmentAdminDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Begins and cancels moves, and resolves when this broker's image shows them. For each wish, in their order, why it was refused;
   * undefined: it was not.
   *
   * @param options.validateOnly checks everything and changes nothing
   * @throws what the store throws; some moves may have been begun then
   */
  async alter(
    wishes: readonly ReassignmentWish[],
    options: { readonly validateOnly: boolean },
  ): Promise<(SluiceError | undefined)[]> {
    await this.#catchUp(new Set(wishes.map(({ topic }) => topic)));
    if (!options.validateOnly) await this.#giveBackLeaderships(wishes);
    const results = new Map<ReassignmentWish, SluiceError | undefined>();
    let pending = withoutRepetitions(wishes, results);
    for (let tries = 1; pending.length > 0; tries += 1) {
      const { image } = this.#dependencies.images;
      const writes = planAll(image, pending, results);
      if (options.validateOnly) break;
      pending = await this.#write(writes);
      if (pending.length === 0) break;
      if (tries === triesMax) refuseAll(pending, results);
      // Somebody changed them meanwhile, and the image is about to show what.
      else await this.#until((next) => next.revision > image.revision);
    }
    return wishes.map((wish) => results.get(wish));
  }

  /**
   * Moves that would empty a broker or, where none is named, spread everything evenly, and what they would cost. Changes nothing.
   *
   * @throws SluiceError UNKNOWN_BROKER, UNKNOWN_TOPIC, INVALID_ASSIGNMENT where too few other brokers take replicas
   */
  async plan(request: {
    readonly drained: BrokerId | undefined;
    readonly topics: readonly string[];
  }): Promise<ReassignmentPlan> {
    const { image } = this.#dependencies.images;
    const { drained } = request;
    for (const topic of request.topics) {
      if (!image.topics.has(topic as TopicName)) throw new SluiceError("UNKNOWN_TOPIC", { topic });
    }
    if (drained !== undefined && !image.lastRegistrations.has(drained)) {
      throw new SluiceError("UNKNOWN_BROKER", { broker: drained });
    }
    const topics = request.topics.length === 0 ? undefined : new Set(request.topics);
    const moves =
      drained === undefined ? planRebalanceMoves(image, { topics }) : planDrainMoves(image, drained, { topics });
    const sizes = await this.#sizesOf(image, moves);
    return { moves, ...costOfMoves(moves, (partition) => sizes.get(nameOf(partition)) ?? 0) };
  }

  /**
   * A move that is taken back may have made one of the added replicas the leader: it hands over to one that stays. Where it cannot, the
   * cancellation elects.
   */
  async #giveBackLeaderships(wishes: readonly ReassignmentWish[]): Promise<void> {
    const { images, elections } = this.#dependencies;
    const { image } = images;
    const handovers = wishes.flatMap((wish) => {
      const partition = image.topics.get(wish.topic as TopicName)?.partitions[wish.partition];
      if (wish.replicas.length > 0 || partition === undefined || !hasLivingLeader(partition, image.brokers)) return [];
      const candidate = leaderAfterCancel(image, partition);
      const { topic, partition: number } = wish;
      if (candidate === undefined) return [];
      return elections.elect([{ topic, partition: number }], { kind: "chosen", candidate }, { mayForward: true });
    });
    await Promise.all(handovers);
  }

  /** What was refused because it was changed meanwhile. */
  async #write(writes: ReadonlyMap<PartitionImage, PlannedWish>): Promise<ReassignmentWish[]> {
    const { store, logger } = this.#dependencies;
    const batches = new PartitionWriteBatches({ what: "beginning or cancelling moves of" });
    for (const { write } of writes.values()) batches.add(write);
    const refused: ReassignmentWish[] = [];
    let written = 0;
    for (const batch of batches.finish()) {
      const { succeeded, revision } = await store.transact(batch.compares, batch.operations);
      if (succeeded) {
        written = revision;
        logger.info({ purpose: batch.purpose, revision }, "moves of replicas recorded");
      } else refused.push(...batch.writes.flatMap(({ partition }) => writes.get(partition)?.wish ?? []));
    }
    await this.#until((image) => image.revision >= written);
    return refused;
  }

  /** Bytes of the partitions that are to be copied, as their leaders say, by name. */
  async #sizesOf(image: ClusterImage, moves: readonly PlannedMove[]): Promise<ReadonlyMap<string, number>> {
    const byLeader = new Map<BrokerId, ReplicaName[]>();
    for (const { before, replicas } of moves) {
      const isCopied = replicas.some((id) => !before.replicas.includes(id));
      if (!isCopied || before.leader === undefined || !image.brokers.has(before.leader)) continue;
      const led = byLeader.get(before.leader);
      if (led === undefined) byLeader.set(before.leader, [before]);
      else led.push(before);
    }
    const answers = await inquireReplicas(byLeader, this.#dependencies);
    return new Map(answers.map((answer) => [nameOf(answer), answer.sizeBytes]));
  }

  /** Waits until the image shows of these topics what the store holds, or something newer. */
  async #catchUp(topics: ReadonlySet<string>): Promise<void> {
    const { store, images } = this.#dependencies;
    const ids = [...topics].flatMap((name): TopicId[] => {
      const topic = images.image.topics.get(name as TopicName);
      return topic === undefined ? [] : [topic.id];
    });
    for (const id of ids) {
      const { entries } = await store.list(partitionsKeyPrefix(id));
      const newest = entries.reduce((revision, { modRevision }) => Math.max(revision, modRevision), 0);
      await this.#until((image) => image.revision >= newest);
    }
  }

  /** An image that comes too late is no error: compares refuse what is planned from an old one. */
  async #until(condition: (image: ClusterImage) => boolean): Promise<void> {
    await imageShows(condition, imageWaitMsMax, this.#dependencies);
  }
}

interface PlannedWish {
  readonly wish: ReassignmentWish;
  readonly write: PartitionWrite;
}

/** Those that can be written, by partition; why the others cannot goes into the results. */
function planAll(
  image: ClusterImage,
  wishes: readonly ReassignmentWish[],
  results: Map<ReassignmentWish, SluiceError | undefined>,
): ReadonlyMap<PartitionImage, PlannedWish> {
  const writes = new Map<PartitionImage, PlannedWish>();
  for (const wish of wishes) {
    try {
      const write = wish.replicas.length === 0 ? planReassignmentCancel(image, wish) : planReassignment(image, wish);
      if (write !== undefined) writes.set(write.partition, { wish, write });
    } catch (error) {
      results.set(wish, toSluiceError(error));
    }
  }
  return writes;
}

/** Each partition once: what names one again is refused. */
function withoutRepetitions(
  wishes: readonly ReassignmentWish[],
  results: Map<ReassignmentWish, SluiceError | undefined>,
): ReassignmentWish[] {
  const seen = new Set<string>();
  return wishes.filter((wish) => {
    const name = `${wish.topic}-${wish.partition}`;
    if (seen.has(name)) results.set(wish, new SluiceError("INVALID_REQUEST", { reason: `${name} is named twice` }));
    const isFirst = !seen.has(name);
    seen.add(name);
    return isFirst;
  });
}

function refuseAll(wishes: readonly ReassignmentWish[], results: Map<ReassignmentWish, SluiceError | undefined>): void {
  for (const wish of wishes) {
    const operation = `moving replicas of ${wish.topic}-${wish.partition}`;
    results.set(wish, new SluiceError("STORE_CONFLICT", { operation }));
  }
}

function nameOf({ topicId, partition }: ReplicaName): string {
  return `${topicId}/${partition}`;
}
