// Original file: ../../proto/sluice/v1/log.proto

import type { TruncatedPartition as _sluice_v1_TruncatedPartition, TruncatedPartition__Output as _sluice_v1_TruncatedPartition__Output } from '../../sluice/v1/TruncatedPartition.js';

export interface DeleteRecordsResponse {
  /**
   * In the order of the request.
   */
  'partitions'?: (_sluice_v1_TruncatedPartition)[];
}

export interface DeleteRecordsResponse__Output {
  /**
   * In the order of the request.
   */
  'partitions': (_sluice_v1_TruncatedPartition__Output)[];
}
