// Original file: ../../proto/sluice/v1/groups.proto

import type { PlannedReset as _sluice_v1_PlannedReset, PlannedReset__Output as _sluice_v1_PlannedReset__Output } from '../../sluice/v1/PlannedReset.js';
import type { Long } from '@grpc/proto-loader';

export interface ResetOffsetsRequest {
  /**
   * Name of the group.
   */
  'group'?: (string);
  /**
   * Topic whose offsets move.
   */
  'topic'?: (string);
  /**
   * Partitions of it. Empty: all.
   */
  'partitions'?: (number)[];
  /**
   * The first record that can be read.
   */
  'earliest'?: (boolean);
  /**
   * The high watermark.
   */
  'latest'?: (boolean);
  /**
   * This offset.
   */
  'offset'?: (number | string | Long);
  /**
   * The first record at or after this time, milliseconds since 1970.
   */
  'timestampMs'?: (number | string | Long);
  /**
   * So many records on from what is committed, or back where negative.
   */
  'shift'?: (number | string | Long);
  /**
   * Make the move. Otherwise only the plan is answered and nothing changes.
   */
  'execute'?: (boolean);
  /**
   * Instead of topic, partitions and where to: a plan that was made before, of any topics, to be made exactly as it is, all or
   * nothing, and only while what is committed is still its `current_plus_one` (or already its `target`). `end` does not count.
   * A group that does not exist is made.
   */
  'targets'?: (_sluice_v1_PlannedReset)[];
  /**
   * Where to.
   */
  'to'?: "earliest"|"latest"|"offset"|"timestampMs"|"shift";
}

export interface ResetOffsetsRequest__Output {
  /**
   * Name of the group.
   */
  'group': (string);
  /**
   * Topic whose offsets move.
   */
  'topic': (string);
  /**
   * Partitions of it. Empty: all.
   */
  'partitions': (number)[];
  /**
   * The first record that can be read.
   */
  'earliest'?: (boolean);
  /**
   * The high watermark.
   */
  'latest'?: (boolean);
  /**
   * This offset.
   */
  'offset'?: (number);
  /**
   * The first record at or after this time, milliseconds since 1970.
   */
  'timestampMs'?: (number);
  /**
   * So many records on from what is committed, or back where negative.
   */
  'shift'?: (number);
  /**
   * Make the move. Otherwise only the plan is answered and nothing changes.
   */
  'execute': (boolean);
  /**
   * Instead of topic, partitions and where to: a plan that was made before, of any topics, to be made exactly as it is, all or
   * nothing, and only while what is committed is still its `current_plus_one` (or already its `target`). `end` does not count.
   * A group that does not exist is made.
   */
  'targets': (_sluice_v1_PlannedReset__Output)[];
  /**
   * Where to.
   */
  'to'?: "earliest"|"latest"|"offset"|"timestampMs"|"shift";
}
