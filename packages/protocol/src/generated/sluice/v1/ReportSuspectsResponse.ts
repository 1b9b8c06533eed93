// Original file: ../../proto/sluice/v1/replication.proto

import type { BrokerLife as _sluice_v1_BrokerLife, BrokerLife__Output as _sluice_v1_BrokerLife__Output } from '../../sluice/v1/BrokerLife.js';

export interface ReportSuspectsResponse {
  /**
   * Those that a majority suspects, as far as the broker that answers was told.
   */
  'agreed'?: (_sluice_v1_BrokerLife)[];
}

export interface ReportSuspectsResponse__Output {
  /**
   * Those that a majority suspects, as far as the broker that answers was told.
   */
  'agreed': (_sluice_v1_BrokerLife__Output)[];
}
