// Original file: ../../proto/sluice/v1/replication.proto

import type { ReplicaPosition as _sluice_v1_ReplicaPosition, ReplicaPosition__Output as _sluice_v1_ReplicaPosition__Output } from '../../sluice/v1/ReplicaPosition.js';
import type { Long } from '@grpc/proto-loader';

export interface DescribeReplicasResponse {
  /**
   * Those that are open here.
   */
  'replicas'?: (_sluice_v1_ReplicaPosition)[];
  /**
   * Registration of the broker that answers.
   */
  'brokerEpoch'?: (number | string | Long);
  /**
   * History of the cluster store that it knows: how often a restored backup was adopted.
   */
  'history'?: (number);
  /**
   * It takes no roles: the cluster store was restored from a backup.
   */
  'refusesRoles'?: (boolean);
}

export interface DescribeReplicasResponse__Output {
  /**
   * Those that are open here.
   */
  'replicas': (_sluice_v1_ReplicaPosition__Output)[];
  /**
   * Registration of the broker that answers.
   */
  'brokerEpoch': (number);
  /**
   * History of the cluster store that it knows: how often a restored backup was adopted.
   */
  'history': (number);
  /**
   * It takes no roles: the cluster store was restored from a backup.
   */
  'refusesRoles': (boolean);
}
