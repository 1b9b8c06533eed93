// Original file: ../../proto/sluice/v1/cluster.proto

import type { ReassignmentResult as _sluice_v1_ReassignmentResult, ReassignmentResult__Output as _sluice_v1_ReassignmentResult__Output } from '../../sluice/v1/ReassignmentResult.js';

export interface AlterReassignmentsResponse {
  /**
   * In the order of the request.
   */
  'results'?: (_sluice_v1_ReassignmentResult)[];
}

export interface AlterReassignmentsResponse__Output {
  /**
   * In the order of the request.
   */
  'results': (_sluice_v1_ReassignmentResult__Output)[];
}
