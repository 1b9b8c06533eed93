// Original file: ../../proto/sluice/v1/cluster.proto

import type { Long } from '@grpc/proto-loader';

export interface Broker {
  /**
   * Its id.
   */
  'id'?: (number);
  /**
   * Host that clients dial.
   */
  'host'?: (string);
  /**
   * Port of its gRPC listener.
   */
  'port'?: (number);
  /**
   * Rack or zone; empty when not set.
   */
  'rack'?: (string);
  /**
   * Registration of its present life. It grows with every life.
   */
  'brokerEpoch'?: (number | string | Long);
  /**
   * It is registered and takes no part yet: it may not be elected.
   */
  'fenced'?: (boolean);
  /**
   * Nothing new is placed on it.
   */
  'drained'?: (boolean);
}

export interface Broker__Output {
  /**
   * Its id.
   */
  'id': (number);
  /**
   * Host that clients dial.
   */
  'host': (string);
  /**
   * Port of its gRPC listener.
   */
  'port': (number);
  /**
   * Rack or zone; empty when not set.
   */
  'rack': (string);
  /**
   * Registration of its present life. It grows with every life.
   */
  'brokerEpoch': (number);
  /**
   * It is registered and takes no part yet: it may not be elected.
   */
  'fenced': (boolean);
  /**
   * Nothing new is placed on it.
   */
  'drained': (boolean);
}
