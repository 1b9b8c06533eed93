// Original file: ../../proto/sluice/v1/groups.proto

import type { Joined as _sluice_v1_Joined, Joined__Output as _sluice_v1_Joined__Output } from '../../sluice/v1/Joined.js';
import type { Assignment as _sluice_v1_Assignment, Assignment__Output as _sluice_v1_Assignment__Output } from '../../sluice/v1/Assignment.js';
import type { Error as _sluice_v1_Error, Error__Output as _sluice_v1_Error__Output } from '../../sluice/v1/Error.js';

export interface SessionResponse {
  /**
   * Answer to a join.
   */
  'joined'?: (_sluice_v1_Joined | null);
  /**
   * A new assignment: let go of what is not in it, commit, then acknowledge.
   */
  'assignment'?: (_sluice_v1_Assignment | null);
  /**
   * The member is out, or never got in. The stream ends after this.
   */
  'error'?: (_sluice_v1_Error | null);
  'event'?: "joined"|"assignment"|"error";
}

export interface SessionResponse__Output {
  /**
   * Answer to a join.
   */
  'joined'?: (_sluice_v1_Joined__Output | null);
  /**
   * A new assignment: let go of what is not in it, commit, then acknowledge.
   */
  'assignment'?: (_sluice_v1_Assignment__Output | null);
  /**
   * The member is out, or never got in. The stream ends after this.
   */
  'error'?: (_sluice_v1_Error__Output | null);
  'event'?: "joined"|"assignment"|"error";
}
