// Original file: ../../proto/sluice/v1/common.proto

import type { ErrorDetail as _sluice_v1_ErrorDetail, ErrorDetail__Output as _sluice_v1_ErrorDetail__Output } from '../../sluice/v1/ErrorDetail.js';

/**
 * An error of the catalogue (docs/errors.md), carried in band so that one bad partition does not end a stream.
 */
export interface Error {
  /**
   * Permanent number of the code. 0 never occurs.
   */
  'number'?: (number);
  /**
   * Name of the code, for example "UNKNOWN_TOPIC". Never changes its meaning.
   */
  'code'?: (string);
  /**
   * What is wrong, and where. For people; may be reworded.
   */
  'message'?: (string);
  /**
   * What to do next. For people; may be reworded.
   */
  'hint'?: (string);
  /**
   * The same request may succeed later without anybody changing anything.
   */
  'retriable'?: (boolean);
  /**
   * The values that message and hint were made from.
   */
  'details'?: (_sluice_v1_ErrorDetail)[];
}

/**
 * An error of the catalogue (docs/errors.md), carried in band so that one bad partition does not end a stream.
 */
export interface Error__Output {
  /**
   * Permanent number of the code. 0 never occurs.
   */
  'number': (number);
  /**
   * Name of the code, for example "UNKNOWN_TOPIC". Never changes its meaning.
   */
  'code': (string);
  /**
   * What is wrong, and where. For people; may be reworded.
   */
  'message': (string);
  /**
   * What to do next. For people; may be reworded.
   */
  'hint': (string);
  /**
   * The same request may succeed later without anybody changing anything.
   */
  'retriable': (boolean);
  /**
   * The values that message and hint were made from.
   */
  'details': (_sluice_v1_ErrorDetail__Output)[];
}
