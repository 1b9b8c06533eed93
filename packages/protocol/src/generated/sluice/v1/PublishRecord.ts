// Original file: ../../proto/sluice/v1/records.proto

import type { Header as _sluice_v1_Header, Header__Output as _sluice_v1_Header__Output } from '../../sluice/v1/Header.js';
import type { Long } from '@grpc/proto-loader';

export interface PublishRecord {
  /**
   * Key. Absent: null. Equal keys go to the same partition.
   */
  'key'?: (Buffer | Uint8Array | string);
  /**
   * Value. Absent: null.
   */
  'value'?: (Buffer | Uint8Array | string);
  /**
   * Headers, in order.
   */
  'headers'?: (_sluice_v1_Header)[];
  /**
   * Milliseconds since 1970. Absent: the time at the broker.
   */
  'timestampMs'?: (number | string | Long);
  /**
   * Partition, from 0. Absent: by the key's murmur2 hash as in Kafka; without a key, any.
   */
  'partition'?: (number);
  '_key'?: "key";
  '_value'?: "value";
  '_timestampMs'?: "timestampMs";
  '_partition'?: "partition";
}

export interface PublishRecord__Output {
  /**
   * Key. Absent: null. Equal keys go to the same partition.
   */
  'key'?: (Buffer);
  /**
   * Value. Absent: null.
   */
  'value'?: (Buffer);
  /**
   * Headers, in order.
   */
  'headers': (_sluice_v1_Header__Output)[];
  /**
   * Milliseconds since 1970. Absent: the time at the broker.
   */
  'timestampMs'?: (number);
  /**
   * Partition, from 0. Absent: by the key's murmur2 hash as in Kafka; without a key, any.
   */
  'partition'?: (number);
  '_key'?: "key";
  '_value'?: "value";
  '_timestampMs'?: "timestampMs";
  '_partition'?: "partition";
}
