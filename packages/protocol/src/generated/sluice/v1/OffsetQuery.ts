// Original file: ../../proto/sluice/v1/log.proto

/**
 * What ListOffsets looks for.
 */
export const OffsetQuery = {
  /**
   * Refused.
   */
  OFFSET_QUERY_UNSPECIFIED: 'OFFSET_QUERY_UNSPECIFIED',
  /**
   * The first offset that can be read.
   */
  OFFSET_QUERY_EARLIEST: 'OFFSET_QUERY_EARLIEST',
  /**
   * The high watermark: the offset that the next committed record will get.
   */
  OFFSET_QUERY_LATEST: 'OFFSET_QUERY_LATEST',
  /**
   * The first record whose timestamp is at or after timestamp_ms, exact to the record; the high watermark when there is none.
   */
  OFFSET_QUERY_TIMESTAMP: 'OFFSET_QUERY_TIMESTAMP',
  /**
   * The first of the records with the largest timestamp; the high watermark where there is no record.
   */
  OFFSET_QUERY_MAX_TIMESTAMP: 'OFFSET_QUERY_MAX_TIMESTAMP',
} as const;

/**
 * What ListOffsets looks for.
 */
export type OffsetQuery =
  /**
   * Refused.
   */
  | 'OFFSET_QUERY_UNSPECIFIED'
  | 0
  /**
   * The first offset that can be read.
   */
  | 'OFFSET_QUERY_EARLIEST'
  | 1
  /**
   * The high watermark: the offset that the next committed record will get.
   */
  | 'OFFSET_QUERY_LATEST'
  | 2
  /**
   * The first record whose timestamp is at or after timestamp_ms, exact to the record; the high watermark when there is none.
   */
  | 'OFFSET_QUERY_TIMESTAMP'
  | 3
  /**
   * The first of the records with the largest timestamp; the high watermark where there is no record.
   */
  | 'OFFSET_QUERY_MAX_TIMESTAMP'
  | 4

/**
 * What ListOffsets looks for.
 */
export type OffsetQuery__Output = typeof OffsetQuery[keyof typeof OffsetQuery]
