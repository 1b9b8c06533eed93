// Original file: ../../proto/sluice/v1/cluster.proto

import type { ElectedLeader as _sluice_v1_ElectedLeader, ElectedLeader__Output as _sluice_v1_ElectedLeader__Output } from '../../sluice/v1/ElectedLeader.js';

export interface ElectLeadersResponse {
  /**
   * In the order of the request; for an empty request, those that were moved.
   */
  'results'?: (_sluice_v1_ElectedLeader)[];
}

export interface ElectLeadersResponse__Output {
  /**
   * In the order of the request; for an empty request, those that were moved.
   */
  'results': (_sluice_v1_ElectedLeader__Output)[];
}
