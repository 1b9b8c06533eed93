// Original file: ../../proto/sluice/v1/log.proto

import type { OffsetQuery as _sluice_v1_OffsetQuery, OffsetQuery__Output as _sluice_v1_OffsetQuery__Output } from '../../sluice/v1/OffsetQuery.js';
import type { Long } from '@grpc/proto-loader';

export interface PartitionOffsetQuery {
  /**
   * Name of the topic.
   */
  'topic'?: (string);
  /**
   * Partition, from 0.
   */
  'partition'?: (number);
  /**
   * What to look for.
   */
  'query'?: (_sluice_v1_OffsetQuery);
  /**
   * With OFFSET_QUERY_TIMESTAMP: milliseconds since 1970.
   */
  'timestampMs'?: (number | string | Long);
}

export interface PartitionOffsetQuery__Output {
  /**
   * Name of the topic.
   */
  'topic': (string);
  /**
   * Partition, from 0.
   */
  'partition': (number);
  /**
   * What to look for.
   */
  'query': (_sluice_v1_OffsetQuery__Output);
  /**
   * With OFFSET_QUERY_TIMESTAMP: milliseconds since 1970.
   */
  'timestampMs': (number);
}
