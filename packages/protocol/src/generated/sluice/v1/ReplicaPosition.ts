// Original file: ../../proto/sluice/v1/replication.proto

import type { Long } from '@grpc/proto-loader';

export interface ReplicaPosition {
  /**
   * Id of the topic, a UUID.
   */
  'topicId'?: (string);
  /**
   * Partition, from 0.
   */
  'partition'?: (number);
  /**
   * Epoch of its last batch, + 1. 0: its log is empty.
   */
  'lastEpochPlusOne'?: (number);
  /**
   * Its log end, exclusive.
   */
  'logEndOffset'?: (number | string | Long);
  /**
   * Offset of the first record that can still be read.
   */
  'logStartOffset'?: (number | string | Long);
  /**
   * First offset not known to be committed, as far as it knows.
   */
  'highWatermark'?: (number | string | Long);
  /**
   * Bytes of its segments.
   */
  'sizeBytes'?: (number | string | Long);
  /**
   * Newest leader epoch of the partition that the broker acted upon, + 1. 0: it knows of none.
   */
  'knownEpochPlusOne'?: (number);
}

export interface ReplicaPosition__Output {
  /**
   * Id of the topic, a UUID.
   */
  'topicId': (string);
  /**
   * Partition, from 0.
   */
  'partition': (number);
  /**
   * Epoch of its last batch, + 1. 0: its log is empty.
   */
  'lastEpochPlusOne': (number);
  /**
   * Its log end, exclusive.
   */
  'logEndOffset': (number);
  /**
   * Offset of the first record that can still be read.
   */
  'logStartOffset': (number);
  /**
   * First offset not known to be committed, as far as it knows.
   */
  'highWatermark': (number);
  /**
   * Bytes of its segments.
   */
  'sizeBytes': (number);
  /**
   * Newest leader epoch of the partition that the broker acted upon, + 1. 0: it knows of none.
   */
  'knownEpochPlusOne': (number);
}
