// Original file: ../../proto/sluice/v1/common.proto


/**
 * One value of an error's message.
 */
export interface ErrorDetail {
  /**
   * Name of the value, for example "topic".
   */
  'name'?: (string);
  /**
   * The value as text.
   */
  'value'?: (string);
}

/**
 * One value of an error's message.
 */
export interface ErrorDetail__Output {
  /**
   * Name of the value, for example "topic".
   */
  'name': (string);
  /**
   * The value as text.
   */
  'value': (string);
}
