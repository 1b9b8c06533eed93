import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AdoptRestoreRequest as _sluice_v1_AdoptRestoreRequest, AdoptRestoreRequest__Output as _sluice_v1_AdoptRestoreRequest__Output } from './sluice/v1/AdoptRestoreRequest.js';
import type { AdoptRestoreResponse as _sluice_v1_AdoptRestoreResponse, AdoptRestoreResponse__Output as _sluice_v1_AdoptRestoreResponse__Output } from './sluice/v1/AdoptRestoreResponse.js';
import type { AlterReassignmentsRequest as _sluice_v1_AlterReassignmentsRequest, AlterReassignmentsRequest__Output as _sluice_v1_AlterReassignmentsRequest__Output } from './sluice/v1/AlterReassignmentsRequest.js';
import type { AlterReassignmentsResponse as _sluice_v1_AlterReassignmentsResponse, AlterReassignmentsResponse__Output as _sluice_v1_AlterReassignmentsResponse__Output } from './sluice/v1/AlterReassignmentsResponse.js';
import type { AlterTopicConfigsRequest as _sluice_v1_AlterTopicConfigsRequest, AlterTopicConfigsRequest__Output as _sluice_v1_AlterTopicConfigsRequest__Output } from './sluice/v1/AlterTopicConfigsRequest.js';
import type { AlterTopicConfigsResponse as _sluice_v1_AlterTopicConfigsResponse, AlterTopicConfigsResponse__Output as _sluice_v1_AlterTopicConfigsResponse__Output } from './sluice/v1/AlterTopicConfigsResponse.js';
import type { Broker as _sluice_v1_Broker, Broker__Output as _sluice_v1_Broker__Output } from './sluice/v1/Broker.js';
import type { BrokerSetting as _sluice_v1_BrokerSetting, BrokerSetting__Output as _sluice_v1_BrokerSetting__Output } from './sluice/v1/BrokerSetting.js';
import type { ClusterClient as _sluice_v1_ClusterClient, ClusterDefinition as _sluice_v1_ClusterDefinition } from './sluice/v1/Cluster.js';
import type { ConfigEntry as _sluice_v1_ConfigEntry, ConfigEntry__Output as _sluice_v1_ConfigEntry__Output } from './sluice/v1/ConfigEntry.js';
import type { ConfigSetting as _sluice_v1_ConfigSetting, ConfigSetting__Output as _sluice_v1_ConfigSetting__Output } from './sluice/v1/ConfigSetting.js';
import type { CreatePartitionsRequest as _sluice_v1_CreatePartitionsRequest, CreatePartitionsRequest__Output as _sluice_v1_CreatePartitionsRequest__Output } from './sluice/v1/CreatePartitionsRequest.js';
import type { CreatePartitionsResponse as _sluice_v1_CreatePartitionsResponse, CreatePartitionsResponse__Output as _sluice_v1_CreatePartitionsResponse__Output } from './sluice/v1/CreatePartitionsResponse.js';
import type { CreateTopicRequest as _sluice_v1_CreateTopicRequest, CreateTopicRequest__Output as _sluice_v1_CreateTopicRequest__Output } from './sluice/v1/CreateTopicRequest.js';
import type { CreateTopicResponse as _sluice_v1_CreateTopicResponse, CreateTopicResponse__Output as _sluice_v1_CreateTopicResponse__Output } from './sluice/v1/CreateTopicResponse.js';
import type { DeleteTopicRequest as _sluice_v1_DeleteTopicRequest, DeleteTopicRequest__Output as _sluice_v1_DeleteTopicRequest__Output } from './sluice/v1/DeleteTopicRequest.js';
import type { DeleteTopicResponse as _sluice_v1_DeleteTopicResponse, DeleteTopicResponse__Output as _sluice_v1_DeleteTopicResponse__Output } from './sluice/v1/DeleteTopicResponse.js';
import type { DescribeBrokerRequest as _sluice_v1_DescribeBrokerRequest, DescribeBrokerRequest__Output as _sluice_v1_DescribeBrokerRequest__Output } from './sluice/v1/DescribeBrokerRequest.js';
import type { DescribeBrokerResponse as _sluice_v1_DescribeBrokerResponse, DescribeBrokerResponse__Output as _sluice_v1_DescribeBrokerResponse__Output } from './sluice/v1/DescribeBrokerResponse.js';
import type { DescribeClusterRequest as _sluice_v1_DescribeClusterRequest, DescribeClusterRequest__Output as _sluice_v1_DescribeClusterRequest__Output } from './sluice/v1/DescribeClusterRequest.js';
import type { DescribeClusterResponse as _sluice_v1_DescribeClusterResponse, DescribeClusterResponse__Output as _sluice_v1_DescribeClusterResponse__Output } from './sluice/v1/DescribeClusterResponse.js';
import type { DescribeReassignmentsRequest as _sluice_v1_DescribeReassignmentsRequest, DescribeReassignmentsRequest__Output as _sluice_v1_DescribeReassignmentsRequest__Output } from './sluice/v1/DescribeReassignmentsRequest.js';
import type { DescribeReassignmentsResponse as _sluice_v1_DescribeReassignmentsResponse, DescribeReassignmentsResponse__Output as _sluice_v1_DescribeReassignmentsResponse__Output } from './sluice/v1/DescribeReassignmentsResponse.js';
import type { DescribeTopicRequest as _sluice_v1_DescribeTopicRequest, DescribeTopicRequest__Output as _sluice_v1_DescribeTopicRequest__Output } from './sluice/v1/DescribeTopicRequest.js';
import type { DescribeTopicResponse as _sluice_v1_DescribeTopicResponse, DescribeTopicResponse__Output as _sluice_v1_DescribeTopicResponse__Output } from './sluice/v1/DescribeTopicResponse.js';
import type { Diverging as _sluice_v1_Diverging, Diverging__Output as _sluice_v1_Diverging__Output } from './sluice/v1/Diverging.js';
import type { ElectLeadersRequest as _sluice_v1_ElectLeadersRequest, ElectLeadersRequest__Output as _sluice_v1_ElectLeadersRequest__Output } from './sluice/v1/ElectLeadersRequest.js';
import type { ElectLeadersResponse as _sluice_v1_ElectLeadersResponse, ElectLeadersResponse__Output as _sluice_v1_ElectLeadersResponse__Output } from './sluice/v1/ElectLeadersResponse.js';
import type { ElectedLeader as _sluice_v1_ElectedLeader, ElectedLeader__Output as _sluice_v1_ElectedLeader__Output } from './sluice/v1/ElectedLeader.js';
import type { Error as _sluice_v1_Error, Error__Output as _sluice_v1_Error__Output } from './sluice/v1/Error.js';
import type { ErrorDetail as _sluice_v1_ErrorDetail, ErrorDetail__Output as _sluice_v1_ErrorDetail__Output } from './sluice/v1/ErrorDetail.js';
import type { Header as _sluice_v1_Header, Header__Output as _sluice_v1_Header__Output } from './sluice/v1/Header.js';
import type { Partition as _sluice_v1_Partition, Partition__Output as _sluice_v1_Partition__Output } from './sluice/v1/Partition.js';
import type { PartitionName as _sluice_v1_PartitionName, PartitionName__Output as _sluice_v1_PartitionName__Output } from './sluice/v1/PartitionName.js';
import type { PlanReassignmentsRequest as _sluice_v1_PlanReassignmentsRequest, PlanReassignmentsRequest__Output as _sluice_v1_PlanReassignmentsRequest__Output } from './sluice/v1/PlanReassignmentsRequest.js';
import type { PlanReassignmentsResponse as _sluice_v1_PlanReassignmentsResponse, PlanReassignmentsResponse__Output as _sluice_v1_PlanReassignmentsResponse__Output } from './sluice/v1/PlanReassignmentsResponse.js';
import type { Reassignment as _sluice_v1_Reassignment, Reassignment__Output as _sluice_v1_Reassignment__Output } from './sluice/v1/Reassignment.js';
import type { ReassignmentResult as _sluice_v1_ReassignmentResult, ReassignmentResult__Output as _sluice_v1_ReassignmentResult__Output } from './sluice/v1/ReassignmentResult.js';
import type { ReassignmentStatus as _sluice_v1_ReassignmentStatus, ReassignmentStatus__Output as _sluice_v1_ReassignmentStatus__Output } from './sluice/v1/ReassignmentStatus.js';
import type { SetBrokerDrainedRequest as _sluice_v1_SetBrokerDrainedRequest, SetBrokerDrainedRequest__Output as _sluice_v1_SetBrokerDrainedRequest__Output } from './sluice/v1/SetBrokerDrainedRequest.js';
import type { SetBrokerDrainedResponse as _sluice_v1_SetBrokerDrainedResponse, SetBrokerDrainedResponse__Output as _sluice_v1_SetBrokerDrainedResponse__Output } from './sluice/v1/SetBrokerDrainedResponse.js';
import type { Topic as _sluice_v1_Topic, Topic__Output as _sluice_v1_Topic__Output } from './sluice/v1/Topic.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  sluice: {
    v1: {
      Acks: EnumTypeDefinition
      AdoptRestoreRequest: MessageTypeDefinition<_sluice_v1_AdoptRestoreRequest, _sluice_v1_AdoptRestoreRequest__Output>
      AdoptRestoreResponse: MessageTypeDefinition<_sluice_v1_AdoptRestoreResponse, _sluice_v1_AdoptRestoreResponse__Output>
      AlterReassignmentsRequest: MessageTypeDefinition<_sluice_v1_AlterReassignmentsRequest, _sluice_v1_AlterReassignmentsRequest__Output>
      AlterReassignmentsResponse: MessageTypeDefinition<_sluice_v1_AlterReassignmentsResponse, _sluice_v1_AlterReassignmentsResponse__Output>
      AlterTopicConfigsRequest: MessageTypeDefinition<_sluice_v1_AlterTopicConfigsRequest, _sluice_v1_AlterTopicConfigsRequest__Output>
      AlterTopicConfigsResponse: MessageTypeDefinition<_sluice_v1_AlterTopicConfigsResponse, _sluice_v1_AlterTopicConfigsResponse__Output>
      Broker: MessageTypeDefinition<_sluice_v1_Broker, _sluice_v1_Broker__Output>
      BrokerSetting: MessageTypeDefinition<_sluice_v1_BrokerSetting, _sluice_v1_BrokerSetting__Output>
      Cluster: SubtypeConstructor<typeof grpc.Client, _sluice_v1_ClusterClient> & { service: _sluice_v1_ClusterDefinition }
      ConfigEntry: MessageTypeDefinition<_sluice_v1_ConfigEntry, _sluice_v1_ConfigEntry__Output>
      ConfigSetting: MessageTypeDefinition<_sluice_v1_ConfigSetting, _sluice_v1_ConfigSetting__Output>
      CreatePartitionsRequest: MessageTypeDefinition<_sluice_v1_CreatePartitionsRequest, _sluice_v1_CreatePartitionsRequest__Output>
      CreatePartitionsResponse: MessageTypeDefinition<_sluice_v1_CreatePartitionsResponse, _sluice_v1_CreatePartitionsResponse__Output>
      CreateTopicRequest: MessageTypeDefinition<_sluice_v1_CreateTopicRequest, _sluice_v1_CreateTopicRequest__Output>
      CreateTopicResponse: MessageTypeDefinition<_sluice_v1_CreateTopicResponse, _sluice_v1_CreateTopicResponse__Output>
      DeleteTopicRequest: MessageTypeDefinition<_sluice_v1_DeleteTopicRequest, _sluice_v1_DeleteTopicRequest__Output>
      DeleteTopicResponse: MessageTypeDefinition<_sluice_v1_DeleteTopicResponse, _sluice_v1_DeleteTopicResponse__Output>
      DescribeBrokerRequest: MessageTypeDefinition<_sluice_v1_DescribeBrokerRequest, _sluice_v1_DescribeBrokerRequest__Output>
      DescribeBrokerResponse: MessageTypeDefinition<_sluice_v1_DescribeBrokerResponse, _sluice_v1_DescribeBrokerResponse__Output>
      DescribeClusterRequest: MessageTypeDefinition<_sluice_v1_DescribeClusterRequest, _sluice_v1_DescribeClusterRequest__Output>
      DescribeClusterResponse: MessageTypeDefinition<_sluice_v1_DescribeClusterResponse, _sluice_v1_DescribeClusterResponse__Output>
      DescribeReassignmentsRequest: MessageTypeDefinition<_sluice_v1_DescribeReassignmentsRequest, _sluice_v1_DescribeReassignmentsRequest__Output>
      DescribeReassignmentsResponse: MessageTypeDefinition<_sluice_v1_DescribeReassignmentsResponse, _sluice_v1_DescribeReassignmentsResponse__Output>
      DescribeTopicRequest: MessageTypeDefinition<_sluice_v1_DescribeTopicRequest, _sluice_v1_DescribeTopicRequest__Output>
      DescribeTopicResponse: MessageTypeDefinition<_sluice_v1_DescribeTopicResponse, _sluice_v1_DescribeTopicResponse__Output>
      Diverging: MessageTypeDefinition<_sluice_v1_Diverging, _sluice_v1_Diverging__Output>
      ElectLeadersRequest: MessageTypeDefinition<_sluice_v1_ElectLeadersRequest, _sluice_v1_ElectLeadersRequest__Output>
      ElectLeadersResponse: MessageTypeDefinition<_sluice_v1_ElectLeadersResponse, _sluice_v1_ElectLeadersResponse__Output>
      ElectedLeader: MessageTypeDefinition<_sluice_v1_ElectedLeader, _sluice_v1_ElectedLeader__Output>
      ElectionType: EnumTypeDefinition
      Error: MessageTypeDefinition<_sluice_v1_Error, _sluice_v1_Error__Output>
      ErrorDetail: MessageTypeDefinition<_sluice_v1_ErrorDetail, _sluice_v1_ErrorDetail__Output>
      Header: MessageTypeDefinition<_sluice_v1_Header, _sluice_v1_Header__Output>
      Partition: MessageTypeDefinition<_sluice_v1_Partition, _sluice_v1_Partition__Output>
      PartitionName: MessageTypeDefinition<_sluice_v1_PartitionName, _sluice_v1_PartitionName__Output>
      PlanReassignmentsRequest: MessageTypeDefinition<_sluice_v1_PlanReassignmentsRequest, _sluice_v1_PlanReassignmentsRequest__Output>
      PlanReassignmentsResponse: MessageTypeDefinition<_sluice_v1_PlanReassignmentsResponse, _sluice_v1_PlanReassignmentsResponse__Output>
      Reassignment: MessageTypeDefinition<_sluice_v1_Reassignment, _sluice_v1_Reassignment__Output>
      ReassignmentResult: MessageTypeDefinition<_sluice_v1_ReassignmentResult, _sluice_v1_ReassignmentResult__Output>
      ReassignmentStatus: MessageTypeDefinition<_sluice_v1_ReassignmentStatus, _sluice_v1_ReassignmentStatus__Output>
      SetBrokerDrainedRequest: MessageTypeDefinition<_sluice_v1_SetBrokerDrainedRequest, _sluice_v1_SetBrokerDrainedRequest__Output>
      SetBrokerDrainedResponse: MessageTypeDefinition<_sluice_v1_SetBrokerDrainedResponse, _sluice_v1_SetBrokerDrainedResponse__Output>
      Topic: MessageTypeDefinition<_sluice_v1_Topic, _sluice_v1_Topic__Output>
    }
  }
}

