// Original file: ../../proto/sluice/v1/log.proto

import type { Long } from '@grpc/proto-loader';

export interface FetchRequest {
  /**
   * Chosen by the client and given back in the answer. Unique among what is in flight on the stream; below 2^53.
   */
  'correlationId'?: (number | string | Long);
  /**
   * Name of the topic.
   */
  'topic'?: (string);
  /**
   * Partition, from 0.
   */
  'partition'?: (number);
  /**
   * First offset wanted. The answer begins with the batch that contains it, which may begin earlier: skip inside it.
   */
  'fetchOffset'?: (number | string | Long);
  /**
   * Leader epoch that the client knows, + 1. 0: it knows none.
   */
  'leaderEpochPlusOne'?: (number);
  /**
   * Most bytes to answer with. At least one batch is sent, however large.
   */
  'maxBytes'?: (number);
  /**
   * Longest time to wait for something to read, in milliseconds. 0: answer at once.
   */
  'maxWaitMs'?: (number);
  /**
   * Answer only when there are at least so many bytes to read, or max_wait_ms has passed. 0 and 1: as soon as there is one batch.
   */
  'minBytes'?: (number);
  /**
   * Leader epoch of the last record read before fetch_offset, + 1. 0: not known. Where the log has other records there, or ends
   * before, the answer is LOG_TRUNCATED, at once.
   */
  'lastFetchedEpochPlusOne'?: (number);
}

export interface FetchRequest__Output {
  /**
   * Chosen by the client and given back in the answer. Unique among what is in flight on the stream; below 2^53.
   */
  'correlationId': (number);
  /**
   * Name of the topic.
   */
  'topic': (string);
  /**
   * Partition, from 0.
   */
  'partition': (number);
  /**
   * First offset wanted. The answer begins with the batch that contains it, which may begin earlier: skip inside it.
   */
  'fetchOffset': (number);
  /**
   * Leader epoch that the client knows, + 1. 0: it knows none.
   */
  'leaderEpochPlusOne': (number);
  /**
   * Most bytes to answer with. At least one batch is sent, however large.
   */
  'maxBytes': (number);
  /**
   * Longest time to wait for something to read, in milliseconds. 0: answer at once.
   */
  'maxWaitMs': (number);
  /**
   * Answer only when there are at least so many bytes to read, or max_wait_ms has passed. 0 and 1: as soon as there is one batch.
   */
  'minBytes': (number);
  /**
   * Leader epoch of the last record read before fetch_offset, + 1. 0: not known. Where the log has other records there, or ends
   * before, the answer is LOG_TRUNCATED, at once.
   */
  'lastFetchedEpochPlusOne': (number);
}
