// Original file: ../../proto/sluice/v1/records.proto

import type { Long } from '@grpc/proto-loader';

export interface SubscribeRequest {
  /**
   * Name of the topic.
   */
  'topic'?: (string);
  /**
   * Partition, from 0. The broker must lead it.
   */
  'partition'?: (number);
  /**
   * At this offset.
   */
  'offset'?: (number | string | Long);
  /**
   * At the first record at or after this time, milliseconds since 1970.
   */
  'timestampMs'?: (number | string | Long);
  /**
   * With the next record to come.
   */
  'latest'?: (boolean);
  /**
   * End after this many records. 0: no such end.
   */
  'countMax'?: (number | string | Long);
  /**
   * Stay for records to come. Otherwise the stream ends at the high watermark seen at its start.
   */
  'follow'?: (boolean);
  /**
   * Where to begin. Nothing set: at the earliest record.
   */
  'from'?: "offset"|"timestampMs"|"latest";
}

export interface SubscribeRequest__Output {
  /**
   * Name of the topic.
   */
  'topic': (string);
  /**
   * Partition, from 0. The broker must lead it.
   */
  'partition': (number);
  /**
   * At this offset.
   */
  'offset'?: (number);
  /**
   * At the first record at or after this time, milliseconds since 1970.
   */
  'timestampMs'?: (number);
  /**
   * With the next record to come.
   */
  'latest'?: (boolean);
  /**
   * End after this many records. 0: no such end.
   */
  'countMax': (number);
  /**
   * Stay for records to come. Otherwise the stream ends at the high watermark seen at its start.
   */
  'follow': (boolean);
  /**
   * Where to begin. Nothing set: at the earliest record.
   */
  'from'?: "offset"|"timestampMs"|"latest";
}
