// Original file: ../../proto/sluice/v1/groups.proto

import type { Long } from '@grpc/proto-loader';

export interface PlannedReset {
  /**
   * Name of the topic.
   */
  'topic'?: (string);
  /**
   * Partition, from 0.
   */
  'partition'?: (number);
  /**
   * Committed before, + 1. 0: nothing was committed.
   */
  'currentPlusOne'?: (number | string | Long);
  /**
   * Committed afterwards.
   */
  'target'?: (number | string | Long);
  /**
   * High watermark of the partition.
   */
  'end'?: (number | string | Long);
}

export interface PlannedReset__Output {
  /**
   * Name of the topic.
   */
  'topic': (string);
  /**
   * Partition, from 0.
   */
  'partition': (number);
  /**
   * Committed before, + 1. 0: nothing was committed.
   */
  'currentPlusOne': (number);
  /**
   * Committed afterwards.
   */
  'target': (number);
  /**
   * High watermark of the partition.
   */
  'end': (number);
}
