// Original file: ../../proto/sluice/v1/cluster.proto

import type { Topic as _sluice_v1_Topic, Topic__Output as _sluice_v1_Topic__Output } from '../../sluice/v1/Topic.js';
import type { ConfigSetting as _sluice_v1_ConfigSetting, ConfigSetting__Output as _sluice_v1_ConfigSetting__Output } from '../../sluice/v1/ConfigSetting.js';

export interface DescribeTopicResponse {
  /**
   * The topic.
   */
  'topic'?: (_sluice_v1_Topic | null);
  /**
   * All settings in force.
   */
  'configs'?: (_sluice_v1_ConfigSetting)[];
}

export interface DescribeTopicResponse__Output {
  /**
   * The topic.
   */
  'topic': (_sluice_v1_Topic__Output | null);
  /**
   * All settings in force.
   */
  'configs': (_sluice_v1_ConfigSetting__Output)[];
}
