// Original file: ../../proto/sluice/v1/groups.proto


export interface Joined {
  /**
   * Id of the member, to be used from now on.
   */
  'memberId'?: (string);
  /**
   * Heartbeat at least this often, in milliseconds.
   */
  'heartbeatIntervalMs'?: (number);
}

export interface Joined__Output {
  /**
   * Id of the member, to be used from now on.
   */
  'memberId': (string);
  /**
   * Heartbeat at least this often, in milliseconds.
   */
  'heartbeatIntervalMs': (number);
}
