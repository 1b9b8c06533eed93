// Original file: ../../proto/sluice/v1/groups.proto

import type { AssignedPartition as _sluice_v1_AssignedPartition, AssignedPartition__Output as _sluice_v1_AssignedPartition__Output } from '../../sluice/v1/AssignedPartition.js';

export interface FetchOffsetsRequest {
  /**
   * Name of the group.
   */
  'group'?: (string);
  /**
   * Partitions to look up. Empty: all that have something committed.
   */
  'partitions'?: (_sluice_v1_AssignedPartition)[];
}

export interface FetchOffsetsRequest__Output {
  /**
   * Name of the group.
   */
  'group': (string);
  /**
   * Partitions to look up. Empty: all that have something committed.
   */
  'partitions': (_sluice_v1_AssignedPartition__Output)[];
}
