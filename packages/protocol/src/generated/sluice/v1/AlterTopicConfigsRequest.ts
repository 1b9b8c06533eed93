// Original file: ../../proto/sluice/v1/cluster.proto

import type { ConfigEntry as _sluice_v1_ConfigEntry, ConfigEntry__Output as _sluice_v1_ConfigEntry__Output } from '../../sluice/v1/ConfigEntry.js';

export interface AlterTopicConfigsRequest {
  /**
   * Name of the topic.
   */
  'name'?: (string);
  /**
   * Settings to change.
   */
  'set'?: (_sluice_v1_ConfigEntry)[];
  /**
   * Keys to give their default back.
   */
  'reset'?: (string)[];
  /**
   * Check everything and change nothing.
   */
  'validateOnly'?: (boolean);
}

export interface AlterTopicConfigsRequest__Output {
  /**
   * Name of the topic.
   */
  'name': (string);
  /**
   * Settings to change.
   */
  'set': (_sluice_v1_ConfigEntry__Output)[];
  /**
   * Keys to give their default back.
   */
  'reset': (string)[];
  /**
   * Check everything and change nothing.
   */
  'validateOnly': (boolean);
}
