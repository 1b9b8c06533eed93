// Original file: ../../proto/sluice/v1/cluster.proto


export interface Partition {
  /**
   * Number, from 0.
   */
  'partition'?: (number);
  /**
   * Broker that leads it, + 1. 0: none at present.
   */
  'leaderIdPlusOne'?: (number);
  /**
   * Current leader epoch.
   */
  'leaderEpoch'?: (number);
  /**
   * Brokers that keep it, the preferred leader first.
   */
  'replicas'?: (number)[];
  /**
   * Replicas that are in sync.
   */
  'inSyncReplicas'?: (number)[];
  /**
   * Replicas that are not in sync and have everything that was acknowledged: they may be elected when no other can.
   */
  'eligibleLeaderReplicas'?: (number)[];
  /**
   * Replicas whose broker is not running.
   */
  'offlineReplicas'?: (number)[];
  /**
   * Replicas that a move adds.
   */
  'addingReplicas'?: (number)[];
  /**
   * Replicas that a move will remove.
   */
  'removingReplicas'?: (number)[];
}

export interface Partition__Output {
  /**
   * Number, from 0.
   */
  'partition': (number);
  /**
   * Broker that leads it, + 1. 0: none at present.
   */
  'leaderIdPlusOne': (number);
  /**
   * Current leader epoch.
   */
  'leaderEpoch': (number);
  /**
   * Brokers that keep it, the preferred leader first.
   */
  'replicas': (number)[];
  /**
   * Replicas that are in sync.
   */
  'inSyncReplicas': (number)[];
  /**
   * Replicas that are not in sync and have everything that was acknowledged: they may be elected when no other can.
   */
  'eligibleLeaderReplicas': (number)[];
  /**
   * Replicas whose broker is not running.
   */
  'offlineReplicas': (number)[];
  /**
   * Replicas that a move adds.
   */
  'addingReplicas': (number)[];
  /**
   * Replicas that a move will remove.
   */
  'removingReplicas': (number)[];
}
