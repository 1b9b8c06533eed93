// Original file: ../../proto/sluice/v1/cluster.proto


export interface DescribeTopicRequest {
  /**
   * Name.
   */
  'name'?: (string);
}

export interface DescribeTopicRequest__Output {
  /**
   * Name.
   */
  'name': (string);
}
