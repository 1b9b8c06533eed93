// Original file: ../../proto/sluice/v1/groups.proto


export interface DeleteGroupRequest {
  /**
   * Name of the group.
   */
  'group'?: (string);
}

export interface DeleteGroupRequest__Output {
  /**
   * Name of the group.
   */
  'group': (string);
}
