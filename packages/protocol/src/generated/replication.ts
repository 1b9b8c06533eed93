import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { BrokerLife as _sluice_v1_BrokerLife, BrokerLife__Output as _sluice_v1_BrokerLife__Output } from './sluice/v1/BrokerLife.js';
import type { DescribeReplicasRequest as _sluice_v1_DescribeReplicasRequest, DescribeReplicasRequest__Output as _sluice_v1_DescribeReplicasRequest__Output } from './sluice/v1/DescribeReplicasRequest.js';
import type { DescribeReplicasResponse as _sluice_v1_DescribeReplicasResponse, DescribeReplicasResponse__Output as _sluice_v1_DescribeReplicasResponse__Output } from './sluice/v1/DescribeReplicasResponse.js';
import type { Diverging as _sluice_v1_Diverging, Diverging__Output as _sluice_v1_Diverging__Output } from './sluice/v1/Diverging.js';
import type { Error as _sluice_v1_Error, Error__Output as _sluice_v1_Error__Output } from './sluice/v1/Error.js';
import type { ErrorDetail as _sluice_v1_ErrorDetail, ErrorDetail__Output as _sluice_v1_ErrorDetail__Output } from './sluice/v1/ErrorDetail.js';
import type { Header as _sluice_v1_Header, Header__Output as _sluice_v1_Header__Output } from './sluice/v1/Header.js';
import type { ReplicaName as _sluice_v1_ReplicaName, ReplicaName__Output as _sluice_v1_ReplicaName__Output } from './sluice/v1/ReplicaName.js';
import type { ReplicaPosition as _sluice_v1_ReplicaPosition, ReplicaPosition__Output as _sluice_v1_ReplicaPosition__Output } from './sluice/v1/ReplicaPosition.js';
import type { ReplicateRequest as _sluice_v1_ReplicateRequest, ReplicateRequest__Output as _sluice_v1_ReplicateRequest__Output } from './sluice/v1/ReplicateRequest.js';
import type { ReplicateResponse as _sluice_v1_ReplicateResponse, ReplicateResponse__Output as _sluice_v1_ReplicateResponse__Output } from './sluice/v1/ReplicateResponse.js';
import type { ReplicationClient as _sluice_v1_ReplicationClient, ReplicationDefinition as _sluice_v1_ReplicationDefinition } from './sluice/v1/Replication.js';
import type { ReportSuspectsRequest as _sluice_v1_ReportSuspectsRequest, ReportSuspectsRequest__Output as _sluice_v1_ReportSuspectsRequest__Output } from './sluice/v1/ReportSuspectsRequest.js';
import type { ReportSuspectsResponse as _sluice_v1_ReportSuspectsResponse, ReportSuspectsResponse__Output as _sluice_v1_ReportSuspectsResponse__Output } from './sluice/v1/ReportSuspectsResponse.js';
import type { Suspect as _sluice_v1_Suspect, Suspect__Output as _sluice_v1_Suspect__Output } from './sluice/v1/Suspect.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  sluice: {
    v1: {
      Acks: EnumTypeDefinition
      BrokerLife: MessageTypeDefinition<_sluice_v1_BrokerLife, _sluice_v1_BrokerLife__Output>
      DescribeReplicasRequest: MessageTypeDefinition<_sluice_v1_DescribeReplicasRequest, _sluice_v1_DescribeReplicasRequest__Output>
      DescribeReplicasResponse: MessageTypeDefinition<_sluice_v1_DescribeReplicasResponse, _sluice_v1_DescribeReplicasResponse__Output>
      Diverging: MessageTypeDefinition<_sluice_v1_Diverging, _sluice_v1_Diverging__Output>
      Error: MessageTypeDefinition<_sluice_v1_Error, _sluice_v1_Error__Output>
      ErrorDetail: MessageTypeDefinition<_sluice_v1_ErrorDetail, _sluice_v1_ErrorDetail__Output>
      Header: MessageTypeDefinition<_sluice_v1_Header, _sluice_v1_Header__Output>
      ReplicaName: MessageTypeDefinition<_sluice_v1_ReplicaName, _sluice_v1_ReplicaName__Output>
      ReplicaPosition: MessageTypeDefinition<_sluice_v1_ReplicaPosition, _sluice_v1_ReplicaPosition__Output>
      ReplicateRequest: MessageTypeDefinition<_sluice_v1_ReplicateRequest, _sluice_v1_ReplicateRequest__Output>
      ReplicateResponse: MessageTypeDefinition<_sluice_v1_ReplicateResponse, _sluice_v1_ReplicateResponse__Output>
      Replication: SubtypeConstructor<typeof grpc.Client, _sluice_v1_ReplicationClient> & { service: _sluice_v1_ReplicationDefinition }
      ReportSuspectsRequest: MessageTypeDefinition<_sluice_v1_ReportSuspectsRequest, _sluice_v1_ReportSuspectsRequest__Output>
      ReportSuspectsResponse: MessageTypeDefinition<_sluice_v1_ReportSuspectsResponse, _sluice_v1_ReportSuspectsResponse__Output>
      Suspect: MessageTypeDefinition<_sluice_v1_Suspect, _sluice_v1_Suspect__Output>
    }
  }
}

