// Original file: ../../proto/sluice/v1/records.proto

import type { PublishRecord as _sluice_v1_PublishRecord, PublishRecord__Output as _sluice_v1_PublishRecord__Output } from '../../sluice/v1/PublishRecord.js';
import type { Acks as _sluice_v1_Acks, Acks__Output as _sluice_v1_Acks__Output } from '../../sluice/v1/Acks.js';

export interface PublishRequest {
  /**
   * Name of the topic.
   */
  'topic'?: (string);
  /**
   * The records, in order. Those of one partition stay in order.
   */
  'records'?: (_sluice_v1_PublishRecord)[];
  /**
   * When to answer.
   */
  'acks'?: (_sluice_v1_Acks);
}

export interface PublishRequest__Output {
  /**
   * Name of the topic.
   */
  'topic': (string);
  /**
   * The records, in order. Those of one partition stay in order.
   */
  'records': (_sluice_v1_PublishRecord__Output)[];
  /**
   * When to answer.
   */
  'acks': (_sluice_v1_Acks__Output);
}
