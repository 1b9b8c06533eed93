// Original file: ../../proto/sluice/v1/cluster.proto


export interface DeleteTopicRequest {
  /**
   * Name.
   */
  'name'?: (string);
}

export interface DeleteTopicRequest__Output {
  /**
   * Name.
   */
  'name': (string);
}
