// Original file: ../../proto/sluice/v1/cluster.proto

import type { ConfigSetting as _sluice_v1_ConfigSetting, ConfigSetting__Output as _sluice_v1_ConfigSetting__Output } from '../../sluice/v1/ConfigSetting.js';

export interface AlterTopicConfigsResponse {
  /**
   * All settings as they are then.
   */
  'configs'?: (_sluice_v1_ConfigSetting)[];
}

export interface AlterTopicConfigsResponse__Output {
  /**
   * All settings as they are then.
   */
  'configs': (_sluice_v1_ConfigSetting__Output)[];
}
