// Original file: ../../proto/sluice/v1/groups.proto

import type { Join as _sluice_v1_Join, Join__Output as _sluice_v1_Join__Output } from '../../sluice/v1/Join.js';
import type { Heartbeat as _sluice_v1_Heartbeat, Heartbeat__Output as _sluice_v1_Heartbeat__Output } from '../../sluice/v1/Heartbeat.js';
import type { Acknowledge as _sluice_v1_Acknowledge, Acknowledge__Output as _sluice_v1_Acknowledge__Output } from '../../sluice/v1/Acknowledge.js';
import type { Leave as _sluice_v1_Leave, Leave__Output as _sluice_v1_Leave__Output } from '../../sluice/v1/Leave.js';
import type { Resubscribe as _sluice_v1_Resubscribe, Resubscribe__Output as _sluice_v1_Resubscribe__Output } from '../../sluice/v1/Resubscribe.js';

export interface SessionRequest {
  /**
   * Name of the group. On the first message of a stream.
   */
  'group'?: (string);
  /**
   * Empty on the first join: the coordinator gives one. Else the id that was given.
   */
  'memberId'?: (string);
  /**
   * First message of every stream.
   */
  'join'?: (_sluice_v1_Join | null);
  /**
   * Says that the member lives, within every heartbeat interval.
   */
  'heartbeat'?: (_sluice_v1_Heartbeat | null);
  /**
   * Says which partitions the member now works on, after it has let go of the rest.
   */
  'acknowledge'?: (_sluice_v1_Acknowledge | null);
  /**
   * The member goes, its partitions are free.
   */
  'leave'?: (_sluice_v1_Leave | null);
  /**
   * Other topics than before, without leaving: the whole of them.
   */
  'resubscribe'?: (_sluice_v1_Resubscribe | null);
  'event'?: "join"|"heartbeat"|"acknowledge"|"leave"|"resubscribe";
}

export interface SessionRequest__Output {
  /**
   * Name of the group. On the first message of a stream.
   */
  'group': (string);
  /**
   * Empty on the first join: the coordinator gives one. Else the id that was given.
   */
  'memberId': (string);
  /**
   * First message of every stream.
   */
  'join'?: (_sluice_v1_Join__Output | null);
  /**
   * Says that the member lives, within every heartbeat interval.
   */
  'heartbeat'?: (_sluice_v1_Heartbeat__Output | null);
  /**
   * Says which partitions the member now works on, after it has let go of the rest.
   */
  'acknowledge'?: (_sluice_v1_Acknowledge__Output | null);
  /**
   * The member goes, its partitions are free.
   */
  'leave'?: (_sluice_v1_Leave__Output | null);
  /**
   * Other topics than before, without leaving: the whole of them.
   */
  'resubscribe'?: (_sluice_v1_Resubscribe__Output | null);
  'event'?: "join"|"heartbeat"|"acknowledge"|"leave"|"resubscribe";
}
