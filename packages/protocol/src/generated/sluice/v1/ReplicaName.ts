// Original file: ../../proto/sluice/v1/replication.proto


export interface ReplicaName {
  /**
   * Id of the topic, a UUID.
   */
  'topicId'?: (string);
  /**
   * Partition, from 0.
   */
  'partition'?: (number);
}

export interface ReplicaName__Output {
  /**
   * Id of the topic, a UUID.
   */
  'topicId': (string);
  /**
   * Partition, from 0.
   */
  'partition': (number);
}
