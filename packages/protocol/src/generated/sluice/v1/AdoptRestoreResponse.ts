// Original file: ../../proto/sluice/v1/cluster.proto


export interface AdoptRestoreResponse {
  /**
   * Partitions whose state was set anew.
   */
  'partitions'?: (number);
}

export interface AdoptRestoreResponse__Output {
  /**
   * Partitions whose state was set anew.
   */
  'partitions': (number);
}
