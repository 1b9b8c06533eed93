// Original file: ../../proto/sluice/v1/groups.proto

import type { OffsetCommit as _sluice_v1_OffsetCommit, OffsetCommit__Output as _sluice_v1_OffsetCommit__Output } from '../../sluice/v1/OffsetCommit.js';

export interface CommitOffsetsRequest {
  /**
   * Name of the group.
   */
  'group'?: (string);
  /**
   * Member that commits. Empty with generation_plus_one 0: a commit from outside, taken only while the group has no members.
   */
  'memberId'?: (string);
  /**
   * Generation of the last assignment that the member got, + 1.
   */
  'generationPlusOne'?: (number);
  /**
   * What to store. All or nothing.
   */
  'offsets'?: (_sluice_v1_OffsetCommit)[];
}

export interface CommitOffsetsRequest__Output {
  /**
   * Name of the group.
   */
  'group': (string);
  /**
   * Member that commits. Empty with generation_plus_one 0: a commit from outside, taken only while the group has no members.
   */
  'memberId': (string);
  /**
   * Generation of the last assignment that the member got, + 1.
   */
  'generationPlusOne': (number);
  /**
   * What to store. All or nothing.
   */
  'offsets': (_sluice_v1_OffsetCommit__Output)[];
}
