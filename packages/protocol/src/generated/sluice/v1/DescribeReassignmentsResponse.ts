// Original file: ../../proto/sluice/v1/cluster.proto

import type { ReassignmentStatus as _sluice_v1_ReassignmentStatus, ReassignmentStatus__Output as _sluice_v1_ReassignmentStatus__Output } from '../../sluice/v1/ReassignmentStatus.js';

export interface DescribeReassignmentsResponse {
  /**
   * Moves under way.
   */
  'reassignments'?: (_sluice_v1_ReassignmentStatus)[];
}

export interface DescribeReassignmentsResponse__Output {
  /**
   * Moves under way.
   */
  'reassignments': (_sluice_v1_ReassignmentStatus__Output)[];
}
