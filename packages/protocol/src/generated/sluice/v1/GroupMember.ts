// Original file: ../../proto/sluice/v1/groups.proto

import type { AssignedPartition as _sluice_v1_AssignedPartition, AssignedPartition__Output as _sluice_v1_AssignedPartition__Output } from '../../sluice/v1/AssignedPartition.js';

export interface GroupMember {
  /**
   * Its id.
   */
  'memberId'?: (string);
  /**
   * Name of the client.
   */
  'clientId'?: (string);
  /**
   * Address it came from.
   */
  'host'?: (string);
  /**
   * What it owns.
   */
  'owned'?: (_sluice_v1_AssignedPartition)[];
  /**
   * What it shall own when the assignment has settled.
   */
  'assigned'?: (_sluice_v1_AssignedPartition)[];
  /**
   * Topics that it wants.
   */
  'topics'?: (string)[];
}

export interface GroupMember__Output {
  /**
   * Its id.
   */
  'memberId': (string);
  /**
   * Name of the client.
   */
  'clientId': (string);
  /**
   * Address it came from.
   */
  'host': (string);
  /**
   * What it owns.
   */
  'owned': (_sluice_v1_AssignedPartition__Output)[];
  /**
   * What it shall own when the assignment has settled.
   */
  'assigned': (_sluice_v1_AssignedPartition__Output)[];
  /**
   * Topics that it wants.
   */
  'topics': (string)[];
}
