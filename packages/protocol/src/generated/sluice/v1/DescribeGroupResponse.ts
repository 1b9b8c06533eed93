// Original file: ../../proto/sluice/v1/groups.proto

import type { GroupMember as _sluice_v1_GroupMember, GroupMember__Output as _sluice_v1_GroupMember__Output } from '../../sluice/v1/GroupMember.js';
import type { CommittedOffset as _sluice_v1_CommittedOffset, CommittedOffset__Output as _sluice_v1_CommittedOffset__Output } from '../../sluice/v1/CommittedOffset.js';

export interface DescribeGroupResponse {
  /**
   * Name of the group.
   */
  'group'?: (string);
  /**
   * "empty", "assigning" or "stable".
   */
  'state'?: (string);
  /**
   * Current generation. 0: never had a member.
   */
  'generation'?: (number);
  /**
   * "uniform" or "sticky"; empty when the group has no members.
   */
  'assignor'?: (string);
  /**
   * Members, by id.
   */
  'members'?: (_sluice_v1_GroupMember)[];
  /**
   * What is committed, by topic and partition.
   */
  'offsets'?: (_sluice_v1_CommittedOffset)[];
}

export interface DescribeGroupResponse__Output {
  /**
   * Name of the group.
   */
  'group': (string);
  /**
   * "empty", "assigning" or "stable".
   */
  'state': (string);
  /**
   * Current generation. 0: never had a member.
   */
  'generation': (number);
  /**
   * "uniform" or "sticky"; empty when the group has no members.
   */
  'assignor': (string);
  /**
   * Members, by id.
   */
  'members': (_sluice_v1_GroupMember__Output)[];
  /**
   * What is committed, by topic and partition.
   */
  'offsets': (_sluice_v1_CommittedOffset__Output)[];
}
