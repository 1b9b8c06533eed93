// Original file: ../../proto/sluice/v1/groups.proto


export interface AssignedPartition {
  /**
   * Name of the topic.
   */
  'topic'?: (string);
  /**
   * Partition, from 0.
   */
  'partition'?: (number);
}

export interface AssignedPartition__Output {
  /**
   * Name of the topic.
   */
  'topic': (string);
  /**
   * Partition, from 0.
   */
  'partition': (number);
}
