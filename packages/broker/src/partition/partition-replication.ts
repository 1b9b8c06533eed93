/**
 * The replication of one partition on this broker: its roles, the replicas that follow it, and its log while it follows another.
 *
 * Joins the three, tells each what happens to the log, and hands each its effects.
 */

import type { PartitionLog } from "@sluice/log";
import { type Clock, type Offset, type SluiceError, type TopicId, topicPartitionText } from "@sluice/model";
import type { PartitionEvent, PartitionIdentity, PartitionStateMachine } from "@sluice/replication";
import type { Logger } from "../logging.js";
import { FollowerLog, type FollowingEffect } from "./follower-log.js";
import { type FollowerEffect, PartitionFollowers } from "./partition-followers.js";
import { PartitionRoles, type RoleEffect } from "./partition-roles.js";
import type { RecentBytesBudget } from "./recent-batches.js";
import type { ReplicationPorts } from "./replication-ports.js";

export type ReplicationEffect = FollowerEffect | FollowingEffect | RoleEffect;

export interface PartitionReplicationOptions {
  readonly identity: PartitionIdentity;
  readonly topicId: TopicId;
  /** A follower that has not caught up for so long leaves the in-sync replicas. */
  readonly replicaLagMsMax: number;
}

export interface PartitionReplicationDependencies {
  readonly log: PartitionLog;
  readonly machine: PartitionStateMachine;
  readonly ports: ReplicationPorts;
  /** Memory for batches that followers are about to be sent, of all partitions. */
  readonly recentBytes: RecentBytesBudget;
  readonly clock: Clock;
  readonly logger: Logger;
  post(event: PartitionEvent): void;
  /** As far as this broker knows it, whatever its role. */
  highWatermark(): Offset;
  /** What this replica acknowledges of its log now. */
  ackedOffset(): Offset;
  /** The life of that broker that is known to be over; undefined: it may well run. */
  endedLifeOf(broker: number): number | undefined;
  /** This broker led, and does not any more. */
  onResigned(): void;
  /** The partition cannot go on: something is broken that is not the disk. */
  onBroken(error: unknown): void;
}

export class PartitionReplication {
  /** How this broker comes to lead or follow. */
  readonly roles: PartitionRoles;
  /** The replicas that follow this one. */
  readonly followers: PartitionFollowers;
  readonly #followerLog: FollowerLog;
  readonly #machine: PartitionStateMachine;
  readonly #post: (event: PartitionEvent) => void;

  constructor(options: PartitionReplicationOptions, dependencies: PartitionReplicationDependencies) {
    const { identity, topicId, replicaLagMsMax } = options;
    const { machine, ports } = dependencies;
    const name = { topicId, partition: identity.partition };
    this.#machine = machine;
    this.#post = dependencies.post;
    this.#followerLog = new FollowerLog(
      { ...name, where: topicPartitionText(identity.topic, identity.partition) },
      { ...dependencies, streams: ports.leaderStreams, roleEpoch: () => machine.roleEpoch },
    );
    this.followers = new PartitionFollowers(name, {
      ...dependencies,
      standingOf: (replica) => machine.standingOf(replica),
      pendingEpoch: () => this.roles.pendingEpoch,
    });
    this.roles = new PartitionRoles(
      { identity, name, replicaLagMsMax },
      { ...dependencies, followers: this.followers, followerLog: this.#followerLog },
    );
  }

  run(effect: ReplicationEffect): void {
    switch (effect.type) {
      case "sendRecords":
      case "sendDivergence":
      case "refuseReplica":
      case "holdReplica":
        this.followers.run(effect);
        break;
      case "changeReplicaSets":
      case "readPartition":
      case "handoverReady":
      case "quarantineReplica":
        this.roles.run(effect);
        break;
      default:
        this.#followerLog.run(effect);
    }
  }

  /** The log is written up to there. */
  written(writtenOffset: Offset): void {
    if (this.#machine.isLeader) this.followers.written(writtenOffset);
    this.roles.logMoved();
  }

  /** What was placed from there on was never written, for want of room. */
  takenBack(fromOffset: Offset, error: SluiceError): void {
    const { leaderEpoch } = this.#machine;
    this.followers.takenBack(fromOffset);
    this.roles.logMoved();
    if (leaderEpoch === undefined) this.#followerLog.takenBack();
    else this.#post({ type: "appendsTakenBack", leaderEpoch, fromOffset, error });
  }

  /** The log takes nothing any more. */
  logFailed(): void {
    this.roles.logMoved();
  }

  /** The high watermark or the log start has moved. */
  marksMoved(): void {
    if (this.#machine.isLeader) this.followers.marksMoved();
  }

  /** There is room on the disk again. */
  retry(): void {
    this.#followerLog.retry();
  }

  /** Nothing is led, followed or waited for any more. */
  stop(): void {
    this.#followerLog.forget(undefined);
    this.roles.stop();
  }
}
