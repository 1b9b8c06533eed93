// Original file: ../../proto/sluice/v1/replication.proto

import type { Diverging as _sluice_v1_Diverging, Diverging__Output as _sluice_v1_Diverging__Output } from '../../sluice/v1/Diverging.js';
import type { Error as _sluice_v1_Error, Error__Output as _sluice_v1_Error__Output } from '../../sluice/v1/Error.js';
import type { Long } from '@grpc/proto-loader';

/**
 * From leader to follower. Without topic_id: a keep-alive.
 */
export interface ReplicateResponse {
  /**
   * Id of the topic, a UUID.
   */
  'topicId'?: (string);
  /**
   * Partition, from 0.
   */
  'partition'?: (number);
  /**
   * Epoch in which the sender leads.
   */
  'leaderEpoch'?: (number);
  /**
   * Offset at which `records` begin: the follower's log end then.
   */
  'fetchOffset'?: (number | string | Long);
  /**
   * Offset at which they end, exclusive. Offsets in between that no record has were compacted away.
   */
  'nextOffset'?: (number | string | Long);
  /**
   * First offset not known to be committed.
   */
  'highWatermark'?: (number | string | Long);
  /**
   * Offset of the first record that can still be read.
   */
  'logStartOffset'?: (number | string | Long);
  /**
   * Set instead of records: the logs differ. The leader's largest epoch up to the asked one, and where it ends.
   */
  'diverging'?: (_sluice_v1_Diverging | null);
  /**
   * Set instead of records: the follower is not served.
   */
  'error'?: (_sluice_v1_Error | null);
  /**
   * Whole record batches back to back, as they are on disk. Empty: only the marks above have moved.
   */
  'records'?: (Buffer | Uint8Array | string);
}

/**
 * From leader to follower. Without topic_id: a keep-alive.
 */
export interface ReplicateResponse__Output {
  /**
   * Id of the topic, a UUID.
   */
  'topicId': (string);
  /**
   * Partition, from 0.
   */
  'partition': (number);
  /**
   * Epoch in which the sender leads.
   */
  'leaderEpoch': (number);
  /**
   * Offset at which `records` begin: the follower's log end then.
   */
  'fetchOffset': (number);
  /**
   * Offset at which they end, exclusive. Offsets in between that no record has were compacted away.
   */
  'nextOffset': (number);
  /**
   * First offset not known to be committed.
   */
  'highWatermark': (number);
  /**
   * Offset of the first record that can still be read.
   */
  'logStartOffset': (number);
  /**
   * Set instead of records: the logs differ. The leader's largest epoch up to the asked one, and where it ends.
   */
  'diverging': (_sluice_v1_Diverging__Output | null);
  /**
   * Set instead of records: the follower is not served.
   */
  'error': (_sluice_v1_Error__Output | null);
  /**
   * Whole record batches back to back, as they are on disk. Empty: only the marks above have moved.
   */
  'records': (Buffer);
}
