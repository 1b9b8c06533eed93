/**
 * Replicas of many partitions, being spread evenly: first who keeps them, then who of them is preferred leader.
 *
 * Each step takes a replica, or a leadership, from a broker that has at least two more than the one that gets it, so it comes to an
 * end, and moves little more than it must. Leaderships also go along a chain of brokers, where no single partition is shared by the
 * one that has too many and the one that has too few.
 */

import type { BrokerId } from "@sluice/model";
import type { PlacementLoad } from "./placement-load.js";

export class RebalancedPartitions {
  readonly #replicas: (readonly BrokerId[])[];
  readonly #placeable: ReadonlySet<BrokerId>;
  readonly #load: PlacementLoad;

  /**
   * @param partitions.replicas of each partition, the preferred leader first
   * @param partitions.placeable brokers that may keep replicas
   * @param load with all these partitions counted in; it is kept up to date
   */
  constructor(
    partitions: { readonly replicas: readonly (readonly BrokerId[])[]; readonly placeable: ReadonlySet<BrokerId> },
    load: PlacementLoad,
  ) {
    this.#replicas = [...partitions.replicas];
    this.#placeable = partitions.placeable;
    this.#load = load;
  }

  /** In the order in which the partitions were given. */
  get replicas(): readonly (readonly BrokerId[])[] {
    return this.#replicas;
  }

  /** Takes replicas from brokers that may keep none, out of racks that have several, and from brokers that keep too many. */
  spreadReplicas(): void {
    for (let hasMoved = true; hasMoved; ) {
      hasMoved = false;
      for (const [index, replicas] of this.#replicas.entries()) {
        for (const id of replicas) hasMoved = this.#maybeReplace(index, id) || hasMoved;
      }
    }
  }

  /** Gives leaderships of brokers that have too many to other replicas. */
  spreadLeaders(): void {
    for (let hasMoved = true; hasMoved; ) {
      hasMoved = false;
      for (const [index, replicas] of this.#replicas.entries()) {
        const best = this.#load.leastLeading(replicas.filter((id) => this.#placeable.has(id)));
        const [leader] = replicas;
        if (leader === undefined || best === undefined) continue;
        if (this.#load.leadershipsOf(leader) - this.#load.leadershipsOf(best) < 2) continue;
        this.#lead(index, best);
        hasMoved = true;
      }
      if (!hasMoved) hasMoved = this.#shiftAlongChain();
    }
  }

  #maybeReplace(index: number, id: BrokerId): boolean {
    const replicas = this.#replicas[index] ?? [];
    const staying = replicas.filter((other) => other !== id);
    const sharing = this.#load.sharingRack(id, staying);
    const mayStay = this.#placeable.has(id);
    // Nobody has so much less to keep, and no other rack would be better: as for nearly all partitions of a cluster that is even.
    if (mayStay && sharing === 0 && this.#load.replicasOf(id) - this.#load.replicasMin < 2) return false;
    const added = this.#load.newReplica(staying, (other) => other !== id);
    if (added === undefined) return false;
    const gain = sharing - this.#load.sharingRack(added, staying);
    const isLighter = this.#load.replicasOf(id) - this.#load.replicasOf(added) >= 2;
    if (mayStay && !(gain > 0 || (gain === 0 && isLighter))) return false;
    this.#set(
      index,
      replicas.map((other) => (other === id ? added : other)),
    );
    return true;
  }

  #lead(index: number, leader: BrokerId): void {
    const replicas = this.#replicas[index] ?? [];
    this.#set(index, [leader, ...replicas.filter((id) => id !== leader)]);
  }

  #set(index: number, replicas: readonly BrokerId[]): void {
    this.#load.count(this.#replicas[index] ?? [], -1);
    this.#load.count(replicas, 1);
    this.#replicas[index] = replicas;
  }

  /** From a broker that leads most to one that leads at least two less, one leadership a broker on the way. */
  #shiftAlongChain(): boolean {
    const byLeaderships = [...this.#placeable].sort(
      (a, b) => this.#load.leadershipsOf(b) - this.#load.leadershipsOf(a),
    );
    const fewest = byLeaderships.at(-1);
    if (fewest === undefined) return false;
    return byLeaderships.some((from) => {
      // A way to whom it could give one would be looked for in all partitions, and there is none.
      if (this.#load.leadershipsOf(from) - this.#load.leadershipsOf(fewest) < 2) return false;
      return this.#shiftFrom(from);
    });
  }

  #shiftFrom(from: BrokerId): boolean {
    const most = this.#load.leadershipsOf(from);
    /** How each broker was reached: the partition that its predecessor leads and that it keeps a replica of. */
    const reached = new Map<BrokerId, number | undefined>([[from, undefined]]);
    for (const broker of reached.keys()) {
      if (most - this.#load.leadershipsOf(broker) >= 2) {
        this.#shift(broker, reached);
        return true;
      }
      for (const [index, [leader, ...others]] of this.#replicas.entries()) {
        if (leader !== broker) continue;
        for (const id of others) if (this.#placeable.has(id) && !reached.has(id)) reached.set(id, index);
      }
    }
    return false;
  }

  /** Back along the way, so that each gives one leadership on and only the ends differ. */
  #shift(to: BrokerId, reached: ReadonlyMap<BrokerId, number | undefined>): void {
    let broker = to;
    for (let index = reached.get(broker); index !== undefined; index = reached.get(broker)) {
      const before = this.#replicas[index]?.[0];
      this.#lead(index, broker);
      if (before === undefined) return;
      broker = before;
    }
  }
}
