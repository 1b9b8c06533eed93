/** What each broker has to do while moves are being thought up: replicas and preferred leaderships, with all moves so far counted in. */

import type { BrokerId } from "@sluice/model";
import type { BrokerRegistration, ClusterImage } from "./cluster-image.js";
import { targetReplicasOf } from "./reassignment-plan.js";
import { rackOf } from "./replica-placement.js";

export class PlacementLoad {
  readonly #brokers: readonly BrokerRegistration[];
  readonly #racks: ReadonlyMap<BrokerId, string>;
  readonly #replicas = new Map<BrokerId, number>();
  readonly #leaders = new Map<BrokerId, number>();

  /** @param brokers those that may be given replicas */
  constructor(image: ClusterImage, brokers: readonly BrokerRegistration[]) {
    this.#brokers = brokers;
    this.#racks = new Map([...image.brokers.values()].map((broker) => [broker.id, rackOf(broker)]));
    for (const topic of image.topics.values()) {
      for (const partition of topic.partitions) this.count(targetReplicasOf(partition), 1);
    }
  }

  /** Replicas of one partition, the preferred leader first, come (1) or go (-1). */
  count(replicas: readonly BrokerId[], by: 1 | -1): void {
    for (const id of replicas) this.#replicas.set(id, this.replicasOf(id) + by);
    const [leader] = replicas;
    if (leader !== undefined) this.#leaders.set(leader, this.leadershipsOf(leader) + by);
  }

  replicasOf(id: BrokerId): number {
    return this.#replicas.get(id) ?? 0;
  }

  /** Of the broker that keeps the fewest, of those that may be given replicas; 0 where there is none. */
  get replicasMin(): number {
    let least: number | undefined;
    for (const { id } of this.#brokers) least = Math.min(least ?? Number.POSITIVE_INFINITY, this.replicasOf(id));
    return least ?? 0;
  }

  leadershipsOf(id: BrokerId): number {
    return this.#leaders.get(id) ?? 0;
  }

  /** How many of these replicas share the rack of that broker. */
  sharingRack(id: BrokerId, replicas: readonly BrokerId[]): number {
    const rack = this.#racks.get(id);
    return replicas.filter((other) => other !== id && this.#racks.get(other) === rack).length;
  }

  /**
   * Who should keep another replica of a partition, beside those that stay: in a rack with the fewest of them, and there who keeps the
   * fewest replicas of all. Undefined: all keep one already.
   */
  newReplica(staying: readonly BrokerId[], isAllowed: (id: BrokerId) => boolean): BrokerId | undefined {
    let best: { readonly id: BrokerId; readonly sharing: number; readonly replicas: number } | undefined;
    for (const { id } of this.#brokers) {
      if (staying.includes(id) || !isAllowed(id)) continue;
      const candidate = { id, sharing: this.sharingRack(id, staying), replicas: this.replicasOf(id) };
      const isBetter =
        best === undefined ||
        candidate.sharing < best.sharing ||
        (candidate.sharing === best.sharing && candidate.replicas < best.replicas);
      if (isBetter) best = candidate;
    }
    return best?.id;
  }

  /** Whichever of these brokers is preferred leader of the fewest partitions; of equals, the first. */
  leastLeading(replicas: readonly BrokerId[]): BrokerId | undefined {
    let best: BrokerId | undefined;
    for (const id of replicas) {
      if (best === undefined || this.leadershipsOf(id) < this.leadershipsOf(best)) best = id;
    }
    return best;
  }
}
