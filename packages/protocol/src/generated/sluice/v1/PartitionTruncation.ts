// Original file: ../../proto/sluice/v1/log.proto

import type { Long } from '@grpc/proto-loader';

export interface PartitionTruncation {
  /**
   * Name of the topic.
   */
  'topic'?: (string);
  /**
   * Partition, from 0.
   */
  'partition'?: (number);
  /**
   * Offset of the first record to keep, at most the high watermark. -1: the high watermark, which deletes all that is committed.
   */
  'beforeOffset'?: (number | string | Long);
}

export interface PartitionTruncation__Output {
  /**
   * Name of the topic.
   */
  'topic': (string);
  /**
   * Partition, from 0.
   */
  'partition': (number);
  /**
   * Offset of the first record to keep, at most the high watermark. -1: the high watermark, which deletes all that is committed.
   */
  'beforeOffset': (number);
}
