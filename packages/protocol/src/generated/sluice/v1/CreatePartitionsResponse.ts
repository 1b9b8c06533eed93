// Original file: ../../proto/sluice/v1/cluster.proto

import type { Topic as _sluice_v1_Topic, Topic__Output as _sluice_v1_Topic__Output } from '../../sluice/v1/Topic.js';

export interface CreatePartitionsResponse {
  /**
   * The topic as it is then.
   */
  'topic'?: (_sluice_v1_Topic | null);
}

export interface CreatePartitionsResponse__Output {
  /**
   * The topic as it is then.
   */
  'topic': (_sluice_v1_Topic__Output | null);
}
