/**
 * Which brokers keep the replicas of a new topic.
 *
 * Leaders go round the brokers, those that lead least first, so that a topic is spread evenly (counts differ by at most 1)
 * and what does not divide evenly falls to the least loaded. Each other replica of a partition goes to a rack that has the fewest of
 * its replicas - so no rack has two while there are racks enough - and there to the broker that keeps the fewest replicas of
 * the topic, then of all topics. A broker that names no rack is one of its own. Brokers that are fenced or drained get nothing.
 * The same image gives the same placement.
 */

import { type BrokerId, SluiceError } from "@sluice/model";
import type { BrokerRegistration, ClusterImage } from "./cluster-image.js";

export interface PlacementRequest {
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Partitions that brokers are about to be preferred leaders of, and that the image does not show yet. Default: none. */
  readonly alsoLed?: ReadonlyMap<BrokerId, number> | undefined;
  /** Replicas that brokers are about to keep, and that the image does not show yet. Default: none. */
  readonly alsoKept?: ReadonlyMap<BrokerId, number> | undefined;
}

/** Replicas of a partition unless somebody says otherwise, where there are brokers enough. */
const usualReplicationFactor = 3;

/**
 * Replicas of each partition (index = partition number), the preferred leader first.
 *
 * @throws SluiceError INVALID_REPLICATION_FACTOR when there are fewer brokers than replicas
 */
export function placeReplicas(image: ClusterImage, request: PlacementRequest): BrokerId[][] {
  const { partitions, replicationFactor, alsoLed } = request;
  const round = byLeaderships(image, placeableBrokers(image), alsoLed);
  if (replicationFactor > round.length || round.length === 0) {
    throw new SluiceError("INVALID_REPLICATION_FACTOR", {
      replicationFactor,
      replicationFactorMax: round.length,
      reason: `${round.length} brokers are running and take replicas`,
    });
  }
  return new Placement(image, round, request).place(partitions, replicationFactor);
}

/** How many replicas a partition gets where nobody says: three, or as many as there are brokers that take some; at least one. */
export function defaultReplicationFactor(image: ClusterImage): number {
  return Math.max(1, Math.min(usualReplicationFactor, placeableBrokers(image).length));
}

/** Brokers that take new replicas: unfenced, and not drained. */
export function placeableBrokers(image: ClusterImage): BrokerRegistration[] {
  return [...image.brokers.values()].filter(({ id, isActive }) => isActive && !image.drainedBrokers.has(id));
}

/** What tells racks apart. A broker without one shares its fate with nobody. */
export function rackOf({ id, rack }: Pick<BrokerRegistration, "id" | "rack">): string {
  return rack === "" ? `broker ${id}` : `rack ${rack}`;
}

/** Those that are preferred leader of the fewest partitions first, then by id. */
function byLeaderships(
  image: ClusterImage,
  brokers: readonly BrokerRegistration[],
  alsoLed: ReadonlyMap<BrokerId, number> = new Map(),
): BrokerRegistration[] {
  const ledBy = ({ id }: BrokerRegistration): number => {
    return (image.preferredLeaders.get(id) ?? 0) + (alsoLed.get(id) ?? 0);
  };
  return [...brokers].sort((a, b) => ledBy(a) - ledBy(b) || a.id - b.id);
}

/** One placement under way. */
class Placement {
  readonly #round: readonly BrokerRegistration[];
  /** Replicas that each broker of the round keeps of everything else. */
  readonly #kept: readonly number[];
  /** Replicas that each broker of the round gets here. */
  readonly #placed: number[];
  /** Partitions of each leader that a broker follows. */
  readonly #followings = new PairCounts();
  /** Partitions of each leader of which a broker is the second replica. */
  readonly #successions = new PairCounts();

  constructor(image: ClusterImage, round: readonly BrokerRegistration[], { alsoKept }: PlacementRequest) {
    this.#round = round;
    this.#kept = round.map(({ id }) => (image.replicaCounts.get(id) ?? 0) + (alsoKept?.get(id) ?? 0));
    this.#placed = round.map(() => 0);
  }

  place(partitions: number, replicationFactor: number): BrokerId[][] {
    const leaders = Array.from({ length: partitions }, (_, partition) => partition % this.#round.length);
    // All of them before any follower: whoever leads often follows less.
    for (const leader of leaders) this.#count(leader);
    const rows = leaders.map((leader) => [leader, ...this.#chooseFollowers(leader, replicationFactor - 1)]);
    this.#level(rows);
    return rows.map((row) => row.flatMap((index) => this.#round[index]?.id ?? []));
  }

  /** The first takes over when the leader dies: another one each time, so that what it led is spread over many. */
  #chooseFollowers(leader: number, count: number): number[] {
    const followers: number[] = [];
    while (followers.length < count) {
      const next = this.#next([leader, ...followers], leader);
      this.#count(next);
      this.#followings.count(leader, next);
      followers.push(next);
    }
    const successions = (index: number): number => this.#successions.of(leader, index);
    followers.sort((a, b) => successions(a) - successions(b) || this.#distance(leader, a) - this.#distance(leader, b));
    for (const heir of followers.slice(0, 1)) this.#successions.count(leader, heir);
    return followers;
  }

  /** The last partitions had little choice: a broker that got two more than another one could have instead gives one to it. */
  #level(rows: readonly number[][]): void {
    for (let hasMoved = true; hasMoved; ) {
      hasMoved = false;
      for (const row of rows) {
        for (let at = 1; at < row.length; at += 1) hasMoved = this.#maybeReplace(row, at) || hasMoved;
      }
    }
  }

  #maybeReplace(row: number[], at: number): boolean {
    const others = row.filter((_, index) => index !== at);
    const follower = row[at] ?? 0;
    const isAllowed = (index: number): boolean =>
      !row.includes(index) && this.#sharingRack(index, others) <= this.#sharingRack(follower, others);
    const placed = (index: number): number => this.#placed[index] ?? 0;
    const lighter = [...this.#round.keys()].filter(
      (index) => placed(follower) - placed(index) >= 2 && isAllowed(index),
    );
    const [first, ...rest] = lighter;
    if (first === undefined) return false;
    const lightest = rest.reduce((best, index) => (placed(index) < placed(best) ? index : best), first);
    this.#count(follower, -1);
    this.#count(lightest);
    row[at] = lightest;
    return true;
  }

  #sharingRack(index: number, others: readonly number[]): number {
    return others.filter((other) => this.#rack(other) === this.#rack(index)).length;
  }

  #distance(leader: number, index: number): number {
    return (index - leader + this.#round.length) % this.#round.length;
  }

  #next(chosen: readonly number[], leader: number): number {
    const rank = (index: number): number[] => [
      this.#sharingRack(index, chosen),
      this.#placed[index] ?? 0,
      this.#kept[index] ?? 0,
      this.#followings.of(leader, index),
      this.#distance(leader, index),
    ];
    const free = this.#round.flatMap((_, index) => (chosen.includes(index) ? [] : [{ index, rank: rank(index) }]));
    return free.reduce((best, candidate) => (isLess(candidate.rank, best.rank) ? candidate : best)).index;
  }

  #rack(index: number): string {
    const broker = this.#round[index];
    return broker === undefined ? "" : rackOf(broker);
  }

  #count(index: number, by: 1 | -1 = 1): void {
    this.#placed[index] = (this.#placed[index] ?? 0) + by;
  }
}

/** How often each broker of the round was chosen beside each leader. */
class PairCounts {
  readonly #counts = new Map<number, Map<number, number>>();

  of(leader: number, other: number): number {
    return this.#counts.get(leader)?.get(other) ?? 0;
  }

  count(leader: number, other: number): void {
    const counts = this.#counts.get(leader) ?? new Map<number, number>();
    counts.set(other, (counts.get(other) ?? 0) + 1);
    this.#counts.set(leader, counts);
  }
}

/** Whether the first number that differs is less. */
function isLess(left: readonly number[], right: readonly number[]): boolean {
  const differs = left.findIndex((value, i) => value !== right[i]);
  return differs >= 0 && (left[differs] ?? 0) < (right[differs] ?? 0);
}
