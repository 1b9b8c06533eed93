// Original file: ../../proto/sluice/v1/common.proto

/**
 * When a produce is answered.
 */
export const Acks = {
  /**
   * As ACKS_ALL.
   */
  ACKS_UNSPECIFIED: 'ACKS_UNSPECIFIED',
  /**
   * Once every in-sync replica has the records, flushed where the topic says flush=always.
   */
  ACKS_ALL: 'ACKS_ALL',
  /**
   * Once the leader has them.
   */
  ACKS_LEADER: 'ACKS_LEADER',
  /**
   * Never waits for the disk: answered when the leader has accepted the bytes. They may be lost.
   */
  ACKS_NONE: 'ACKS_NONE',
} as const;

/**
 * When a produce is answered.
 */
export type Acks =
  /**
   * As ACKS_ALL.
   */
  | 'ACKS_UNSPECIFIED'
  | 0
  /**
   * Once every in-sync replica has the records, flushed where the topic says flush=always.
   */
  | 'ACKS_ALL'
  | 1
  /**
   * Once the leader has them.
   */
  | 'ACKS_LEADER'
  | 2
  /**
   * Never waits for the disk: answered when the leader has accepted the bytes. They may be lost.
   */
  | 'ACKS_NONE'
  | 3

/**
 * When a produce is answered.
 */
export type Acks__Output = typeof Acks[keyof typeof Acks]
