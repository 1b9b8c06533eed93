// Original file: ../../proto/sluice/v1/cluster.proto

import type { Error as _sluice_v1_Error, Error__Output as _sluice_v1_Error__Output } from '../../sluice/v1/Error.js';

export interface ElectedLeader {
  /**
   * Name of the topic.
   */
  'topic'?: (string);
  /**
   * Partition, from 0.
   */
  'partition'?: (number);
  /**
   * Broker that leads now, + 1. 0: none.
   */
  'leaderIdPlusOne'?: (number);
  /**
   * Current leader epoch.
   */
  'leaderEpoch'?: (number);
  /**
   * Set when the leader is not the wanted one.
   */
  'error'?: (_sluice_v1_Error | null);
}

export interface ElectedLeader__Output {
  /**
   * Name of the topic.
   */
  'topic': (string);
  /**
   * Partition, from 0.
   */
  'partition': (number);
  /**
   * Broker that leads now, + 1. 0: none.
   */
  'leaderIdPlusOne': (number);
  /**
   * Current leader epoch.
   */
  'leaderEpoch': (number);
  /**
   * Set when the leader is not the wanted one.
   */
  'error': (_sluice_v1_Error__Output | null);
}
