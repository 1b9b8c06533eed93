// Original file: ../../proto/sluice/v1/log.proto

import type { PartitionTruncation as _sluice_v1_PartitionTruncation, PartitionTruncation__Output as _sluice_v1_PartitionTruncation__Output } from '../../sluice/v1/PartitionTruncation.js';

export interface DeleteRecordsRequest {
  /**
   * What to delete, each on its own.
   */
  'partitions'?: (_sluice_v1_PartitionTruncation)[];
}

export interface DeleteRecordsRequest__Output {
  /**
   * What to delete, each on its own.
   */
  'partitions': (_sluice_v1_PartitionTruncation__Output)[];
}
