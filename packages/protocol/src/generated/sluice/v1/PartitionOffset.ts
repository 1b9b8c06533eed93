// Original file: ../../proto/sluice/v1/log.proto

import type { Error as _sluice_v1_Error, Error__Output as _sluice_v1_Error__Output } from '../../sluice/v1/Error.js';
import type { Long } from '@grpc/proto-loader';

export interface PartitionOffset {
  /**
   * Name of the topic.
   */
  'topic'?: (string);
  /**
   * Partition, from 0.
   */
  'partition'?: (number);
  /**
   * The offset found. 0 where error is set.
   */
  'offset'?: (number | string | Long);
  /**
   * Timestamp of the record there, milliseconds since 1970, where a timestamp was asked for and a record found; else -1.
   */
  'timestampMs'?: (number | string | Long);
  /**
   * Leader epoch of the broker that answered.
   */
  'leaderEpoch'?: (number);
  /**
   * Set when this partition could not be answered.
   */
  'error'?: (_sluice_v1_Error | null);
}

export interface PartitionOffset__Output {
  /**
   * Name of the topic.
   */
  'topic': (string);
  /**
   * Partition, from 0.
   */
  'partition': (number);
  /**
   * The offset found. 0 where error is set.
   */
  'offset': (number);
  /**
   * Timestamp of the record there, milliseconds since 1970, where a timestamp was asked for and a record found; else -1.
   */
  'timestampMs': (number);
  /**
   * Leader epoch of the broker that answered.
   */
  'leaderEpoch': (number);
  /**
   * Set when this partition could not be answered.
   */
  'error': (_sluice_v1_Error__Output | null);
}
