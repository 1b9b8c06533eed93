// Original file: ../../proto/sluice/v1/replication.proto

import type { Long } from '@grpc/proto-loader';

export interface Suspect {
  /**
   * Broker that is suspected.
   */
  'brokerId'?: (number);
  /**
   * Its registration.
   */
  'brokerEpoch'?: (number | string | Long);
  /**
   * Its address does not accept connections. False: it accepts, and says nothing.
   */
  'gone'?: (boolean);
}

export interface Suspect__Output {
  /**
   * Broker that is suspected.
   */
  'brokerId': (number);
  /**
   * Its registration.
   */
  'brokerEpoch': (number);
  /**
   * Its address does not accept connections. False: it accepts, and says nothing.
   */
  'gone': (boolean);
}
