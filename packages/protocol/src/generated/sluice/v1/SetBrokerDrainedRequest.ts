// Original file: ../../proto/sluice/v1/cluster.proto


export interface SetBrokerDrainedRequest {
  /**
   * Broker.
   */
  'brokerId'?: (number);
  /**
   * Whether it is to be drained.
   */
  'drained'?: (boolean);
}

export interface SetBrokerDrainedRequest__Output {
  /**
   * Broker.
   */
  'brokerId': (number);
  /**
   * Whether it is to be drained.
   */
  'drained': (boolean);
}
