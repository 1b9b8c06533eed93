// Original file: ../../proto/sluice/v1/groups.proto


export interface DescribeGroupRequest {
  /**
   * Name of the group.
   */
  'group'?: (string);
}

export interface DescribeGroupRequest__Output {
  /**
   * Name of the group.
   */
  'group': (string);
}
