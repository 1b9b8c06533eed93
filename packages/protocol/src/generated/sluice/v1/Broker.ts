// Original file: ../../proto/sluice/v1/cluster.proto


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
}
