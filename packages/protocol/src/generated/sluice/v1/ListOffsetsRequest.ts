// Original file: ../../proto/sluice/v1/log.proto

import type { PartitionOffsetQuery as _sluice_v1_PartitionOffsetQuery, PartitionOffsetQuery__Output as _sluice_v1_PartitionOffsetQuery__Output } from '../../sluice/v1/PartitionOffsetQuery.js';

export interface ListOffsetsRequest {
  /**
   * What to look for, each on its own. The broker must lead each partition.
   */
  'partitions'?: (_sluice_v1_PartitionOffsetQuery)[];
}

export interface ListOffsetsRequest__Output {
  /**
   * What to look for, each on its own. The broker must lead each partition.
   */
  'partitions': (_sluice_v1_PartitionOffsetQuery__Output)[];
}
