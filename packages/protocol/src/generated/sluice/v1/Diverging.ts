// Original file: ../../proto/sluice/v1/common.proto

import type { Long } from '@grpc/proto-loader';

/**
 * Where the log of a leader and what was read or copied of another one part, at the latest.
 */
export interface Diverging {
  /**
   * The largest leader epoch of the leader's log up to the one asked about.
   */
  'epoch'?: (number);
  /**
   * Where it ends, exclusive.
   */
  'endOffset'?: (number | string | Long);
}

/**
 * Where the log of a leader and what was read or copied of another one part, at the latest.
 */
export interface Diverging__Output {
  /**
   * The largest leader epoch of the leader's log up to the one asked about.
   */
  'epoch': (number);
  /**
   * Where it ends, exclusive.
   */
  'endOffset': (number);
}
