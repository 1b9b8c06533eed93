/**
 * What the controller has to do, from the image alone: elect leaders, remove leftovers, make the internal topic.
 *
 * Every transaction compares all that it was planned from, the controller's own term included: an image that is behind, or a controller
 * that was replaced, changes nothing. Whatever fails is planned again from the next image, so nothing is retried here.
 */

import { type BrokerId, groupOffsetsTopic, type TopicId } from "@sluice/model";
import type { ClusterImage, PartitionImage, TopicImage } from "./cluster-image.js";
import { brokerKey, controllerKey, partitionKey } from "./cluster-keys.js";
import { formatPartitionValue, type PartitionValue } from "./cluster-values.js";
import { planElection } from "./leader-election.js";
import { lastChangeOf, planLeftovers } from "./leftover-plan.js";
import {
  type PlannedCompare,
  type PlannedOperation,
  type PlannedTransaction,
  transactionStepsMax,
} from "./planned-transaction.js";
import { changedKeys } from "./shared-map.js";
import { planAnyTopicCreation, type TopicCreation } from "./topic-plan.js";

/** Small, because a segment is compacted only when the next is begun; as Kafka's. */
const offsetsSegmentBytes = 104_857_600;

export interface InternalTopicOptions {
  /** Partitions of the internal topic of group offsets. */
  readonly groupOffsetsPartitions: number;
  /** Brokers that must be registered before it is made, so that it is spread over more than the first to start. */
  readonly brokersMin: number;
  /** An id that was never used. */
  readonly newTopicId: TopicId;
}

/**
 * Elections and removals for the controller of `controllerEpoch`; none where the image shows another one.
 *
 * @param abandoned topic ids whose leftovers have lain so long that nobody works on them any more. Leftovers that are older than
 *   the term are removed in any case: whoever made them would have to be slower than a change of controller.
 * @param settled an earlier image for which there was nothing to elect, so that only what changed since is looked at
 */
export function planControllerWork(
  image: ClusterImage,
  controllerEpoch: number,
  abandoned: ReadonlySet<TopicId> = new Set(),
  settled?: ClusterImage,
): PlannedTransaction[] {
  if (image.controller?.controllerEpoch !== controllerEpoch) return [];
  const term: PlannedCompare = { key: controllerKey, target: "createRevision", equals: controllerEpoch };
  return [...planElections(image, term, settled), ...planRemovals(image, term, abandoned)];
}

/** Creation of `__consumer_offsets`, or undefined where it exists or too few brokers are there yet. */
export function planGroupOffsetsTopic(image: ClusterImage, options: InternalTopicOptions): TopicCreation | undefined {
  if (image.topics.has(groupOffsetsTopic) || image.brokers.size < Math.max(1, options.brokersMin)) return undefined;
  const request = {
    name: groupOffsetsTopic,
    partitions: options.groupOffsetsPartitions,
    replicationFactor: 1,
    // A commit that was acknowledged survives a power loss; of each group and partition the newest one counts.
    configs: [
      { name: "flush", value: "always" },
      { name: "cleanup.policy", value: "compact" },
      { name: "segment.bytes", value: String(offsetsSegmentBytes) },
    ],
  };
  return planAnyTopicCreation(image, request, options.newTopicId);
}

function planElections(
  image: ClusterImage,
  term: PlannedCompare,
  settled: ClusterImage | undefined,
): PlannedTransaction[] {
  const elections = new ElectionBatches(image, term);
  for (const topic of topicsToLookAt(image, settled)) {
    for (const partition of topic.partitions) {
      const elected = planElection(partition, image.brokers);
      if (elected !== undefined) elections.add(partition, elected);
    }
  }
  return elections.finish();
}

/** Who leads hangs on the partition and on the brokers: where neither changed, nothing is to be elected that was not before. */
function topicsToLookAt(image: ClusterImage, settled: ClusterImage | undefined): Iterable<TopicImage> {
  if (settled?.brokers !== image.brokers) return image.topics.values();
  return changedKeys(settled.topics, image.topics).flatMap((name) => image.topics.get(name) ?? []);
}

/** Younger leftovers may be a creation under way: they are removed when they are abandoned, or by the next controller. */
function planRemovals(
  image: ClusterImage,
  term: PlannedCompare,
  abandoned: ReadonlySet<TopicId>,
): PlannedTransaction[] {
  const plans: PlannedTransaction[] = [];
  for (const [topicId, partitions] of image.unlistedPartitions) {
    const isOlder = lastChangeOf(partitions) < term.equals;
    if (isOlder || abandoned.has(topicId)) plans.push(...planLeftovers(image, topicId, [term]));
  }
  return plans;
}

/** Puts as many elections into a transaction as it takes: one for a partition each would be slow after a broker's death. */
class ElectionBatches {
  readonly #image: ClusterImage;
  readonly #term: PlannedCompare;
  readonly #finished: PlannedTransaction[] = [];
  #compares: PlannedCompare[] = [];
  #operations: PlannedOperation[] = [];
  readonly #leaders = new Set<BrokerId>();

  constructor(image: ClusterImage, term: PlannedCompare) {
    this.#image = image;
    this.#term = term;
  }

  add(partition: PartitionImage, elected: PartitionValue): void {
    // Term, partition and broker compared, partition put: at most 4 more.
    if (this.#compares.length + this.#operations.length + 4 > transactionStepsMax) this.#finishBatch();
    if (this.#compares.length === 0) this.#compares.push(this.#term);
    const key = partitionKey(partition.topicId, partition.partition);
    this.#compares.push({ key, target: "modRevision", equals: partition.version });
    this.#operations.push({ type: "put", key, value: formatPartitionValue(elected) });
    this.#compareLeader(elected.leader);
  }

  finish(): PlannedTransaction[] {
    if (this.#operations.length > 0) this.#finishBatch();
    return this.#finished;
  }

  /** The elected broker must still live the life that it is elected for. */
  #compareLeader(leader: BrokerId | undefined): void {
    const registration = leader === undefined ? undefined : this.#image.brokers.get(leader);
    if (registration === undefined || this.#leaders.has(registration.id)) return;
    this.#leaders.add(registration.id);
    const { id, brokerEpoch } = registration;
    this.#compares.push({ key: brokerKey(id), target: "createRevision", equals: brokerEpoch });
  }

  #finishBatch(): void {
    const count = this.#operations.length;
    const purpose = `electing leaders of ${count} partition${count === 1 ? "" : "s"}`;
    this.#finished.push({ purpose, compares: this.#compares, operations: this.#operations });
    this.#compares = [];
    this.#operations = [];
    this.#leaders.clear();
  }
}
