// Original file: ../../proto/sluice/v1/groups.proto


export interface FindCoordinatorResponse {
  /**
   * Broker that coordinates the group, + 1. 0: none at present.
   */
  'brokerIdPlusOne'?: (number);
}

export interface FindCoordinatorResponse__Output {
  /**
   * Broker that coordinates the group, + 1. 0: none at present.
   */
  'brokerIdPlusOne': (number);
}
