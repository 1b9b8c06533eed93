/**
 * Every writer of partitions at once, from images that are behind, over one store: whatever order their transactions take effect in,
 * there is one leader an epoch, and only who has everything that was committed leads or is counted on.
 *
 * The model beside it knows what no broker knows: which replicas have all that was committed. A leader commits while enough are in
 * sync and nobody else is eligible, and then exactly its in-sync replicas, and those that it is adding, have everything.
 */

import { type BrokerId, brokerId, invariant, type TopicId, topicName } from "@sluice/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { propertyRuns } from "../../../test/support/property-runs.js";
import type { BrokerRegistration, ClusterImage, PartitionImage } from "./cluster-image.js";
import { planControllerWork } from "./controller-plan.js";
import { planElections } from "./elections-plan.js";
import { planExclusions } from "./exclusion-plan.js";
import { planHandover } from "./handover-plan.js";
import { hasLivingLeader } from "./leader-election.js";
import type { PartitionName } from "./partition-name.js";
import { type PartitionWrite, planOneWrite } from "./partition-writes.js";
import type { PlannedTransaction } from "./planned-transaction.js";
import { planReassignment, planReassignmentCancel } from "./reassignment-plan.js";
import { planUnfence } from "./registration-plan.js";
import { candidatesWith, inSyncReplicasMinOf } from "./replica-sets.js";
import { planReplicaSetsChange } from "./replica-sets-plan.js";
import { PlannedCluster } from "./testing/planned-cluster.js";

const brokers = [1, 2, 3, 4].map(brokerId);
const partitions = [0, 1];

/** A transaction that somebody has planned and that may take effect at any time, or never. */
interface Planned {
  readonly transaction: PlannedTransaction;
  /** Members that a leader is adding with it, and has counted since it planned this. */
  readonly adding?: { readonly partition: number; readonly leaderEpoch: number; readonly added: readonly BrokerId[] };
  /** It takes out a replica that has lost records, after which fewer than enough may be left. */
  readonly isExclusion?: boolean;
  isOver: boolean;
}

class Model {
  readonly cluster = new PlannedCluster(4);
  /** Per partition: who has all that was committed. */
  readonly complete = partitions.map(() => new Set<BrokerId>());
  /** Lives that have lost records, by partition, and whose exclusion is not confirmed. */
  readonly #lossy = new Map<BrokerId, Set<number>>();
  readonly #leaders = new Map<string, string>();
  /** Partitions of which a member was lost to a crash that took records, since enough were in sync. */
  readonly #excused = new Set<number>();
  readonly #topicId: TopicId;
  images: ClusterImage[];
  planned: Planned[] = [];

  constructor() {
    this.cluster.control(1);
    this.cluster.create({ name: "t", partitions: partitions.length, replicationFactor: 3 });
    this.images = [this.cluster.image];
    const topic = this.cluster.image.topics.get(topicName("t"));
    invariant(topic !== undefined, "the topic was made");
    this.#topicId = topic.id;
    for (const partition of partitions) this.commit(partition);
    this.check();
  }

  partition(at: number, image: ClusterImage = this.cluster.image): PartitionImage {
    const found = image.topicsById.get(this.#topicId)?.partitions[at];
    invariant(found !== undefined, `partition ${at} was made`);
    return found;
  }

  /** One of the images that somebody may still go by. */
  imageAt(age: number): ClusterImage {
    return this.images[Math.max(0, this.images.length - 1 - age)] ?? this.cluster.image;
  }

  plan(transactions: readonly PlannedTransaction[], more: Pick<Planned, "adding" | "isExclusion"> = {}): void {
    for (const transaction of transactions) this.planned.push({ transaction, isOver: false, ...more });
  }

  take(planned: Planned | undefined): void {
    if (planned === undefined || planned.isOver) return;
    planned.isOver = true;
    const before = partitions.map((at) => this.partition(at));
    if (!this.cluster.store.run(planned.transaction)) return;
    this.images.push(this.cluster.image);
    if (planned.isExclusion === true) for (const at of partitions) this.#excused.add(at);
    for (const [at, was] of before.entries()) this.#checkChange(was, this.partition(at));
    this.check();
  }

  /** The leader appends something that its in-sync replicas get, and acknowledges it. */
  commit(at: number): void {
    const partition = this.partition(at);
    const { image } = this.cluster;
    const members = [...partition.inSyncReplicas, ...this.#beingAdded(at, partition)];
    const isEnough = partition.inSyncReplicas.length >= this.#inSyncMin(partition);
    const mayCommit = isEnough && partition.eligibleLeaderReplicas.length === 0;
    // A member that is gone acknowledges nothing.
    if (!mayCommit || !hasLivingLeader(partition, image.brokers)) return;
    if (!members.every((id) => image.brokers.get(id)?.isActive === true)) return;
    this.complete[at] = new Set(members);
  }

  stop(id: BrokerId, isLossy: boolean): void {
    this.cluster.stop(id);
    this.images.push(this.cluster.image);
    if (isLossy) {
      this.#lossy.set(id, new Set(partitions));
      for (const complete of this.complete) complete.delete(id);
    }
  }

  register(id: BrokerId): void {
    if (this.cluster.image.brokers.has(id)) return;
    this.cluster.registerFenced(id);
    this.images.push(this.cluster.image);
  }

  /** As a broker starts: from an image of its registration or later, and not before nothing counts on what it has lost. */
  startTakingPart(id: BrokerId, age: number): void {
    const image = this.imageAt(age);
    const self = image.brokers.get(id);
    if (self === undefined || self.isActive || self.brokerEpoch !== this.cluster.image.brokers.get(id)?.brokerEpoch)
      return;
    const lossy = [...(this.#lossy.get(id) ?? [])].map((partition) => ({ topicId: this.#topicId, partition }));
    const exclusions = planExclusions(image, self, lossy);
    if (exclusions.length > 0) {
      this.plan(exclusions, { isExclusion: true });
      return;
    }
    this.#lossy.delete(id);
    this.plan([planUnfence(self)]);
  }

  /** A leader changes its in-sync replicas: who is added has everything that it has, and is counted from now on. */
  changeReplicaSets(at: number, members: readonly BrokerId[], age: number): void {
    const image = this.imageAt(age);
    const partition = this.partition(at, image);
    const current = this.partition(at);
    const self = image.brokers.get(partition.leader ?? brokerId(0));
    // A deposed leader adds nobody: those that follow its successor refuse it.
    if (self === undefined || partition.leaderBrokerEpoch !== self.brokerEpoch) return;
    const wanted = new Set([self.id, ...members.filter((id) => partition.replicas.includes(id))]);
    const added = [...wanted].filter((id) => !partition.inSyncReplicas.includes(id));
    if (added.length > 0 && (current.leaderEpoch !== partition.leaderEpoch || !this.#canFollow(added, image))) return;
    const sets = candidatesWith(partition, [...wanted], this.#inSyncMin(partition));
    const { leaderEpoch, version } = partition;
    const registrations = added.map((id) => ({ replica: id, brokerEpoch: image.brokers.get(id)?.brokerEpoch ?? 0 }));
    const change = { topicId: this.#topicId, partition: at, leaderEpoch, version, ...sets, added: registrations };
    const { transactions } = planReplicaSetsChange(image, self, [change]);
    for (const id of added) this.complete[at]?.add(id);
    this.plan(transactions, { adding: { partition: at, leaderEpoch, added } });
  }

  check(): void {
    for (const at of partitions) {
      const partition = this.partition(at);
      const { leader, inSyncReplicas, eligibleLeaderReplicas, lastEligibleLeaderReplicas, replicas } = partition;
      const candidates = [...inSyncReplicas, ...eligibleLeaderReplicas];
      expect(new Set([...candidates, ...lastEligibleLeaderReplicas]).size).toBe(
        candidates.length + lastEligibleLeaderReplicas.length,
      );
      expect(replicas).toEqual(expect.arrayContaining([...candidates, ...lastEligibleLeaderReplicas]));
      // I15
      if (leader !== undefined) expect(inSyncReplicas).toContain(leader);
      const inSyncMin = this.#inSyncMin(partition);
      if (inSyncReplicas.length >= inSyncMin) this.#excused.delete(at);
      else if (!this.#excused.has(at)) expect(candidates.length).toBeGreaterThanOrEqual(inSyncMin);
      // I12: who runs and may be elected, or has been, has everything.
      for (const id of candidates) {
        if (this.cluster.image.brokers.get(id)?.isActive === true) expect(this.complete[at]).toContain(id);
      }
      if (leader === undefined) continue;
      // I14
      const name = `${at}: ${partition.leaderEpoch}`;
      const life = `${leader} in ${partition.leaderBrokerEpoch}`;
      expect(this.#leaders.get(name) ?? life).toBe(life);
      this.#leaders.set(name, life);
    }
  }

  #inSyncMin(partition: PartitionImage): number {
    const topic = this.cluster.image.topicsById.get(this.#topicId);
    invariant(topic !== undefined, "the topic stays");
    return inSyncReplicasMinOf(topic, partition);
  }

  #checkChange(before: PartitionImage, after: PartitionImage): void {
    const isSameLeader = before.leader === after.leader && before.leaderBrokerEpoch === after.leaderBrokerEpoch;
    expect(after.leaderEpoch).toBe(before.leaderEpoch + (isSameLeader ? 0 : 1));
    if (isSameLeader || after.leader === undefined) return;
    // I11, and only who was a candidate is elected, in the life in which it may be.
    expect([...before.inSyncReplicas, ...before.eligibleLeaderReplicas]).toContain(after.leader);
    const elected = this.cluster.image.brokers.get(after.leader);
    expect(elected).toMatchObject({ brokerEpoch: after.leaderBrokerEpoch, isActive: true });
    expect(this.complete[before.partition]).toContain(after.leader);
  }

  #beingAdded(at: number, { leaderEpoch }: PartitionImage): BrokerId[] {
    return this.planned.flatMap(({ adding, isOver }) => {
      const isOurs = !isOver && adding?.partition === at && adding.leaderEpoch === leaderEpoch;
      return isOurs ? adding.added : [];
    });
  }

  /** They live the lives that the leader knows, and have not lost their records meanwhile. */
  #canFollow(ids: readonly BrokerId[], image: ClusterImage): boolean {
    const now = this.cluster.image.brokers;
    return ids.every((id) => {
      const known: BrokerRegistration | undefined = image.brokers.get(id);
      return known?.isActive === true && now.get(id)?.brokerEpoch === known.brokerEpoch;
    });
  }
}

const at = fc.constantFrom(...partitions);
const id = fc.constantFrom(...brokers);
const age = fc.integer({ min: 0, max: 3 });
const some = fc.uniqueArray(id, { maxLength: 4 });
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("take" as const), which: fc.nat(8) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("change" as const), at, members: some, age }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("commit" as const), at }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("stop" as const), id, isLossy: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("register" as const), id }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("start" as const), id, age }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("work" as const), age }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("suspect" as const), suspects: some, age }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("handOver" as const), at, id, isLeaving: fc.boolean(), age }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("move" as const), at, replicas: some, age }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel" as const), at, age }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** What is done with each kind of step. */
const performers: { readonly [Kind in Step["do"]]: (model: Model, next: Extract<Step, { do: Kind }>) => void } = {
  take: (model, { which }) => {
    const open = model.planned.filter(({ isOver }) => !isOver);
    model.take(open[which % Math.max(1, open.length)]);
  },
  change: (model, next) => model.changeReplicaSets(next.at, next.members, next.age),
  commit: (model, next) => model.commit(next.at),
  stop: (model, next) => model.stop(next.id, next.isLossy),
  register: (model, next) => model.register(next.id),
  start: (model, next) => model.startTakingPart(next.id, next.age),
  work: (model, next) => {
    const image = model.imageAt(next.age);
    model.plan(planControllerWork(image, { controllerEpoch: image.controller?.controllerEpoch ?? 0 }));
  },
  suspect: (model, next) => {
    const image = model.imageAt(next.age);
    const suspects = new Map(next.suspects.map((suspect) => [suspect, image.brokers.get(suspect)?.brokerEpoch ?? 0]));
    model.plan(planElections(image, { suspects }));
  },
  handOver: (model, next) => {
    const image = model.imageAt(next.age);
    const { topicId, leader = brokerId(0), leaderEpoch, leaderBrokerEpoch } = model.partition(next.at, image);
    const handover = { topicId, partition: next.at, leaderEpoch, candidate: next.id };
    const self = { id: leader, brokerEpoch: leaderBrokerEpoch, isLeaving: next.isLeaving };
    model.plan(planHandover(image, [handover], self).transactions);
  },
  move: (model, next) =>
    planMove(model, (image, name) => planReassignment(image, { ...name, replicas: next.replicas }), next),
  cancel: (model, next) => planMove(model, planReassignmentCancel, next),
};

function planMove(
  model: Model,
  plan: (image: ClusterImage, name: PartitionName) => PartitionWrite | undefined,
  next: { readonly at: number; readonly age: number },
): void {
  try {
    const write = plan(model.imageAt(next.age), { topic: "t", partition: next.at });
    if (write !== undefined) model.plan([planOneWrite("test", write)]);
  } catch (error) {
    expect((error as { code?: string }).code).toMatch(/^(INVALID_ASSIGNMENT|REASSIGNMENT_IN_PROGRESS)$/);
  }
}

function perform<Kind extends Step["do"]>(model: Model, next: Extract<Step, { do: Kind }>): void {
  (performers[next.do as Kind] as (model: Model, next: Extract<Step, { do: Kind }>) => void)(model, next);
}

describe("all writers of partitions together", () => {
  it("keep one leader an epoch, and count only on replicas that have everything", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
        const model = new Model();
        for (const next of steps) perform(model, next);
      }),
      { numRuns: propertyRuns({ usual: 300, long: 5000 }) },
    );
  });
});
