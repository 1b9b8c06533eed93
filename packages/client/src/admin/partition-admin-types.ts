/** What an admin takes and answers about the leaders and replicas of partitions. Names as in kafkajs where it has them. */

import type { SluiceError, TopicPartition } from "@sluice/model";

/**
 * Which leaders to elect: `preferred`, the first of the replicas; `chosen`, the broker that is named; both only where it is in
 * sync. `unclean` takes one that is not in sync: RECORDS THAT WERE ACKNOWLEDGED MAY BE LOST.
 */
export type LeaderElection =
  | {
      /** The first of the replicas. */
      readonly type: "preferred";
      /** Default: all whose preferred leader does not lead. */
      readonly partitions?: readonly TopicPartition[] | undefined;
    }
  | {
      /** The broker that is named, where it is in sync. */
      readonly type: "chosen";
      /** Partitions that it shall lead. */
      readonly partitions: readonly TopicPartition[];
      /** Id of the broker. */
      readonly brokerId: number;
    }
  | {
      /** In sync or not. */
      readonly type: "unclean";
      /** Partitions that shall have a leader again. */
      readonly partitions: readonly TopicPartition[];
      /** Id of the broker. Default: the replica with the longest log. */
      readonly brokerId?: number | undefined;
    };

/** What became of one partition of a `LeaderElection`. */
export interface ElectedLeader extends TopicPartition {
  /** Who leads now. Undefined: nobody. */
  readonly leaderId: number | undefined;
  /** Leadership term. */
  readonly leaderEpoch: number;
  /** Why it is not the wanted one. Undefined: it is. */
  readonly error?: SluiceError;
}

/** The replicas that a partition is to have. */
export interface PartitionReplicas {
  /** Partition, from 0. */
  readonly partition: number;
  /** Ids of brokers, the preferred leader first. Empty: cancel the move that is under way. */
  readonly replicas: readonly number[];
}

/** Partitions of one topic, each with the replicas that it is to have. */
export interface TopicAssignment {
  /** Name of the topic. */
  readonly topic: string;
  /** Each partition at most once. */
  readonly partitionAssignment: readonly PartitionReplicas[];
}

/** What `admin.alterPartitionReassignments` takes. */
export interface AlterPartitionReassignments {
  /** Moves to begin or to cancel. */
  readonly topics: readonly TopicAssignment[];
  /** Check everything and move nothing. Default false. */
  readonly validateOnly?: boolean | undefined;
}

/** A move that is under way. */
export interface OngoingReassignment {
  /** Partition, from 0. */
  readonly partition: number;
  /** The same as `partition`. */
  readonly partitionIndex: number;
  /** Replicas now, those that are added among them. */
  readonly replicas: readonly number[];
  /** Those that are added. */
  readonly addingReplicas: readonly number[];
  /** Those that will go. */
  readonly removingReplicas: readonly number[];
  /** Those of the added that are in sync. */
  readonly caughtUpReplicas: readonly number[];
}

/** What `admin.listPartitionReassignments` takes. */
export interface ListPartitionReassignments {
  /** Default: all topics; of a topic, all partitions. */
  readonly topics?:
    | readonly { readonly topic: string; readonly partitions?: readonly number[] | undefined }[]
    | undefined;
}

/** What `admin.listPartitionReassignments` answers. */
export interface ListPartitionReassignmentsResponse {
  /** Topics of which something is moved, by name. */
  readonly topics: readonly { readonly topic: string; readonly partitions: readonly OngoingReassignment[] }[];
}

/** What `admin.planReassignments` takes. */
export interface PlanReassignments {
  /** Broker to empty. Default: spread replicas and leaders evenly over the brokers that are not drained. */
  readonly drainBroker?: number | undefined;
  /** Names of topics. Default: all. */
  readonly topics?: readonly string[] | undefined;
}

/** Moves, and what they cost. */
export interface ReassignmentPlan {
  /** What `alterPartitionReassignments` takes. */
  readonly topics: readonly TopicAssignment[];
  /** Replicas that would be copied. */
  readonly replicasMoved: number;
  /** Partitions that would only get another preferred leader. */
  readonly leadersMoved: number;
  /** Bytes that would be copied, as far as the brokers know the sizes now. */
  readonly bytesMoved: number;
}

/** What `admin.setBrokerDrained` takes. */
export interface SetBrokerDrained {
  /** Id of the broker. */
  readonly brokerId: number;
  /** True: nothing new is placed on it. What it has, stays until it is moved. */
  readonly drained: boolean;
}
