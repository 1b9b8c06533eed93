/**
 * Coordinator of the consumer groups of this broker: those whose partition of `__consumer_offsets` it leads.
 *
 * A group belongs to partition murmur2(name) of that topic, and its coordinator is whoever leads that partition. Follows the
 * leadership of this broker and the topics of the cluster image; everything else is in the groups.
 */

import type { ClusterImage } from "@sluice/cluster";
import type { GroupOptions } from "@sluice/groups";
import {
  type BrokerId,
  type Clock,
  groupOffsetsTopic,
  invariant,
  type LeaderEpoch,
  type Random,
  randomUuid,
  SluiceError,
} from "@sluice/model";
import { partitionForKey } from "@sluice/record";
import type { Logger } from "../logging.js";
import type { LedPartition, LedPartitions } from "../partition/partition-access.js";
import type { GroupRuntime } from "./group-runtime.js";
import { IdleGroupCheck, type IdleGroupOptions } from "./idle-group-check.js";
import { OffsetsPartition } from "./offsets-partition.js";
import { nextShownTopics, type ShownTopics, shownTopics } from "./topic-shapes.js";

/** The cluster image and its changes; `ImageWatcher` is one. */
export interface ImageSource {
  readonly image: ClusterImage;
  subscribe(listener: (image: ClusterImage) => void): () => void;
}

export interface GroupCoordinatorDependencies {
  readonly partitions: LedPartitions;
  readonly images: ImageSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface GroupCoordinatorOptions {
  readonly brokerId: BrokerId;
  readonly idleGroups: IdleGroupOptions;
  /** Default: `defaultGroupOptions`. */
  readonly groupOptions?: GroupOptions;
  /** Groups that one broker coordinates. Default 100,000. */
  readonly groupsMax?: number;
}

/** Bounds of sessions and groups. */
export const defaultGroupOptions: GroupOptions = {
  sessionTimeoutMsMin: 100,
  sessionTimeoutMsMax: 30 * 60 * 1000,
  rebalanceTimeoutMsMin: 100,
  rebalanceTimeoutMsMax: 24 * 60 * 60 * 1000,
  membersMax: 1000,
  subscriptionLengthMax: 1024 * 1024,
};
const groupsMaxDefault = 100_000;

export class GroupCoordinator {
  readonly #brokerId: BrokerId;
  readonly #groupOptions: GroupOptions;
  readonly #groupsMax: number;
  readonly #idleGroupCheck: IdleGroupCheck;
  readonly #dependencies: GroupCoordinatorDependencies;
  /** Offsets partitions that this broker leads, by number. */
  readonly #held = new Map<number, OffsetsPartition>();
  #topics: ShownTopics;
  #unsubscribe: (() => void)[] = [];
  #isClosed = false;

  constructor(options: GroupCoordinatorOptions, dependencies: GroupCoordinatorDependencies) {
    this.#brokerId = options.brokerId;
    this.#groupOptions = options.groupOptions ?? defaultGroupOptions;
    this.#groupsMax = options.groupsMax ?? groupsMaxDefault;
    this.#dependencies = dependencies;
    this.#topics = shownTopics(dependencies.images.image);
    const groups = () => [...this.#held.values()].flatMap((held) => [...held.groups()]);
    this.#idleGroupCheck = new IdleGroupCheck(options.idleGroups, { ...dependencies, groups });
  }

  /** Takes the groups of the partitions that are led already, and follows from then on. */
  start(): void {
    invariant(this.#unsubscribe.length === 0, "the coordinator is started twice");
    const { images, partitions } = this.#dependencies;
    this.#topics = shownTopics(images.image);
    this.#idleGroupCheck.start();
    this.#unsubscribe = [
      images.subscribe((image) => this.#setImage(image)),
      partitions.watchLeadership({
        onLeading: (partition, leaderEpoch) => this.#lead(partition, leaderEpoch),
        onResigned: (partition) => this.#resign(partition),
      }),
    ];
  }

  /** Ends every session and answers nothing any more. */
  close(): void {
    this.#isClosed = true;
    this.#idleGroupCheck.stop();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    for (const held of this.#held.values()) held.stop(this.#stopping());
    this.#held.clear();
  }

  /** Broker that coordinates the group. Undefined: none at present. */
  coordinatorOf(group: string): BrokerId | undefined {
    const topic = this.#dependencies.images.image.topics.get(groupOffsetsTopic);
    return topic?.partitions[offsetsPartitionOf(group, topic.partitions.length)]?.leader;
  }

  /**
   * The group; undefined: it does not exist.
   * @throws SluiceError NOT_COORDINATOR, COORDINATOR_LOADING, BROKER_STOPPING, CORRUPT_GROUP_RECORD
   */
  find(group: string): GroupRuntime | undefined {
    return this.#heldFor(group).find(group);
  }

  /** The group. @throws SluiceError UNKNOWN_GROUP, and as `find` */
  findOrThrow(group: string): GroupRuntime {
    const runtime = this.find(group);
    if (runtime?.view.exists !== true) throw new SluiceError("UNKNOWN_GROUP", { group });
    return runtime;
  }

  /** The group, to be made by what comes next. @throws SluiceError RESOURCE_EXHAUSTED where there are too many, and as `find` */
  findOrCreate(group: string): GroupRuntime {
    const held = this.#heldFor(group);
    const known = held.find(group);
    if (known !== undefined) return known;
    const limit = this.#groupsMax;
    const count = [...this.#held.values()].reduce((sum, { groupCount }) => sum + groupCount, 0);
    if (count < limit) return held.findOrCreate(group);
    throw new SluiceError("RESOURCE_EXHAUSTED", {
      resource: `The coordinator of groups on broker ${this.#brokerId}`,
      limit: `${limit} groups`,
    });
  }

  /** All groups that this broker coordinates, by name. @throws SluiceError COORDINATOR_LOADING, BROKER_STOPPING */
  list(): GroupRuntime[] {
    if (this.#isClosed) throw this.#stopping();
    const offsetsTopic = this.#dependencies.images.image.topics.get(groupOffsetsTopic);
    const isComing = (offsetsTopic?.partitions ?? []).some(({ leader, partition }) => {
      return leader === this.#brokerId && !this.#held.has(partition);
    });
    if (isComing) throw new SluiceError("COORDINATOR_LOADING", { group: "*" });
    const groups = [...this.#held.values()].flatMap((held) => held.list());
    return groups.sort((a, b) => (a.group < b.group ? -1 : 1));
  }

  /** An id that no member ever had: the name of its client, for people, and a UUID. */
  newMemberId(clientId: string): string {
    return `${clientId}-${randomUuid(this.#dependencies.random)}`;
  }

  #lead(partition: LedPartition, leaderEpoch: LeaderEpoch): void {
    if (partition.topic !== groupOffsetsTopic || this.#isClosed) return;
    const { clock, logger } = this.#dependencies;
    const held = new OffsetsPartition(
      { log: partition, leaderEpoch, groupOptions: this.#groupOptions },
      { clock, logger, topics: () => this.#topics.shapes },
    );
    this.#held.set(partition.partition, held);
    void held.load();
  }

  #resign(partition: LedPartition): void {
    if (partition.topic !== groupOffsetsTopic) return;
    const held = this.#held.get(partition.partition);
    this.#held.delete(partition.partition);
    const leader =
      this.#dependencies.images.image.topics.get(groupOffsetsTopic)?.partitions[partition.partition]?.leader;
    const isElsewhere = leader !== undefined && leader !== this.#brokerId;
    held?.stop(this.#notCoordinator("*", isElsewhere ? leader : undefined));
  }

  #setImage(image: ClusterImage): void {
    const { changed, ...topics } = nextShownTopics(this.#topics, image);
    this.#topics = topics;
    if (changed.length === 0) return;
    for (const held of this.#held.values()) held.topicsChanged(changed);
  }

  #heldFor(group: string): OffsetsPartition {
    if (this.#isClosed) throw this.#stopping();
    const topic = this.#dependencies.images.image.topics.get(groupOffsetsTopic);
    // The controller makes it when the cluster starts: it is on its way.
    if (topic === undefined) throw new SluiceError("COORDINATOR_LOADING", { group });
    const number = offsetsPartitionOf(group, topic.partitions.length);
    const held = this.#held.get(number);
    if (held !== undefined) return held;
    const leader = topic.partitions[number]?.leader;
    if (leader === this.#brokerId) throw new SluiceError("COORDINATOR_LOADING", { group });
    throw this.#notCoordinator(group, leader);
  }

  #notCoordinator(group: string, leader: BrokerId | undefined): SluiceError {
    return new SluiceError("NOT_COORDINATOR", { broker: this.#brokerId, group, coordinator: leader ?? "not known" });
  }

  #stopping(): SluiceError {
    return new SluiceError("BROKER_STOPPING", { broker: this.#brokerId });
  }
}

/** Partition of the offsets topic that a group belongs to. */
export function offsetsPartitionOf(group: string, partitions: number): number {
  return partitionForKey(Buffer.from(group), partitions);
}
