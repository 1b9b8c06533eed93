/**
 * Moves that somebody could ask for: to empty a broker, or to spread replicas and leaders evenly; and what they cost.
 *
 * Nothing is changed here. Partitions that are being moved already are left alone, and counted as they will be. Racks are kept apart as
 * far as they suffice. The same image gives the same moves.
 */

import { type BrokerId, isInternalTopic, SluiceError } from "@sluice/model";
import type { BrokerRegistration, ClusterImage, PartitionImage, TopicImage } from "./cluster-image.js";
import { PlacementLoad } from "./placement-load.js";
import { isBeingMoved, type ReassignmentRequest } from "./reassignment-plan.js";
import { RebalancedPartitions } from "./rebalanced-partitions.js";
import { placeableBrokers } from "./replica-placement.js";

/** A partition, and the replicas that it should have. */
export interface PlannedMove extends ReassignmentRequest {
  readonly before: PartitionImage;
}

export interface MovesOptions {
  /** Topics to look at. Undefined: all. */
  readonly topics?: ReadonlySet<string> | undefined;
}

export interface MovesCost {
  /** Replicas that are copied. */
  readonly replicasMoved: number;
  /** Partitions that only get another preferred leader. */
  readonly leadersMoved: number;
  /** Bytes that are copied, as far as sizes are known. */
  readonly bytesMoved: number;
}

/**
 * Moves that take every replica away from a broker. Another replica becomes the preferred leader of what it led, and the new one is the
 * last: it has nothing yet.
 *
 * @throws SluiceError INVALID_ASSIGNMENT where too few other brokers take replicas
 */
export function planDrainMoves(image: ClusterImage, drained: BrokerId, options: MovesOptions = {}): PlannedMove[] {
  const others = placeableBrokers(image).filter(({ id }) => id !== drained);
  const load = new PlacementLoad(image, others);
  const moves: PlannedMove[] = [];
  for (const { topic, partition } of movable(image, options)) {
    if (!partition.replicas.includes(drained)) continue;
    const staying = partition.replicas.filter((id) => id !== drained);
    const added = load.newReplica(staying, () => true);
    if (added === undefined) throw cannotEmpty({ topic, partition }, others);
    const first = partition.replicas[0] === drained ? (load.leastLeading(staying) ?? added) : partition.replicas[0];
    const replicas = [...new Set([first, ...staying, added])].filter((id) => id !== undefined);
    load.count(partition.replicas, -1);
    load.count(replicas, 1);
    moves.push({ topic: topic.name, partition: partition.partition, replicas, before: partition });
  }
  return moves;
}

/**
 * Moves after which brokers that take replicas keep equally many of them, and lead equally many partitions, as far as racks let them.
 * Brokers that are drained are emptied.
 */
export function planRebalanceMoves(image: ClusterImage, options: MovesOptions = {}): PlannedMove[] {
  const brokers = placeableBrokers(image);
  const load = new PlacementLoad(image, brokers);
  const looked = [...movable(image, options)];
  const rebalanced = new RebalancedPartitions(
    { replicas: looked.map(({ partition }) => partition.replicas), placeable: new Set(brokers.map(({ id }) => id)) },
    load,
  );
  rebalanced.spreadReplicas();
  rebalanced.spreadLeaders();
  return looked.flatMap(({ topic, partition }, index) => {
    const replicas = rebalanced.replicas[index] ?? partition.replicas;
    if (replicas.every((id, i) => id === partition.replicas[i])) return [];
    return { topic: topic.name, partition: partition.partition, replicas, before: partition };
  });
}

/** @param sizeOf bytes of a partition, as far as they are known; 0 where not */
export function costOfMoves(moves: readonly PlannedMove[], sizeOf: (partition: PartitionImage) => number): MovesCost {
  let [replicasMoved, leadersMoved, bytesMoved] = [0, 0, 0];
  for (const { before, replicas } of moves) {
    const added = replicas.filter((id) => !before.replicas.includes(id)).length;
    replicasMoved += added;
    bytesMoved += added * sizeOf(before);
    if (added === 0 && replicas[0] !== before.replicas[0]) leadersMoved += 1;
  }
  return { replicasMoved, leadersMoved, bytesMoved };
}

interface FoundPartition {
  readonly topic: TopicImage;
  readonly partition: PartitionImage;
}

function* movable(image: ClusterImage, { topics }: MovesOptions): Iterable<FoundPartition> {
  // The topics of clients first: a broker that is to get some does not get Sluice's own ones alone.
  const inOrder = [...image.topics.values()].sort((a, b) => {
    const byKind = Number(isInternalTopic(a.name)) - Number(isInternalTopic(b.name));
    return byKind || (a.name < b.name ? -1 : 1);
  });
  for (const topic of inOrder) {
    if (topics !== undefined && !topics.has(topic.name)) continue;
    for (const partition of topic.partitions) if (!isBeingMoved(partition)) yield { topic, partition };
  }
}

function cannotEmpty({ topic, partition }: FoundPartition, others: readonly BrokerRegistration[]): SluiceError {
  const count = partition.replicas.length;
  return new SluiceError("INVALID_ASSIGNMENT", {
    topic: topic.name,
    partition: partition.partition,
    replicas: others.map(({ id }) => id).join(", "),
    reason: `each of its ${count} replicas needs a broker of its own, and no others take replicas; start another broker first`,
  });
}
