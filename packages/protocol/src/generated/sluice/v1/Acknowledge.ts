// Original file: ../../proto/sluice/v1/groups.proto

import type { AssignedPartition as _sluice_v1_AssignedPartition, AssignedPartition__Output as _sluice_v1_AssignedPartition__Output } from '../../sluice/v1/AssignedPartition.js';

export interface Acknowledge {
  /**
   * Generation of the assignment that is acknowledged.
   */
  'generation'?: (number);
  /**
   * What the member owns from now on: the whole of it.
   */
  'owned'?: (_sluice_v1_AssignedPartition)[];
}

export interface Acknowledge__Output {
  /**
   * Generation of the assignment that is acknowledged.
   */
  'generation': (number);
  /**
   * What the member owns from now on: the whole of it.
   */
  'owned': (_sluice_v1_AssignedPartition__Output)[];
}
