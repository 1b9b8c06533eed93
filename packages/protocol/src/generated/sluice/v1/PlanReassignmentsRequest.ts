// Original file: ../../proto/sluice/v1/cluster.proto


export interface PlanReassignmentsRequest {
  /**
   * Broker to empty, + 1. 0: spread replicas and leaders evenly over the brokers that are not drained.
   */
  'drainBrokerIdPlusOne'?: (number);
  /**
   * Empty: all topics.
   */
  'topics'?: (string)[];
}

export interface PlanReassignmentsRequest__Output {
  /**
   * Broker to empty, + 1. 0: spread replicas and leaders evenly over the brokers that are not drained.
   */
  'drainBrokerIdPlusOne': (number);
  /**
   * Empty: all topics.
   */
  'topics': (string)[];
}
