// Original file: ../../proto/sluice/v1/cluster.proto

import type { Topic as _sluice_v1_Topic, Topic__Output as _sluice_v1_Topic__Output } from '../../sluice/v1/Topic.js';

export interface CreateTopicResponse {
  /**
   * The topic as created.
   */
  'topic'?: (_sluice_v1_Topic | null);
}

export interface CreateTopicResponse__Output {
  /**
   * The topic as created.
   */
  'topic': (_sluice_v1_Topic__Output | null);
}
