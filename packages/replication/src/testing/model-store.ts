/**
 * Cluster store of a test with one partition on three brokers: registrations, the record of the partition with all its versions,
 * and the transactions that change it, as the cluster's plans would write them.
 */

import { type LeaderEpoch, leaderEpoch } from "@sluice/model";
import type { PartitionEffect } from "../partition-effect.js";
import type { ReplicaSets } from "../partition-event.js";
import { replicaSets } from "./partition-events.js";

export type ReplicaSetsChange = Extract<PartitionEffect, { type: "changeReplicaSets" }>;

export interface ModelPartition extends ReplicaSets {
  readonly leader: number | undefined;
  readonly leaderBrokerEpoch: number;
  readonly leaderEpoch: LeaderEpoch;
}

/** A change that a leader asked for: under way until the store has looked at it, then until the leader has heard. */
export interface ReplicaSetsRequest {
  readonly broker: number;
  readonly brokerEpoch: number;
  readonly change: ReplicaSetsChange;
  outcome: ModelPartition | "refused" | undefined;
}

export class ModelStore {
  /** All versions of the partition, oldest first. */
  readonly history: ModelPartition[];
  /** Broker epochs of who is registered. */
  readonly registrations = new Map<number, number>();
  readonly requests: ReplicaSetsRequest[] = [];
  inSyncReplicasMin: number;
  #revision = 1;

  constructor(inSyncReplicasMin: number) {
    this.inSyncReplicasMin = inSyncReplicasMin;
    const none = { leader: undefined, leaderBrokerEpoch: 0, leaderEpoch: leaderEpoch(0) };
    this.history = [{ ...replicaSets({ version: 1 }), ...none }];
  }

  get partition(): ModelPartition {
    return this.history.at(-1) as ModelPartition;
  }

  /** Whether the leader is registered, in the life in which it was elected. */
  get hasLivingLeader(): boolean {
    const { leader, leaderBrokerEpoch } = this.partition;
    return leader !== undefined && this.registrations.get(leader) === leaderBrokerEpoch;
  }

  /** Those that may be elected now: in sync, else eligible. */
  get candidates(): readonly number[] {
    const isRegistered = (replica: number): boolean => this.registrations.has(replica);
    const inSync = this.partition.inSyncReplicas.filter(isRegistered);
    return inSync.length > 0 ? inSync : this.partition.eligibleLeaderReplicas.filter(isRegistered);
  }

  /** A new life of that broker, in place of the one before. Returns its epoch. */
  register(broker: number): number {
    this.#revision += 1;
    this.registrations.set(broker, this.#revision);
    return this.#revision;
  }

  /** Looks at what a leader asked for, and takes it if everything that it was planned from is still so. */
  decide(request: ReplicaSetsRequest): void {
    const { change, broker, brokerEpoch } = request;
    const isCurrent =
      this.partition.version === change.version &&
      this.registrations.get(broker) === brokerEpoch &&
      change.added.every((added) => this.registrations.get(added.replica) === added.brokerEpoch);
    if (!isCurrent) {
      request.outcome = "refused";
      return;
    }
    const { inSyncReplicas, eligibleLeaderReplicas, lastEligibleLeaderReplicas } = change;
    this.#put({ inSyncReplicas, eligibleLeaderReplicas, lastEligibleLeaderReplicas });
    request.outcome = this.partition;
  }

  /** Elects that candidate. The deposed leader stays in sync only where leadership was handed over. */
  elect(elected: number, isHandover: boolean): void {
    const { leader, inSyncReplicas } = this.partition;
    const isStaying = (replica: number): boolean =>
      replica === elected || (this.registrations.has(replica) && (isHandover || replica !== leader));
    const members = inSyncReplicas.includes(elected) ? inSyncReplicas.filter(isStaying) : [elected];
    this.#put({
      ...this.#electable(members),
      leader: elected,
      leaderBrokerEpoch: this.registrations.get(elected) ?? 0,
      leaderEpoch: leaderEpoch(this.partition.leaderEpoch + 1),
    });
  }

  /** Nobody leads. */
  depose(): void {
    this.#put(this.#noLeader);
  }

  /** That replica may have lost records: nobody elects it before it has caught up. */
  exclude(lossy: number): void {
    const { partition } = this;
    const isOther = (replica: number): boolean => replica !== lossy;
    const inSyncReplicas = partition.inSyncReplicas.filter(isOther);
    const eligibleLeaderReplicas = partition.eligibleLeaderReplicas.filter(isOther);
    const isBelow = inSyncReplicas.length + eligibleLeaderReplicas.length < this.inSyncReplicasMin;
    const wasElectable = [...partition.inSyncReplicas, ...partition.eligibleLeaderReplicas].includes(lossy);
    const last = partition.lastEligibleLeaderReplicas;
    const lastEligibleLeaderReplicas = isBelow && wasElectable ? [...last, lossy] : last;
    this.#put({
      inSyncReplicas,
      eligibleLeaderReplicas,
      lastEligibleLeaderReplicas,
      ...(partition.leader === lossy ? this.#noLeader : {}),
    });
  }

  get #noLeader(): Partial<ModelPartition> {
    return {
      leader: undefined,
      leaderBrokerEpoch: 0,
      leaderEpoch: leaderEpoch(this.partition.leaderEpoch + 1),
    };
  }

  #electable(members: readonly number[]): Partial<ModelPartition> {
    const { inSyncReplicas, eligibleLeaderReplicas } = this.partition;
    const isEnough = members.length >= this.inSyncReplicasMin;
    const electable = [...inSyncReplicas, ...eligibleLeaderReplicas];
    return {
      inSyncReplicas: members,
      eligibleLeaderReplicas: isEnough ? [] : electable.filter((replica) => !members.includes(replica)),
    };
  }

  #put(changes: Partial<ModelPartition>): void {
    this.#revision += 1;
    this.history.push({ ...this.partition, ...changes, version: this.#revision });
  }
}
