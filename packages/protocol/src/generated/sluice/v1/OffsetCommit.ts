// Original file: ../../proto/sluice/v1/groups.proto

import type { Long } from '@grpc/proto-loader';

export interface OffsetCommit {
  /**
   * Name of the topic.
   */
  'topic'?: (string);
  /**
   * Partition, from 0.
   */
  'partition'?: (number);
  /**
   * Offset of the next record to process.
   */
  'offset'?: (number | string | Long);
  /**
   * Leader epoch of the last record that was processed, + 1. 0: not known.
   */
  'leaderEpochPlusOne'?: (number);
  /**
   * Free text, at most 4096 bytes.
   */
  'metadata'?: (string);
}

export interface OffsetCommit__Output {
  /**
   * Name of the topic.
   */
  'topic': (string);
  /**
   * Partition, from 0.
   */
  'partition': (number);
  /**
   * Offset of the next record to process.
   */
  'offset': (number);
  /**
   * Leader epoch of the last record that was processed, + 1. 0: not known.
   */
  'leaderEpochPlusOne': (number);
  /**
   * Free text, at most 4096 bytes.
   */
  'metadata': (string);
}
