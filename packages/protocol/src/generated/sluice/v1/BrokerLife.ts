// Original file: ../../proto/sluice/v1/replication.proto

import type { Long } from '@grpc/proto-loader';

export interface BrokerLife {
  /**
   * Broker.
   */
  'brokerId'?: (number);
  /**
   * Its registration.
   */
  'brokerEpoch'?: (number | string | Long);
}

export interface BrokerLife__Output {
  /**
   * Broker.
   */
  'brokerId': (number);
  /**
   * Its registration.
   */
  'brokerEpoch': (number);
}
