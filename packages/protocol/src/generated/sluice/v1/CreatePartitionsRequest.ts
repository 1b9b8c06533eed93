// Original file: ../../proto/sluice/v1/cluster.proto


export interface CreatePartitionsRequest {
  /**
   * Name of the topic.
   */
  'name'?: (string);
  /**
   * How many partitions it is to have: more than it has.
   */
  'partitions'?: (number);
  /**
   * Check everything and change nothing.
   */
  'validateOnly'?: (boolean);
}

export interface CreatePartitionsRequest__Output {
  /**
   * Name of the topic.
   */
  'name': (string);
  /**
   * How many partitions it is to have: more than it has.
   */
  'partitions': (number);
  /**
   * Check everything and change nothing.
   */
  'validateOnly': (boolean);
}
