// Original file: ../../proto/sluice/v1/common.proto


/**
 * A header of a record. Headers are ordered, and a key may repeat.
 */
export interface Header {
  /**
   * Name, UTF-8.
   */
  'key'?: (string);
  /**
   * Value. Absent: null, which is not the same as empty.
   */
  'value'?: (Buffer | Uint8Array | string);
  '_value'?: "value";
}

/**
 * A header of a record. Headers are ordered, and a key may repeat.
 */
export interface Header__Output {
  /**
   * Name, UTF-8.
   */
  'key': (string);
  /**
   * Value. Absent: null, which is not the same as empty.
   */
  'value'?: (Buffer);
  '_value'?: "value";
}
