import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

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
import type { DescribeTopicRequest as _sluice_v1_DescribeTopicRequest, DescribeTopicRequest__Output as _sluice_v1_DescribeTopicRequest__Output } from './sluice/v1/DescribeTopicRequest.js';
import type { DescribeTopicResponse as _sluice_v1_DescribeTopicResponse, DescribeTopicResponse__Output as _sluice_v1_DescribeTopicResponse__Output } from './sluice/v1/DescribeTopicResponse.js';
import type { Error as _sluice_v1_Error, Error__Output as _sluice_v1_Error__Output } from './sluice/v1/Error.js';
import type { ErrorDetail as _sluice_v1_ErrorDetail, ErrorDetail__Output as _sluice_v1_ErrorDetail__Output } from './sluice/v1/ErrorDetail.js';
import type { Header as _sluice_v1_Header, Header__Output as _sluice_v1_Header__Output } from './sluice/v1/Header.js';
import type { Partition as _sluice_v1_Partition, Partition__Output as _sluice_v1_Partition__Output } from './sluice/v1/Partition.js';
import type { Topic as _sluice_v1_Topic, Topic__Output as _sluice_v1_Topic__Output } from './sluice/v1/Topic.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  sluice: {
    v1: {
      Acks: EnumTypeDefinition
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
      DescribeTopicRequest: MessageTypeDefinition<_sluice_v1_DescribeTopicRequest, _sluice_v1_DescribeTopicRequest__Output>
      DescribeTopicResponse: MessageTypeDefinition<_sluice_v1_DescribeTopicResponse, _sluice_v1_DescribeTopicResponse__Output>
      Error: MessageTypeDefinition<_sluice_v1_Error, _sluice_v1_Error__Output>
      ErrorDetail: MessageTypeDefinition<_sluice_v1_ErrorDetail, _sluice_v1_ErrorDetail__Output>
      Header: MessageTypeDefinition<_sluice_v1_Header, _sluice_v1_Header__Output>
      Partition: MessageTypeDefinition<_sluice_v1_Partition, _sluice_v1_Partition__Output>
      Topic: MessageTypeDefinition<_sluice_v1_Topic, _sluice_v1_Topic__Output>
    }
  }
}

