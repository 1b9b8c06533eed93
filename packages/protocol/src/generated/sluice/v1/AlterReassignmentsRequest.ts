// Original file: ../../proto/sluice/v1/cluster.proto

import type { Reassignment as _sluice_v1_Reassignment, Reassignment__Output as _sluice_v1_Reassignment__Output } from '../../sluice/v1/Reassignment.js';

export interface AlterReassignmentsRequest {
  /**
   * Moves to begin or to cancel.
   */
  'reassignments'?: (_sluice_v1_Reassignment)[];
  /**
   * Check everything and change nothing.
   */
  'validateOnly'?: (boolean);
}

export interface AlterReassignmentsRequest__Output {
  /**
   * Moves to begin or to cancel.
   */
  'reassignments': (_sluice_v1_Reassignment__Output)[];
  /**
   * Check everything and change nothing.
   */
  'validateOnly': (boolean);
}
