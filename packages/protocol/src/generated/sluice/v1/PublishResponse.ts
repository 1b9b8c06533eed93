// Original file: ../../proto/sluice/v1/records.proto

import type { Receipt as _sluice_v1_Receipt, Receipt__Output as _sluice_v1_Receipt__Output } from '../../sluice/v1/Receipt.js';

export interface PublishResponse {
  /**
   * One a record, in the order of the request.
   */
  'receipts'?: (_sluice_v1_Receipt)[];
}

export interface PublishResponse__Output {
  /**
   * One a record, in the order of the request.
   */
  'receipts': (_sluice_v1_Receipt__Output)[];
}
