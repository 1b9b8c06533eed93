// Original file: ../../proto/sluice/v1/cluster.proto


export interface DescribeClusterRequest {
  /**
   * Topics to describe. Empty: all.
   */
  'topics'?: (string)[];
  /**
   * No topics at all, whatever is in topics.
   */
  'brokersOnly'?: (boolean);
  /**
   * Create the topics asked for that do not exist, with the broker's defaults, where the broker's autoCreateTopics allows it.
   */
  'createMissing'?: (boolean);
}

export interface DescribeClusterRequest__Output {
  /**
   * Topics to describe. Empty: all.
   */
  'topics': (string)[];
  /**
   * No topics at all, whatever is in topics.
   */
  'brokersOnly': (boolean);
  /**
   * Create the topics asked for that do not exist, with the broker's defaults, where the broker's autoCreateTopics allows it.
   */
  'createMissing': (boolean);
}
