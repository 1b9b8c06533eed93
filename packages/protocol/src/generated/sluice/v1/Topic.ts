// Original file: ../../proto/sluice/v1/cluster.proto

import type { Partition as _sluice_v1_Partition, Partition__Output as _sluice_v1_Partition__Output } from '../../sluice/v1/Partition.js';
import type { Error as _sluice_v1_Error, Error__Output as _sluice_v1_Error__Output } from '../../sluice/v1/Error.js';

export interface Topic {
  /**
   * Its name.
   */
  'name'?: (string);
  /**
   * Its id, a UUID, never used twice.
   */
  'id'?: (string);
  /**
   * Kept by Sluice itself.
   */
  'internal'?: (boolean);
  /**
   * Partitions, by number.
   */
  'partitions'?: (_sluice_v1_Partition)[];
  /**
   * Set when the topic could not be described.
   */
  'error'?: (_sluice_v1_Error | null);
  /**
   * Its max.message.bytes: the largest record batch that it takes.
   */
  'maxMessageBytes'?: (number);
}

export interface Topic__Output {
  /**
   * Its name.
   */
  'name': (string);
  /**
   * Its id, a UUID, never used twice.
   */
  'id': (string);
  /**
   * Kept by Sluice itself.
   */
  'internal': (boolean);
  /**
   * Partitions, by number.
   */
  'partitions': (_sluice_v1_Partition__Output)[];
  /**
   * Set when the topic could not be described.
   */
  'error': (_sluice_v1_Error__Output | null);
  /**
   * Its max.message.bytes: the largest record batch that it takes.
   */
  'maxMessageBytes': (number);
}
