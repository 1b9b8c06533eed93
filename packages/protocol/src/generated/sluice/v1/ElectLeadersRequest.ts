// Original file: ../../proto/sluice/v1/cluster.proto

import type { ElectionType as _sluice_v1_ElectionType, ElectionType__Output as _sluice_v1_ElectionType__Output } from '../../sluice/v1/ElectionType.js';
import type { PartitionName as _sluice_v1_PartitionName, PartitionName__Output as _sluice_v1_PartitionName__Output } from '../../sluice/v1/PartitionName.js';

export interface ElectLeadersRequest {
  /**
   * How.
   */
  'type'?: (_sluice_v1_ElectionType);
  /**
   * Which. Empty with ELECTION_TYPE_PREFERRED: all whose preferred leader does not lead.
   */
  'partitions'?: (_sluice_v1_PartitionName)[];
  /**
   * With ELECTION_TYPE_CHOSEN and ELECTION_TYPE_UNCLEAN: the broker, + 1. 0 with ELECTION_TYPE_UNCLEAN: the one with the longest log.
   */
  'brokerIdPlusOne'?: (number);
}

export interface ElectLeadersRequest__Output {
  /**
   * How.
   */
  'type': (_sluice_v1_ElectionType__Output);
  /**
   * Which. Empty with ELECTION_TYPE_PREFERRED: all whose preferred leader does not lead.
   */
  'partitions': (_sluice_v1_PartitionName__Output)[];
  /**
   * With ELECTION_TYPE_CHOSEN and ELECTION_TYPE_UNCLEAN: the broker, + 1. 0 with ELECTION_TYPE_UNCLEAN: the one with the longest log.
   */
  'brokerIdPlusOne': (number);
}
