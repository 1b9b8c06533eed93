// Original file: ../../proto/sluice/v1/groups.proto


export interface GroupSummary {
  /**
   * Name of the group.
   */
  'group'?: (string);
  /**
   * "empty", "assigning" or "stable".
   */
  'state'?: (string);
  /**
   * How many members.
   */
  'members'?: (number);
}

export interface GroupSummary__Output {
  /**
   * Name of the group.
   */
  'group': (string);
  /**
   * "empty", "assigning" or "stable".
   */
  'state': (string);
  /**
   * How many members.
   */
  'members': (number);
}
