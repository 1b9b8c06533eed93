// Original file: ../../proto/sluice/v1/cluster.proto

import type { Error as _sluice_v1_Error, Error__Output as _sluice_v1_Error__Output } from '../../sluice/v1/Error.js';

export interface ReassignmentResult {
  /**
   * Name of the topic.
   */
  'topic'?: (string);
  /**
   * Partition, from 0.
   */
  'partition'?: (number);
  /**
   * Set when it was refused; nothing of it was done.
   */
  'error'?: (_sluice_v1_Error | null);
}

export interface ReassignmentResult__Output {
  /**
   * Name of the topic.
   */
  'topic': (string);
  /**
   * Partition, from 0.
   */
  'partition': (number);
  /**
   * Set when it was refused; nothing of it was done.
   */
  'error': (_sluice_v1_Error__Output | null);
}
