// Original file: ../../proto/sluice/v1/records.proto

import type { Header as _sluice_v1_Header, Header__Output as _sluice_v1_Header__Output } from '../../sluice/v1/Header.js';
import type { Long } from '@grpc/proto-loader';

export interface SubscribedRecord {
  /**
   * Offset in the partition.
   */
  'offset'?: (number | string | Long);
  /**
   * Milliseconds since 1970.
   */
  'timestampMs'?: (number | string | Long);
  /**
   * Key. Absent: null.
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
  '_key'?: "key";
  '_value'?: "value";
}

export interface SubscribedRecord__Output {
  /**
   * Offset in the partition.
   */
  'offset': (number);
  /**
   * Milliseconds since 1970.
   */
  'timestampMs': (number);
  /**
   * Key. Absent: null.
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
  '_key'?: "key";
  '_value'?: "value";
}
