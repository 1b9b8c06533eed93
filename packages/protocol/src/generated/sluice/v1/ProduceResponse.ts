// Original file: ../../proto/sluice/v1/log.proto

import type { Error as _sluice_v1_Error, Error__Output as _sluice_v1_Error__Output } from '../../sluice/v1/Error.js';
import type { Long } from '@grpc/proto-loader';

export interface ProduceResponse {
  /**
   * That of the request.
   */
  'correlationId'?: (number | string | Long);
  /**
   * Offset of the first record of the batch. 0 where error is set.
   */
  'baseOffset'?: (number | string | Long);
  /**
   * Leader epoch in which the batch was appended. 0 where error is set.
   */
  'leaderEpoch'?: (number);
  /**
   * How many replicas had the batch when this was answered.
   */
  'replicas'?: (number);
  /**
   * How many of them had flushed it to disk.
   */
  'replicasFlushed'?: (number);
  /**
   * Offset of the first record that can still be read.
   */
  'logStartOffset'?: (number | string | Long);
  /**
   * Set when the batch was not acknowledged. INDETERMINATE: it may have been appended; any other code: it was not.
   */
  'error'?: (_sluice_v1_Error | null);
  /**
   * The batch, known by its producer id and sequence numbers, had been appended before; base_offset is where.
   */
  'duplicate'?: (boolean);
  /**
   * With message.timestamp.type=LogAppendTime: the timestamp that the records got, milliseconds since 1970. 0: they keep their own.
   */
  'logAppendTimeMs'?: (number | string | Long);
}

export interface ProduceResponse__Output {
  /**
   * That of the request.
   */
  'correlationId': (number);
  /**
   * Offset of the first record of the batch. 0 where error is set.
   */
  'baseOffset': (number);
  /**
   * Leader epoch in which the batch was appended. 0 where error is set.
   */
  'leaderEpoch': (number);
  /**
   * How many replicas had the batch when this was answered.
   */
  'replicas': (number);
  /**
   * How many of them had flushed it to disk.
   */
  'replicasFlushed': (number);
  /**
   * Offset of the first record that can still be read.
   */
  'logStartOffset': (number);
  /**
   * Set when the batch was not acknowledged. INDETERMINATE: it may have been appended; any other code: it was not.
   */
  'error': (_sluice_v1_Error__Output | null);
  /**
   * The batch, known by its producer id and sequence numbers, had been appended before; base_offset is where.
   */
  'duplicate': (boolean);
  /**
   * With message.timestamp.type=LogAppendTime: the timestamp that the records got, milliseconds since 1970. 0: they keep their own.
   */
  'logAppendTimeMs': (number);
}
