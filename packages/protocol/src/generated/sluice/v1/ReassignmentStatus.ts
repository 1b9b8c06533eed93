// Original file: ../../proto/sluice/v1/cluster.proto


export interface ReassignmentStatus {
  /**
   * Name of the topic.
   */
  'topic'?: (string);
  /**
   * Partition, from 0.
   */
  'partition'?: (number);
  /**
   * Replicas now, those that are added among them.
   */
  'replicas'?: (number)[];
  /**
   * Those that are added.
   */
  'addingReplicas'?: (number)[];
  /**
   * Those that will go.
   */
  'removingReplicas'?: (number)[];
  /**
   * Those of the added that are in sync.
   */
  'caughtUpReplicas'?: (number)[];
}

export interface ReassignmentStatus__Output {
  /**
   * Name of the topic.
   */
  'topic': (string);
  /**
   * Partition, from 0.
   */
  'partition': (number);
  /**
   * Replicas now, those that are added among them.
   */
  'replicas': (number)[];
  /**
   * Those that are added.
   */
  'addingReplicas': (number)[];
  /**
   * Those that will go.
   */
  'removingReplicas': (number)[];
  /**
   * Those of the added that are in sync.
   */
  'caughtUpReplicas': (number)[];
}
