// Original file: ../../proto/sluice/v1/records.proto

import type { Error as _sluice_v1_Error, Error__Output as _sluice_v1_Error__Output } from '../../sluice/v1/Error.js';
import type { Long } from '@grpc/proto-loader';

/**
 * Where a record went.
 */
export interface Receipt {
  /**
   * Partition, from 0.
   */
  'partition'?: (number);
  /**
   * Offset in it. 0 where error is set.
   */
  'offset'?: (number | string | Long);
  /**
   * Timestamp that was stored, milliseconds since 1970.
   */
  'timestampMs'?: (number | string | Long);
  /**
   * Set when the record was not acknowledged.
   */
  'error'?: (_sluice_v1_Error | null);
}

/**
 * Where a record went.
 */
export interface Receipt__Output {
  /**
   * Partition, from 0.
   */
  'partition': (number);
  /**
   * Offset in it. 0 where error is set.
   */
  'offset': (number);
  /**
   * Timestamp that was stored, milliseconds since 1970.
   */
  'timestampMs': (number);
  /**
   * Set when the record was not acknowledged.
   */
  'error': (_sluice_v1_Error__Output | null);
}
