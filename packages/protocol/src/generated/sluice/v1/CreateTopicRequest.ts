// Original file: ../../proto/sluice/v1/cluster.proto

import type { ConfigEntry as _sluice_v1_ConfigEntry, ConfigEntry__Output as _sluice_v1_ConfigEntry__Output } from '../../sluice/v1/ConfigEntry.js';

export interface CreateTopicRequest {
  /**
   * Name: 1 to 249 of A-Z a-z 0-9 . _ -, neither "." nor "..".
   */
  'name'?: (string);
  /**
   * How many partitions. 0: the broker's default.
   */
  'partitions'?: (number);
  /**
   * Replicas of each partition. 0: the default.
   */
  'replicationFactor'?: (number);
  /**
   * Settings that differ from the default.
   */
  'configs'?: (_sluice_v1_ConfigEntry)[];
  /**
   * Check everything and create nothing.
   */
  'validateOnly'?: (boolean);
}

export interface CreateTopicRequest__Output {
  /**
   * Name: 1 to 249 of A-Z a-z 0-9 . _ -, neither "." nor "..".
   */
  'name': (string);
  /**
   * How many partitions. 0: the broker's default.
   */
  'partitions': (number);
  /**
   * Replicas of each partition. 0: the default.
   */
  'replicationFactor': (number);
  /**
   * Settings that differ from the default.
   */
  'configs': (_sluice_v1_ConfigEntry__Output)[];
  /**
   * Check everything and create nothing.
   */
  'validateOnly': (boolean);
}
