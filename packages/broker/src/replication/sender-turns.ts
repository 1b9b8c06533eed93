/**
 * Whose turn it is on the stream of one follower, among the partitions that have something to send.
 *
 * Each kind of traffic is served in the order in which senders asked. In-sync traffic goes before the rest, but for one turn in
 * eight: a follower that is behind catches up however busy the in-sync partitions are. What is behind has a budget, and is asked
 * for again when that is free.
 */

import type { PartitionSender, ReplicaTraffic } from "./partition-sender.js";
import type { TrafficBudget } from "./traffic-budget.js";

/** Budgets of what is not in sync. */
export type TrafficBudgets = Readonly<Record<Exclude<ReplicaTraffic, "inSync">, TrafficBudget>>;

/** Of so many turns in a row, one is for what is behind. */
const inSyncTurnsMax = 7;

export class SenderTurns {
  readonly #budgets: TrafficBudgets;
  readonly #resume: () => void;
  /** By kind, so that none waits for the budget of another. A sender is in at most one. */
  readonly #waiting: Readonly<Record<ReplicaTraffic, Set<PartitionSender>>> = {
    inSync: new Set(),
    catchUp: new Set(),
    reassignment: new Set(),
  };
  #inSyncTurns = 0;
  #wasReassignment = false;

  /** `resume` is called when a budget that had none left is free again. */
  constructor(options: { readonly resume: () => void }, dependencies: { readonly budgets: TrafficBudgets }) {
    this.#resume = options.resume;
    this.#budgets = dependencies.budgets;
  }

  /** Adding one that waits already keeps its place, unless its traffic is of another kind by now. */
  add(sender: PartitionSender): void {
    const { traffic } = sender;
    if (this.#waiting[traffic].has(sender)) return;
    this.delete(sender);
    this.#waiting[traffic].add(sender);
  }

  delete(sender: PartitionSender): void {
    for (const senders of Object.values(this.#waiting)) senders.delete(sender);
  }

  /** Takes out the sender whose turn it is. Undefined: nobody may send now. */
  next(options: { readonly mayBeBehind: boolean }): PartitionSender | undefined {
    const { inSync } = this.#waiting;
    if (inSync.size > 0 && this.#inSyncTurns < inSyncTurnsMax) {
      this.#inSyncTurns += 1;
      return takeFirst(inSync);
    }
    this.#inSyncTurns = 0;
    return (options.mayBeBehind ? this.#nextBehind() : undefined) ?? takeFirst(inSync);
  }

  close(): void {
    this.#budgets.catchUp.cancel(this.#resume);
    this.#budgets.reassignment.cancel(this.#resume);
    for (const senders of Object.values(this.#waiting)) senders.clear();
  }

  #nextBehind(): PartitionSender | undefined {
    this.#wasReassignment = !this.#wasReassignment;
    return this.#wasReassignment
      ? (this.#nextOf("reassignment") ?? this.#nextOf("catchUp"))
      : (this.#nextOf("catchUp") ?? this.#nextOf("reassignment"));
  }

  #nextOf(traffic: keyof TrafficBudgets): PartitionSender | undefined {
    const senders = this.#waiting[traffic];
    if (senders.size === 0) return undefined;
    const budget = this.#budgets[traffic];
    if (budget.isFree) return takeFirst(senders);
    budget.waitFor(this.#resume);
    return undefined;
  }
}

function takeFirst(senders: Set<PartitionSender>): PartitionSender | undefined {
  const [first] = senders;
  if (first !== undefined) senders.delete(first);
  return first;
}
