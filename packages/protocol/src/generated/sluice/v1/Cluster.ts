// Original file: ../../proto/sluice/v1/cluster.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AlterTopicConfigsRequest as _sluice_v1_AlterTopicConfigsRequest, AlterTopicConfigsRequest__Output as _sluice_v1_AlterTopicConfigsRequest__Output } from '../../sluice/v1/AlterTopicConfigsRequest.js';
import type { AlterTopicConfigsResponse as _sluice_v1_AlterTopicConfigsResponse, AlterTopicConfigsResponse__Output as _sluice_v1_AlterTopicConfigsResponse__Output } from '../../sluice/v1/AlterTopicConfigsResponse.js';
import type { CreatePartitionsRequest as _sluice_v1_CreatePartitionsRequest, CreatePartitionsRequest__Output as _sluice_v1_CreatePartitionsRequest__Output } from '../../sluice/v1/CreatePartitionsRequest.js';
import type { CreatePartitionsResponse as _sluice_v1_CreatePartitionsResponse, CreatePartitionsResponse__Output as _sluice_v1_CreatePartitionsResponse__Output } from '../../sluice/v1/CreatePartitionsResponse.js';
import type { CreateTopicRequest as _sluice_v1_CreateTopicRequest, CreateTopicRequest__Output as _sluice_v1_CreateTopicRequest__Output } from '../../sluice/v1/CreateTopicRequest.js';
import type { CreateTopicResponse as _sluice_v1_CreateTopicResponse, CreateTopicResponse__Output as _sluice_v1_CreateTopicResponse__Output } from '../../sluice/v1/CreateTopicResponse.js';
import type { DeleteTopicRequest as _sluice_v1_DeleteTopicRequest, DeleteTopicRequest__Output as _sluice_v1_DeleteTopicRequest__Output } from '../../sluice/v1/DeleteTopicRequest.js';
import type { DeleteTopicResponse as _sluice_v1_DeleteTopicResponse, DeleteTopicResponse__Output as _sluice_v1_DeleteTopicResponse__Output } from '../../sluice/v1/DeleteTopicResponse.js';
import type { DescribeBrokerRequest as _sluice_v1_DescribeBrokerRequest, DescribeBrokerRequest__Output as _sluice_v1_DescribeBrokerRequest__Output } from '../../sluice/v1/DescribeBrokerRequest.js';
import type { DescribeBrokerResponse as _sluice_v1_DescribeBrokerResponse, DescribeBrokerResponse__Output as _sluice_v1_DescribeBrokerResponse__Output } from '../../sluice/v1/DescribeBrokerResponse.js';
import type { DescribeClusterRequest as _sluice_v1_DescribeClusterRequest, DescribeClusterRequest__Output as _sluice_v1_DescribeClusterRequest__Output } from '../../sluice/v1/DescribeClusterRequest.js';
import type { DescribeClusterResponse as _sluice_v1_DescribeClusterResponse, DescribeClusterResponse__Output as _sluice_v1_DescribeClusterResponse__Output } from '../../sluice/v1/DescribeClusterResponse.js';
import type { DescribeTopicRequest as _sluice_v1_DescribeTopicRequest, DescribeTopicRequest__Output as _sluice_v1_DescribeTopicRequest__Output } from '../../sluice/v1/DescribeTopicRequest.js';
import type { DescribeTopicResponse as _sluice_v1_DescribeTopicResponse, DescribeTopicResponse__Output as _sluice_v1_DescribeTopicResponse__Output } from '../../sluice/v1/DescribeTopicResponse.js';

export interface ClusterClient extends grpc.Client {
  /**
   * Changes settings of a topic. They count at once, without a restart.
   */
  AlterTopicConfigs(argument: _sluice_v1_AlterTopicConfigsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_AlterTopicConfigsResponse__Output>): grpc.ClientUnaryCall;
  AlterTopicConfigs(argument: _sluice_v1_AlterTopicConfigsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_AlterTopicConfigsResponse__Output>): grpc.ClientUnaryCall;
  AlterTopicConfigs(argument: _sluice_v1_AlterTopicConfigsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_AlterTopicConfigsResponse__Output>): grpc.ClientUnaryCall;
  AlterTopicConfigs(argument: _sluice_v1_AlterTopicConfigsRequest, callback: grpc.requestCallback<_sluice_v1_AlterTopicConfigsResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Changes settings of a topic. They count at once, without a restart.
   */
  alterTopicConfigs(argument: _sluice_v1_AlterTopicConfigsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_AlterTopicConfigsResponse__Output>): grpc.ClientUnaryCall;
  alterTopicConfigs(argument: _sluice_v1_AlterTopicConfigsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_AlterTopicConfigsResponse__Output>): grpc.ClientUnaryCall;
  alterTopicConfigs(argument: _sluice_v1_AlterTopicConfigsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_AlterTopicConfigsResponse__Output>): grpc.ClientUnaryCall;
  alterTopicConfigs(argument: _sluice_v1_AlterTopicConfigsRequest, callback: grpc.requestCallback<_sluice_v1_AlterTopicConfigsResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Gives a topic more partitions, and answers when this broker knows their leaders. Keys of old records stay where they are.
   */
  CreatePartitions(argument: _sluice_v1_CreatePartitionsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_CreatePartitionsResponse__Output>): grpc.ClientUnaryCall;
  CreatePartitions(argument: _sluice_v1_CreatePartitionsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_CreatePartitionsResponse__Output>): grpc.ClientUnaryCall;
  CreatePartitions(argument: _sluice_v1_CreatePartitionsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_CreatePartitionsResponse__Output>): grpc.ClientUnaryCall;
  CreatePartitions(argument: _sluice_v1_CreatePartitionsRequest, callback: grpc.requestCallback<_sluice_v1_CreatePartitionsResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Gives a topic more partitions, and answers when this broker knows their leaders. Keys of old records stay where they are.
   */
  createPartitions(argument: _sluice_v1_CreatePartitionsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_CreatePartitionsResponse__Output>): grpc.ClientUnaryCall;
  createPartitions(argument: _sluice_v1_CreatePartitionsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_CreatePartitionsResponse__Output>): grpc.ClientUnaryCall;
  createPartitions(argument: _sluice_v1_CreatePartitionsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_CreatePartitionsResponse__Output>): grpc.ClientUnaryCall;
  createPartitions(argument: _sluice_v1_CreatePartitionsRequest, callback: grpc.requestCallback<_sluice_v1_CreatePartitionsResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Creates a topic, and answers when this broker knows all its leaders.
   */
  CreateTopic(argument: _sluice_v1_CreateTopicRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_CreateTopicResponse__Output>): grpc.ClientUnaryCall;
  CreateTopic(argument: _sluice_v1_CreateTopicRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_CreateTopicResponse__Output>): grpc.ClientUnaryCall;
  CreateTopic(argument: _sluice_v1_CreateTopicRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_CreateTopicResponse__Output>): grpc.ClientUnaryCall;
  CreateTopic(argument: _sluice_v1_CreateTopicRequest, callback: grpc.requestCallback<_sluice_v1_CreateTopicResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Creates a topic, and answers when this broker knows all its leaders.
   */
  createTopic(argument: _sluice_v1_CreateTopicRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_CreateTopicResponse__Output>): grpc.ClientUnaryCall;
  createTopic(argument: _sluice_v1_CreateTopicRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_CreateTopicResponse__Output>): grpc.ClientUnaryCall;
  createTopic(argument: _sluice_v1_CreateTopicRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_CreateTopicResponse__Output>): grpc.ClientUnaryCall;
  createTopic(argument: _sluice_v1_CreateTopicRequest, callback: grpc.requestCallback<_sluice_v1_CreateTopicResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Deletes a topic with its records.
   */
  DeleteTopic(argument: _sluice_v1_DeleteTopicRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DeleteTopicResponse__Output>): grpc.ClientUnaryCall;
  DeleteTopic(argument: _sluice_v1_DeleteTopicRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DeleteTopicResponse__Output>): grpc.ClientUnaryCall;
  DeleteTopic(argument: _sluice_v1_DeleteTopicRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DeleteTopicResponse__Output>): grpc.ClientUnaryCall;
  DeleteTopic(argument: _sluice_v1_DeleteTopicRequest, callback: grpc.requestCallback<_sluice_v1_DeleteTopicResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Deletes a topic with its records.
   */
  deleteTopic(argument: _sluice_v1_DeleteTopicRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DeleteTopicResponse__Output>): grpc.ClientUnaryCall;
  deleteTopic(argument: _sluice_v1_DeleteTopicRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DeleteTopicResponse__Output>): grpc.ClientUnaryCall;
  deleteTopic(argument: _sluice_v1_DeleteTopicRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DeleteTopicResponse__Output>): grpc.ClientUnaryCall;
  deleteTopic(argument: _sluice_v1_DeleteTopicRequest, callback: grpc.requestCallback<_sluice_v1_DeleteTopicResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Brokers, and topics with the leaders of their partitions.
   */
  Describe(argument: _sluice_v1_DescribeClusterRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeClusterResponse__Output>): grpc.ClientUnaryCall;
  Describe(argument: _sluice_v1_DescribeClusterRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DescribeClusterResponse__Output>): grpc.ClientUnaryCall;
  Describe(argument: _sluice_v1_DescribeClusterRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeClusterResponse__Output>): grpc.ClientUnaryCall;
  Describe(argument: _sluice_v1_DescribeClusterRequest, callback: grpc.requestCallback<_sluice_v1_DescribeClusterResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Brokers, and topics with the leaders of their partitions.
   */
  describe(argument: _sluice_v1_DescribeClusterRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeClusterResponse__Output>): grpc.ClientUnaryCall;
  describe(argument: _sluice_v1_DescribeClusterRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DescribeClusterResponse__Output>): grpc.ClientUnaryCall;
  describe(argument: _sluice_v1_DescribeClusterRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeClusterResponse__Output>): grpc.ClientUnaryCall;
  describe(argument: _sluice_v1_DescribeClusterRequest, callback: grpc.requestCallback<_sluice_v1_DescribeClusterResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * The broker that answers: its settings with their origins, its health, its version.
   */
  DescribeBroker(argument: _sluice_v1_DescribeBrokerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeBrokerResponse__Output>): grpc.ClientUnaryCall;
  DescribeBroker(argument: _sluice_v1_DescribeBrokerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DescribeBrokerResponse__Output>): grpc.ClientUnaryCall;
  DescribeBroker(argument: _sluice_v1_DescribeBrokerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeBrokerResponse__Output>): grpc.ClientUnaryCall;
  DescribeBroker(argument: _sluice_v1_DescribeBrokerRequest, callback: grpc.requestCallback<_sluice_v1_DescribeBrokerResponse__Output>): grpc.ClientUnaryCall;
  /**
   * The broker that answers: its settings with their origins, its health, its version.
   */
  describeBroker(argument: _sluice_v1_DescribeBrokerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeBrokerResponse__Output>): grpc.ClientUnaryCall;
  describeBroker(argument: _sluice_v1_DescribeBrokerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DescribeBrokerResponse__Output>): grpc.ClientUnaryCall;
  describeBroker(argument: _sluice_v1_DescribeBrokerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeBrokerResponse__Output>): grpc.ClientUnaryCall;
  describeBroker(argument: _sluice_v1_DescribeBrokerRequest, callback: grpc.requestCallback<_sluice_v1_DescribeBrokerResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * One topic in full, with the settings in force.
   */
  DescribeTopic(argument: _sluice_v1_DescribeTopicRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeTopicResponse__Output>): grpc.ClientUnaryCall;
  DescribeTopic(argument: _sluice_v1_DescribeTopicRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DescribeTopicResponse__Output>): grpc.ClientUnaryCall;
  DescribeTopic(argument: _sluice_v1_DescribeTopicRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeTopicResponse__Output>): grpc.ClientUnaryCall;
  DescribeTopic(argument: _sluice_v1_DescribeTopicRequest, callback: grpc.requestCallback<_sluice_v1_DescribeTopicResponse__Output>): grpc.ClientUnaryCall;
  /**
   * One topic in full, with the settings in force.
   */
  describeTopic(argument: _sluice_v1_DescribeTopicRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeTopicResponse__Output>): grpc.ClientUnaryCall;
  describeTopic(argument: _sluice_v1_DescribeTopicRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DescribeTopicResponse__Output>): grpc.ClientUnaryCall;
  describeTopic(argument: _sluice_v1_DescribeTopicRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeTopicResponse__Output>): grpc.ClientUnaryCall;
  describeTopic(argument: _sluice_v1_DescribeTopicRequest, callback: grpc.requestCallback<_sluice_v1_DescribeTopicResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface ClusterHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Changes settings of a topic. They count at once, without a restart.
   */
  AlterTopicConfigs: grpc.handleUnaryCall<_sluice_v1_AlterTopicConfigsRequest__Output, _sluice_v1_AlterTopicConfigsResponse>;
  
  /**
   * Gives a topic more partitions, and answers when this broker knows their leaders. Keys of old records stay where they are.
   */
  CreatePartitions: grpc.handleUnaryCall<_sluice_v1_CreatePartitionsRequest__Output, _sluice_v1_CreatePartitionsResponse>;
  
  /**
   * Creates a topic, and answers when this broker knows all its leaders.
   */
  CreateTopic: grpc.handleUnaryCall<_sluice_v1_CreateTopicRequest__Output, _sluice_v1_CreateTopicResponse>;
  
  /**
   * Deletes a topic with its records.
   */
  DeleteTopic: grpc.handleUnaryCall<_sluice_v1_DeleteTopicRequest__Output, _sluice_v1_DeleteTopicResponse>;
  
  /**
   * Brokers, and topics with the leaders of their partitions.
   */
  Describe: grpc.handleUnaryCall<_sluice_v1_DescribeClusterRequest__Output, _sluice_v1_DescribeClusterResponse>;
  
  /**
   * The broker that answers: its settings with their origins, its health, its version.
   */
  DescribeBroker: grpc.handleUnaryCall<_sluice_v1_DescribeBrokerRequest__Output, _sluice_v1_DescribeBrokerResponse>;
  
  /**
   * One topic in full, with the settings in force.
   */
  DescribeTopic: grpc.handleUnaryCall<_sluice_v1_DescribeTopicRequest__Output, _sluice_v1_DescribeTopicResponse>;
  
}

export interface ClusterDefinition extends grpc.ServiceDefinition {
  AlterTopicConfigs: MethodDefinition<_sluice_v1_AlterTopicConfigsRequest, _sluice_v1_AlterTopicConfigsResponse, _sluice_v1_AlterTopicConfigsRequest__Output, _sluice_v1_AlterTopicConfigsResponse__Output>
  CreatePartitions: MethodDefinition<_sluice_v1_CreatePartitionsRequest, _sluice_v1_CreatePartitionsResponse, _sluice_v1_CreatePartitionsRequest__Output, _sluice_v1_CreatePartitionsResponse__Output>
  CreateTopic: MethodDefinition<_sluice_v1_CreateTopicRequest, _sluice_v1_CreateTopicResponse, _sluice_v1_CreateTopicRequest__Output, _sluice_v1_CreateTopicResponse__Output>
  DeleteTopic: MethodDefinition<_sluice_v1_DeleteTopicRequest, _sluice_v1_DeleteTopicResponse, _sluice_v1_DeleteTopicRequest__Output, _sluice_v1_DeleteTopicResponse__Output>
  Describe: MethodDefinition<_sluice_v1_DescribeClusterRequest, _sluice_v1_DescribeClusterResponse, _sluice_v1_DescribeClusterRequest__Output, _sluice_v1_DescribeClusterResponse__Output>
  DescribeBroker: MethodDefinition<_sluice_v1_DescribeBrokerRequest, _sluice_v1_DescribeBrokerResponse, _sluice_v1_DescribeBrokerRequest__Output, _sluice_v1_DescribeBrokerResponse__Output>
  DescribeTopic: MethodDefinition<_sluice_v1_DescribeTopicRequest, _sluice_v1_DescribeTopicResponse, _sluice_v1_DescribeTopicRequest__Output, _sluice_v1_DescribeTopicResponse__Output>
}
