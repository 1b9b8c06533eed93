// Original file: ../../proto/sluice/v1/groups.proto

import type { CommittedOffset as _sluice_v1_CommittedOffset, CommittedOffset__Output as _sluice_v1_CommittedOffset__Output } from '../../sluice/v1/CommittedOffset.js';

export interface FetchOffsetsResponse {
  /**
   * Those of the request that have something committed.
   */
  'offsets'?: (_sluice_v1_CommittedOffset)[];
}

export interface FetchOffsetsResponse__Output {
  /**
   * Those of the request that have something committed.
   */
  'offsets': (_sluice_v1_CommittedOffset__Output)[];
}
