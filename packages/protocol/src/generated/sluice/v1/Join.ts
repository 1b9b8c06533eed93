// Original file: ../../proto/sluice/v1/groups.proto


export interface Join {
  /**
   * Name of the client, for people.
   */
  'clientId'?: (string);
  /**
   * Topics that the member wants.
   */
  'topics'?: (string)[];
  /**
   * Milliseconds without a heartbeat after which the member is out.
   */
  'sessionTimeoutMs'?: (number);
  /**
   * How partitions are shared out: "uniform" or "sticky". Empty: sticky. The first member decides.
   */
  'assignor'?: (string);
  /**
   * Milliseconds that the member may take to acknowledge an assignment before it is put out, however alive. 0: 300000.
   */
  'rebalanceTimeoutMs'?: (number);
}

export interface Join__Output {
  /**
   * Name of the client, for people.
   */
  'clientId': (string);
  /**
   * Topics that the member wants.
   */
  'topics': (string)[];
  /**
   * Milliseconds without a heartbeat after which the member is out.
   */
  'sessionTimeoutMs': (number);
  /**
   * How partitions are shared out: "uniform" or "sticky". Empty: sticky. The first member decides.
   */
  'assignor': (string);
  /**
   * Milliseconds that the member may take to acknowledge an assignment before it is put out, however alive. 0: 300000.
   */
  'rebalanceTimeoutMs': (number);
}
