// Original file: ../../proto/sluice/v1/replication.proto

import type { Suspect as _sluice_v1_Suspect, Suspect__Output as _sluice_v1_Suspect__Output } from '../../sluice/v1/Suspect.js';
import type { Long } from '@grpc/proto-loader';

export interface ReportSuspectsRequest {
  /**
   * Broker that reports.
   */
  'brokerId'?: (number);
  /**
   * Its registration.
   */
  'brokerEpoch'?: (number | string | Long);
  /**
   * All brokers that it suspects now; those left out it hears from.
   */
  'suspects'?: (_sluice_v1_Suspect)[];
}

export interface ReportSuspectsRequest__Output {
  /**
   * Broker that reports.
   */
  'brokerId': (number);
  /**
   * Its registration.
   */
  'brokerEpoch': (number);
  /**
   * All brokers that it suspects now; those left out it hears from.
   */
  'suspects': (_sluice_v1_Suspect__Output)[];
}
