// Original file: ../../proto/sluice/v1/cluster.proto

import type { Reassignment as _sluice_v1_Reassignment, Reassignment__Output as _sluice_v1_Reassignment__Output } from '../../sluice/v1/Reassignment.js';
import type { Long } from '@grpc/proto-loader';

export interface PlanReassignmentsResponse {
  /**
   * What AlterReassignments takes.
   */
  'reassignments'?: (_sluice_v1_Reassignment)[];
  /**
   * Replicas that would be copied.
   */
  'replicasMoved'?: (number);
  /**
   * Partitions that would only change their preferred leader.
   */
  'leadersMoved'?: (number);
  /**
   * Bytes that would be copied, as far as the brokers know the sizes now.
   */
  'bytesMoved'?: (number | string | Long);
}

export interface PlanReassignmentsResponse__Output {
  /**
   * What AlterReassignments takes.
   */
  'reassignments': (_sluice_v1_Reassignment__Output)[];
  /**
   * Replicas that would be copied.
   */
  'replicasMoved': (number);
  /**
   * Partitions that would only change their preferred leader.
   */
  'leadersMoved': (number);
  /**
   * Bytes that would be copied, as far as the brokers know the sizes now.
   */
  'bytesMoved': (number);
}
