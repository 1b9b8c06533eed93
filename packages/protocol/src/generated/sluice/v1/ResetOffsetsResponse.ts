// Original file: ../../proto/sluice/v1/groups.proto

import type { PlannedReset as _sluice_v1_PlannedReset, PlannedReset__Output as _sluice_v1_PlannedReset__Output } from '../../sluice/v1/PlannedReset.js';

export interface ResetOffsetsResponse {
  /**
   * By partition. Targets outside the log are moved to its nearer end.
   */
  'plan'?: (_sluice_v1_PlannedReset)[];
  /**
   * The move was made and is durable.
   */
  'executed'?: (boolean);
}

export interface ResetOffsetsResponse__Output {
  /**
   * By partition. Targets outside the log are moved to its nearer end.
   */
  'plan': (_sluice_v1_PlannedReset__Output)[];
  /**
   * The move was made and is durable.
   */
  'executed': (boolean);
}
