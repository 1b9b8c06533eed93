// Original file: ../../proto/sluice/v1/cluster.proto


export interface Reassignment {
  /**
   * Name of the topic.
   */
  'topic'?: (string);
  /**
   * Partition, from 0.
   */
  'partition'?: (number);
  /**
   * Replicas that it is to have, the preferred leader first. Empty: cancel the move that is under way.
   */
  'replicas'?: (number)[];
}

export interface Reassignment__Output {
  /**
   * Name of the topic.
   */
  'topic': (string);
  /**
   * Partition, from 0.
   */
  'partition': (number);
  /**
   * Replicas that it is to have, the preferred leader first. Empty: cancel the move that is under way.
   */
  'replicas': (number)[];
}
