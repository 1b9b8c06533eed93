// Original file: ../../proto/sluice/v1/log.proto

import type { Error as _sluice_v1_Error, Error__Output as _sluice_v1_Error__Output } from '../../sluice/v1/Error.js';
import type { Diverging as _sluice_v1_Diverging, Diverging__Output as _sluice_v1_Diverging__Output } from '../../sluice/v1/Diverging.js';
import type { Long } from '@grpc/proto-loader';

export interface FetchResponse {
  /**
   * That of the request.
   */
  'correlationId'?: (number | string | Long);
  /**
   * First offset not known to be committed: readers see what is below it.
   */
  'highWatermark'?: (number | string | Long);
  /**
   * Offset of the first record that can still be read.
   */
  'logStartOffset'?: (number | string | Long);
  /**
   * Leader epoch of the broker that answered.
   */
  'leaderEpoch'?: (number);
  /**
   * Set when nothing could be read.
   */
  'error'?: (_sluice_v1_Error | null);
  /**
   * Set with LOG_TRUNCATED: what is left of the epoch that was named, or of the largest before it.
   */
  'diverging'?: (_sluice_v1_Diverging | null);
  /**
   * Whole record batches back to back, as they are on disk. Empty when the wait was over.
   */
  'records'?: (Buffer | Uint8Array | string);
}

export interface FetchResponse__Output {
  /**
   * That of the request.
   */
  'correlationId': (number);
  /**
   * First offset not known to be committed: readers see what is below it.
   */
  'highWatermark': (number);
  /**
   * Offset of the first record that can still be read.
   */
  'logStartOffset': (number);
  /**
   * Leader epoch of the broker that answered.
   */
  'leaderEpoch': (number);
  /**
   * Set when nothing could be read.
   */
  'error': (_sluice_v1_Error__Output | null);
  /**
   * Set with LOG_TRUNCATED: what is left of the epoch that was named, or of the largest before it.
   */
  'diverging': (_sluice_v1_Diverging__Output | null);
  /**
   * Whole record batches back to back, as they are on disk. Empty when the wait was over.
   */
  'records': (Buffer);
}
