/**
 * Elections that an operator asks for, on any broker: the preferred leader, a chosen one, or one that is not in sync.
 *
 * Where a leader lives, it hands over itself, so that nothing that it took is lost: on another broker it is asked to. Where none lives,
 * the next one is written here, by compare-and-set. Each partition has its own result; nothing is repeated here but what failed because
 * the partition was changed in the same moment.
 */

import {
  type ClusterImage,
  checkCandidate,
  hasLivingLeader,
  longestLog,
  type PartitionImage,
  type PartitionName,
  type PartitionWrite,
  partitionOrThrow,
  planChosenElection,
  planOneWrite,
  planUncleanElection,
  preferredLeaderOf,
  preferredReplicaOf,
  type TopicImage,
} from "@sluice/cluster";
import type { ClusterStore, ImageWatcher } from "@sluice/coordination";
import { type BrokerId, type Clock, SluiceError, type TopicId, type TopicName, toSluiceError } from "@sluice/model";
import { type ElectedLeader, toWireError } from "@sluice/protocol";
import type { HandedPartition } from "../controller/leader-handover.js";
import { imageShows } from "../image-wait.js";
import type { InternalClient } from "../internal-client.js";
import type { Logger } from "../logging.js";
import { inquireReplicas } from "./replica-inquiry.js";

export type ElectionKind = "preferred" | "chosen" | "unclean";

export interface ElectionWish {
  readonly kind: ElectionKind;
  /** The broker that is to lead. With "preferred" it does not count; undefined: with "unclean", the one with the longest log. */
  readonly candidate: BrokerId | undefined;
}

export interface LeaderElectionsDependencies {
  readonly store: ClusterStore;
  readonly images: ImageWatcher;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly internalClient: Pick<InternalClient, "describeReplicas" | "electLeaders">;
  /** Undefined: this broker does not lead it. */
  led(topicId: TopicId, partition: number): HandedPartition | undefined;
  /** Gives a leadership of this broker away. @throws SluiceError LEADER_NOT_ELIGIBLE, REQUEST_TIMED_OUT */
  handOver(handed: HandedPartition, candidate: BrokerId): Promise<void>;
}

interface FoundPartition {
  readonly topic: TopicImage;
  readonly partition: PartitionImage;
}

/** For the image to show what was written, in milliseconds. */
const imageWaitMsMax = 10_000;
/** How often a partition is looked at that others change in the same moment. */
const triesMax = 5;

const wireKinds = {
  preferred: "ELECTION_TYPE_PREFERRED",
  chosen: "ELECTION_TYPE_CHOSEN",
  unclean: "ELECTION_TYPE_UNCLEAN",
} as const;

export class LeaderElections {
  readonly #brokerId: BrokerId;
  readonly #dependencies: LeaderElectionsDependencies;

  constructor(options: { readonly brokerId: BrokerId }, dependencies: LeaderElectionsDependencies) {
    this.#brokerId = options.brokerId;
    this.#dependencies = dependencies;
  }

  /** Partitions whose preferred leader could lead and does not. */
  misled(): PartitionName[] {
    const { image } = this.#dependencies.images;
    return [...image.topics.values()].flatMap(({ name, partitions }) =>
      partitions.flatMap((partition) => {
        const preferred = preferredLeaderOf(image, partition);
        return preferred === undefined || preferred === partition.leader
          ? []
          : { topic: name, partition: partition.partition };
      }),
    );
  }

  /**
   * Elects, and resolves when this broker knows the leaders. Never rejects: results are in the order of the names.
   *
   * @param options.mayForward false where the request came from another broker, which took this one for the leader
   */
  async elect(
    names: readonly PartitionName[],
    wish: ElectionWish,
    options: { readonly mayForward: boolean },
  ): Promise<ElectedLeader[]> {
    const byLeader = new Map<BrokerId | undefined, PartitionName[]>();
    for (const name of names) {
      const leader = options.mayForward ? this.#otherLeader(name, wish) : undefined;
      const group = byLeader.get(leader);
      if (group === undefined) byLeader.set(leader, [name]);
      else group.push(name);
    }
    const elected = [...byLeader].map(([leader, group]) => {
      if (leader !== undefined) return this.#electAt(leader, group, wish);
      return Promise.all(group.map((name) => this.#electHere(name, wish)));
    });
    const results = (await Promise.all(elected)).flat();
    const inOrder = new Map([...byLeader.values()].flat().map((name, index) => [name, results[index]]));
    return names.flatMap((name) => inOrder.get(name) ?? []);
  }

  /** The broker that has to do it, where that is another one. */
  #otherLeader(name: PartitionName, wish: ElectionWish): BrokerId | undefined {
    const { image } = this.#dependencies.images;
    const partition = image.topics.get(name.topic as TopicName)?.partitions[name.partition];
    if (partition === undefined || wish.kind === "unclean" || !hasLivingLeader(partition, image.brokers))
      return undefined;
    const isDone = partition.leader === candidateOf(wish, image, partition);
    return isDone || partition.leader === this.#brokerId ? undefined : partition.leader;
  }

  async #electAt(leader: BrokerId, names: readonly PartitionName[], wish: ElectionWish): Promise<ElectedLeader[]> {
    const { internalClient } = this.#dependencies;
    const request = { ...toWireWish(wish), partitions: names.map(({ topic, partition }) => ({ topic, partition })) };
    try {
      const results = await internalClient.electLeaders(leader, request);
      await this.#until((image) => results.every((result) => isKnown(image, result)));
      return names.map((name, index) => results[index] ?? this.#resultOf(name));
    } catch (error) {
      return names.map((name) => this.#resultOf(name, toSluiceError(error)));
    }
  }

  async #electHere(name: PartitionName, wish: ElectionWish): Promise<ElectedLeader> {
    try {
      for (let tries = 1; ; tries += 1) {
        const { image } = this.#dependencies.images;
        if (await this.#tryHere(name, wish, image)) return this.#resultOf(name);
        if (tries === triesMax)
          throw new SluiceError("STORE_CONFLICT", { operation: `electing a leader of ${name.topic}` });
        // Somebody changed it meanwhile, and the image is about to show what.
        await this.#until((next) => next.revision > image.revision);
      }
    } catch (error) {
      return this.#resultOf(name, toSluiceError(error));
    }
  }

  /** False: the partition was changed meanwhile. */
  async #tryHere(name: PartitionName, wish: ElectionWish, image: ClusterImage): Promise<boolean> {
    const found = partitionOrThrow(image, name);
    const { topic, partition } = found;
    const isLed = hasLivingLeader(partition, image.brokers);
    const candidate = candidateOf(wish, image, partition) ?? (await this.#withLongestLog(found));
    if (candidate === undefined) throw new SluiceError("LEADER_NOT_AVAILABLE", { ...name });
    if (isLed && partition.leader === candidate) return true;
    if (wish.kind === "unclean") return this.#write(name, planUncleanElection(image, name, candidate));
    checkCandidate(image, found, candidate);
    if (!isLed) return this.#write(name, planChosenElection(image, found, candidate));
    const handed = this.#dependencies.led(topic.id, partition.partition);
    if (handed === undefined) {
      throw new SluiceError("NOT_LEADER", { ...name, broker: this.#brokerId, leader: partition.leader ?? "another" });
    }
    await this.#dependencies.handOver(handed, candidate);
    return true;
  }

  async #withLongestLog({ topic, partition }: FoundPartition): Promise<BrokerId | undefined> {
    const { brokers } = this.#dependencies.images.image;
    const replica = { topicId: topic.id, partition: partition.partition };
    const running = partition.replicas.filter((id) => brokers.get(id)?.isActive === true);
    const answers = await inquireReplicas(new Map(running.map((id) => [id, [replica]])), this.#dependencies);
    return longestLog(answers)?.replica;
  }

  /** Whether the store took it. */
  async #write(name: PartitionName, write: PartitionWrite): Promise<boolean> {
    const { store, logger } = this.#dependencies;
    const { compares, operations } = planOneWrite("electing a leader of", write);
    const { succeeded, revision } = await store.transact(compares, operations);
    if (!succeeded) return false;
    const { leader, leaderEpoch } = write.value;
    logger.warn({ ...name, leader, leaderEpoch, revision }, "leader elected by request");
    await this.#until((image) => image.revision >= revision);
    return true;
  }

  /** A wait that was too short is no error: the answer is what is known then. */
  async #until(condition: (image: ClusterImage) => boolean): Promise<void> {
    await imageShows(condition, imageWaitMsMax, this.#dependencies);
  }

  #resultOf({ topic, partition }: PartitionName, error?: SluiceError): ElectedLeader {
    const known = this.#dependencies.images.image.topics.get(topic as TopicName)?.partitions[partition];
    return {
      topic,
      partition,
      leaderIdPlusOne: known?.leader === undefined ? 0 : known.leader + 1,
      leaderEpoch: known?.leaderEpoch ?? 0,
      error: error === undefined ? null : toWireError(error),
    };
  }
}

/** Undefined: whoever has the longest log. */
function candidateOf(
  { kind, candidate }: ElectionWish,
  image: ClusterImage,
  partition: PartitionImage,
): BrokerId | undefined {
  return kind === "preferred" ? preferredReplicaOf(image, partition) : candidate;
}

function toWireWish({ kind, candidate }: ElectionWish) {
  return { type: wireKinds[kind], brokerIdPlusOne: candidate === undefined ? 0 : candidate + 1 };
}

/** Whether the image shows what that leader said, or something newer. */
function isKnown(image: ClusterImage, { topic, partition, leaderEpoch }: ElectedLeader): boolean {
  const known = image.topics.get(topic as TopicName)?.partitions[partition];
  return known === undefined || known.leaderEpoch >= leaderEpoch;
}
