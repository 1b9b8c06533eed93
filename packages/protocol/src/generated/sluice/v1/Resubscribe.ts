// Original file: ../../proto/sluice/v1/groups.proto


export interface Resubscribe {
  /**
   * Topics that the member wants from now on: the whole of them.
   */
  'topics'?: (string)[];
}

export interface Resubscribe__Output {
  /**
   * Topics that the member wants from now on: the whole of them.
   */
  'topics': (string)[];
}
