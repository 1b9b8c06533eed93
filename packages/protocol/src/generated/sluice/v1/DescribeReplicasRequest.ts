// Original file: ../../proto/sluice/v1/replication.proto

import type { ReplicaName as _sluice_v1_ReplicaName, ReplicaName__Output as _sluice_v1_ReplicaName__Output } from '../../sluice/v1/ReplicaName.js';

export interface DescribeReplicasRequest {
  /**
   * Empty: all that are here.
   */
  'replicas'?: (_sluice_v1_ReplicaName)[];
}

export interface DescribeReplicasRequest__Output {
  /**
   * Empty: all that are here.
   */
  'replicas': (_sluice_v1_ReplicaName__Output)[];
}
