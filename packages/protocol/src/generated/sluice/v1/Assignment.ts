// Original file: ../../proto/sluice/v1/groups.proto

import type { AssignedPartition as _sluice_v1_AssignedPartition, AssignedPartition__Output as _sluice_v1_AssignedPartition__Output } from '../../sluice/v1/AssignedPartition.js';

export interface Assignment {
  /**
   * Grows with every assignment of the group. Commits name the generation of the last assignment that the member got.
   */
  'generation'?: (number);
  /**
   * What the member may work on: the whole of it.
   */
  'partitions'?: (_sluice_v1_AssignedPartition)[];
}

export interface Assignment__Output {
  /**
   * Grows with every assignment of the group. Commits name the generation of the last assignment that the member got.
   */
  'generation': (number);
  /**
   * What the member may work on: the whole of it.
   */
  'partitions': (_sluice_v1_AssignedPartition__Output)[];
}
