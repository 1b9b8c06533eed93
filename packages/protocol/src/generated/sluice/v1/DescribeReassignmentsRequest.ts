// Original file: ../../proto/sluice/v1/cluster.proto


export interface DescribeReassignmentsRequest {
  /**
   * Empty: all topics.
   */
  'topics'?: (string)[];
}

export interface DescribeReassignmentsRequest__Output {
  /**
   * Empty: all topics.
   */
  'topics': (string)[];
}
