// Original file: ../../proto/sluice/v1/log.proto

import type { PartitionOffset as _sluice_v1_PartitionOffset, PartitionOffset__Output as _sluice_v1_PartitionOffset__Output } from '../../sluice/v1/PartitionOffset.js';

export interface ListOffsetsResponse {
  /**
   * In the order of the request.
   */
  'partitions'?: (_sluice_v1_PartitionOffset)[];
}

export interface ListOffsetsResponse__Output {
  /**
   * In the order of the request.
   */
  'partitions': (_sluice_v1_PartitionOffset__Output)[];
}
