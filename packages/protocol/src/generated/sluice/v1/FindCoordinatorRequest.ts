// Original file: ../../proto/sluice/v1/groups.proto


export interface FindCoordinatorRequest {
  /**
   * Name of the group.
   */
  'group'?: (string);
}

export interface FindCoordinatorRequest__Output {
  /**
   * Name of the group.
   */
  'group': (string);
}
