// Original file: ../../proto/sluice/v1/records.proto

import type { SubscribedRecord as _sluice_v1_SubscribedRecord, SubscribedRecord__Output as _sluice_v1_SubscribedRecord__Output } from '../../sluice/v1/SubscribedRecord.js';

export interface SubscribeResponse {
  /**
   * Records in order, at least one.
   */
  'records'?: (_sluice_v1_SubscribedRecord)[];
}

export interface SubscribeResponse__Output {
  /**
   * Records in order, at least one.
   */
  'records': (_sluice_v1_SubscribedRecord__Output)[];
}
