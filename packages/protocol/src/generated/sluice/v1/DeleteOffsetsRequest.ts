// Original file: ../../proto/sluice/v1/groups.proto

import type { AssignedPartition as _sluice_v1_AssignedPartition, AssignedPartition__Output as _sluice_v1_AssignedPartition__Output } from '../../sluice/v1/AssignedPartition.js';

export interface DeleteOffsetsRequest {
  /**
   * Name of the group.
   */
  'group'?: (string);
  /**
   * Whose offsets to forget. All or nothing.
   */
  'partitions'?: (_sluice_v1_AssignedPartition)[];
}

export interface DeleteOffsetsRequest__Output {
  /**
   * Name of the group.
   */
  'group': (string);
  /**
   * Whose offsets to forget. All or nothing.
   */
  'partitions': (_sluice_v1_AssignedPartition__Output)[];
}
