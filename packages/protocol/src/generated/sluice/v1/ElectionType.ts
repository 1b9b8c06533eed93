// Original file: ../../proto/sluice/v1/cluster.proto

/**
 * How leaders are elected.
 */
export const ElectionType = {
  /**
   * Refused.
   */
  ELECTION_TYPE_UNSPECIFIED: 'ELECTION_TYPE_UNSPECIFIED',
  /**
   * The first of the replicas, where it is in sync.
   */
  ELECTION_TYPE_PREFERRED: 'ELECTION_TYPE_PREFERRED',
  /**
   * The broker that is named, where it is in sync.
   */
  ELECTION_TYPE_CHOSEN: 'ELECTION_TYPE_CHOSEN',
  /**
   * The broker that is named, or the replica with the longest log, in sync or not. RECORDS MAY BE LOST.
   */
  ELECTION_TYPE_UNCLEAN: 'ELECTION_TYPE_UNCLEAN',
} as const;

/**
 * How leaders are elected.
 */
export type ElectionType =
  /**
   * Refused.
   */
  | 'ELECTION_TYPE_UNSPECIFIED'
  | 0
  /**
   * The first of the replicas, where it is in sync.
   */
  | 'ELECTION_TYPE_PREFERRED'
  | 1
  /**
   * The broker that is named, where it is in sync.
   */
  | 'ELECTION_TYPE_CHOSEN'
  | 2
  /**
   * The broker that is named, or the replica with the longest log, in sync or not. RECORDS MAY BE LOST.
   */
  | 'ELECTION_TYPE_UNCLEAN'
  | 3

/**
 * How leaders are elected.
 */
export type ElectionType__Output = typeof ElectionType[keyof typeof ElectionType]
