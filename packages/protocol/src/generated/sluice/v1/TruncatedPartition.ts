// Original file: ../../proto/sluice/v1/log.proto

import type { Error as _sluice_v1_Error, Error__Output as _sluice_v1_Error__Output } from '../../sluice/v1/Error.js';
import type { Long } from '@grpc/proto-loader';

export interface TruncatedPartition {
  /**
   * Name of the topic.
   */
  'topic'?: (string);
  /**
   * Partition, from 0.
   */
  'partition'?: (number);
  /**
   * Offset of the first record that can still be read. 0 where error is set.
   */
  'logStartOffset'?: (number | string | Long);
  /**
   * Set when nothing was deleted.
   */
  'error'?: (_sluice_v1_Error | null);
}

export interface TruncatedPartition__Output {
  /**
   * Name of the topic.
   */
  'topic': (string);
  /**
   * Partition, from 0.
   */
  'partition': (number);
  /**
   * Offset of the first record that can still be read. 0 where error is set.
   */
  'logStartOffset': (number);
  /**
   * Set when nothing was deleted.
   */
  'error': (_sluice_v1_Error__Output | null);
}
