// Original file: ../../proto/sluice/v1/cluster.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AdoptRestoreRequest as _sluice_v1_AdoptRestoreRequest, AdoptRestoreRequest__Output as _sluice_v1_AdoptRestoreRequest__Output } from '../../sluice/v1/AdoptRestoreRequest.js';
import type { AdoptRestoreResponse as _sluice_v1_AdoptRestoreResponse, AdoptRestoreResponse__Output as _sluice_v1_AdoptRestoreResponse__Output } from '../../sluice/v1/AdoptRestoreResponse.js';
import type { AlterReassignmentsRequest as _sluice_v1_AlterReassignmentsRequest, AlterReassignmentsRequest__Output as _sluice_v1_AlterReassignmentsRequest__Output } from '../../sluice/v1/AlterReassignmentsRequest.js';
import type { AlterReassignmentsResponse as _sluice_v1_AlterReassignmentsResponse, AlterReassignmentsResponse__Output as _sluice_v1_AlterReassignmentsResponse__Output } from '../../sluice/v1/AlterReassignmentsResponse.js';
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
import type { DescribeReassignmentsRequest as _sluice_v1_DescribeReassignmentsRequest, DescribeReassignmentsRequest__Output as _sluice_v1_DescribeReassignmentsRequest__Output } from '../../sluice/v1/DescribeReassignmentsRequest.js';
import type { DescribeReassignmentsResponse as _sluice_v1_DescribeReassignmentsResponse, DescribeReassignmentsResponse__Output as _sluice_v1_DescribeReassignmentsResponse__Output } from '../../sluice/v1/DescribeReassignmentsResponse.js';
import type { DescribeTopicRequest as _sluice_v1_DescribeTopicRequest, DescribeTopicRequest__Output as _sluice_v1_DescribeTopicRequest__Output } from '../../sluice/v1/DescribeTopicRequest.js';
import type { DescribeTopicResponse as _sluice_v1_DescribeTopicResponse, DescribeTopicResponse__Output as _sluice_v1_DescribeTopicResponse__Output } from '../../sluice/v1/DescribeTopicResponse.js';
import type { ElectLeadersRequest as _sluice_v1_ElectLeadersRequest, ElectLeadersRequest__Output as _sluice_v1_ElectLeadersRequest__Output } from '../../sluice/v1/ElectLeadersRequest.js';
import type { ElectLeadersResponse as _sluice_v1_ElectLeadersResponse, ElectLeadersResponse__Output as _sluice_v1_ElectLeadersResponse__Output } from '../../sluice/v1/ElectLeadersResponse.js';
import type { PlanReassignmentsRequest as _sluice_v1_PlanReassignmentsRequest, PlanReassignmentsRequest__Output as _sluice_v1_PlanReassignmentsRequest__Output } from '../../sluice/v1/PlanReassignmentsRequest.js';
import type { PlanReassignmentsResponse as _sluice_v1_PlanReassignmentsResponse, PlanReassignmentsResponse__Output as _sluice_v1_PlanReassignmentsResponse__Output } from '../../sluice/v1/PlanReassignmentsResponse.js';
import type { SetBrokerDrainedRequest as _sluice_v1_SetBrokerDrainedRequest, SetBrokerDrainedRequest__Output as _sluice_v1_SetBrokerDrainedRequest__Output } from '../../sluice/v1/SetBrokerDrainedRequest.js';
import type { SetBrokerDrainedResponse as _sluice_v1_SetBrokerDrainedResponse, SetBrokerDrainedResponse__Output as _sluice_v1_SetBrokerDrainedResponse__Output } from '../../sluice/v1/SetBrokerDrainedResponse.js';

export interface ClusterClient extends grpc.Client {
  /**
   * Takes up the work again after the cluster store was restored from a backup. Every broker must be running.
   */
  AdoptRestore(argument: _sluice_v1_AdoptRestoreRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_AdoptRestoreResponse__Output>): grpc.ClientUnaryCall;
  AdoptRestore(argument: _sluice_v1_AdoptRestoreRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_AdoptRestoreResponse__Output>): grpc.ClientUnaryCall;
  AdoptRestore(argument: _sluice_v1_AdoptRestoreRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_AdoptRestoreResponse__Output>): grpc.ClientUnaryCall;
  AdoptRestore(argument: _sluice_v1_AdoptRestoreRequest, callback: grpc.requestCallback<_sluice_v1_AdoptRestoreResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Takes up the work again after the cluster store was restored from a backup. Every broker must be running.
   */
  adoptRestore(argument: _sluice_v1_AdoptRestoreRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_AdoptRestoreResponse__Output>): grpc.ClientUnaryCall;
  adoptRestore(argument: _sluice_v1_AdoptRestoreRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_AdoptRestoreResponse__Output>): grpc.ClientUnaryCall;
  adoptRestore(argument: _sluice_v1_AdoptRestoreRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_AdoptRestoreResponse__Output>): grpc.ClientUnaryCall;
  adoptRestore(argument: _sluice_v1_AdoptRestoreRequest, callback: grpc.requestCallback<_sluice_v1_AdoptRestoreResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Moves replicas. It returns when the move is recorded; DescribeReassignments tells how far it is.
   */
  AlterReassignments(argument: _sluice_v1_AlterReassignmentsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_AlterReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  AlterReassignments(argument: _sluice_v1_AlterReassignmentsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_AlterReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  AlterReassignments(argument: _sluice_v1_AlterReassignmentsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_AlterReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  AlterReassignments(argument: _sluice_v1_AlterReassignmentsRequest, callback: grpc.requestCallback<_sluice_v1_AlterReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Moves replicas. It returns when the move is recorded; DescribeReassignments tells how far it is.
   */
  alterReassignments(argument: _sluice_v1_AlterReassignmentsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_AlterReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  alterReassignments(argument: _sluice_v1_AlterReassignmentsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_AlterReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  alterReassignments(argument: _sluice_v1_AlterReassignmentsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_AlterReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  alterReassignments(argument: _sluice_v1_AlterReassignmentsRequest, callback: grpc.requestCallback<_sluice_v1_AlterReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  
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
   * Moves under way, with what is left to copy.
   */
  DescribeReassignments(argument: _sluice_v1_DescribeReassignmentsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  DescribeReassignments(argument: _sluice_v1_DescribeReassignmentsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DescribeReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  DescribeReassignments(argument: _sluice_v1_DescribeReassignmentsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  DescribeReassignments(argument: _sluice_v1_DescribeReassignmentsRequest, callback: grpc.requestCallback<_sluice_v1_DescribeReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Moves under way, with what is left to copy.
   */
  describeReassignments(argument: _sluice_v1_DescribeReassignmentsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  describeReassignments(argument: _sluice_v1_DescribeReassignmentsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DescribeReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  describeReassignments(argument: _sluice_v1_DescribeReassignmentsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  describeReassignments(argument: _sluice_v1_DescribeReassignmentsRequest, callback: grpc.requestCallback<_sluice_v1_DescribeReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  
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
  
  /**
   * Gives partitions another leader: the preferred one, one that is named, or, at the price of records, one that is not in sync.
   */
  ElectLeaders(argument: _sluice_v1_ElectLeadersRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ElectLeadersResponse__Output>): grpc.ClientUnaryCall;
  ElectLeaders(argument: _sluice_v1_ElectLeadersRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ElectLeadersResponse__Output>): grpc.ClientUnaryCall;
  ElectLeaders(argument: _sluice_v1_ElectLeadersRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ElectLeadersResponse__Output>): grpc.ClientUnaryCall;
  ElectLeaders(argument: _sluice_v1_ElectLeadersRequest, callback: grpc.requestCallback<_sluice_v1_ElectLeadersResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Gives partitions another leader: the preferred one, one that is named, or, at the price of records, one that is not in sync.
   */
  electLeaders(argument: _sluice_v1_ElectLeadersRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ElectLeadersResponse__Output>): grpc.ClientUnaryCall;
  electLeaders(argument: _sluice_v1_ElectLeadersRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ElectLeadersResponse__Output>): grpc.ClientUnaryCall;
  electLeaders(argument: _sluice_v1_ElectLeadersRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ElectLeadersResponse__Output>): grpc.ClientUnaryCall;
  electLeaders(argument: _sluice_v1_ElectLeadersRequest, callback: grpc.requestCallback<_sluice_v1_ElectLeadersResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Says which moves would empty a broker, or spread replicas and leaders evenly, and what they cost. Changes nothing.
   */
  PlanReassignments(argument: _sluice_v1_PlanReassignmentsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_PlanReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  PlanReassignments(argument: _sluice_v1_PlanReassignmentsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_PlanReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  PlanReassignments(argument: _sluice_v1_PlanReassignmentsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_PlanReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  PlanReassignments(argument: _sluice_v1_PlanReassignmentsRequest, callback: grpc.requestCallback<_sluice_v1_PlanReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Says which moves would empty a broker, or spread replicas and leaders evenly, and what they cost. Changes nothing.
   */
  planReassignments(argument: _sluice_v1_PlanReassignmentsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_PlanReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  planReassignments(argument: _sluice_v1_PlanReassignmentsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_PlanReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  planReassignments(argument: _sluice_v1_PlanReassignmentsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_PlanReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  planReassignments(argument: _sluice_v1_PlanReassignmentsRequest, callback: grpc.requestCallback<_sluice_v1_PlanReassignmentsResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Marks a broker as drained, so that nothing new is placed on it, or takes the mark away.
   */
  SetBrokerDrained(argument: _sluice_v1_SetBrokerDrainedRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_SetBrokerDrainedResponse__Output>): grpc.ClientUnaryCall;
  SetBrokerDrained(argument: _sluice_v1_SetBrokerDrainedRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_SetBrokerDrainedResponse__Output>): grpc.ClientUnaryCall;
  SetBrokerDrained(argument: _sluice_v1_SetBrokerDrainedRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_SetBrokerDrainedResponse__Output>): grpc.ClientUnaryCall;
  SetBrokerDrained(argument: _sluice_v1_SetBrokerDrainedRequest, callback: grpc.requestCallback<_sluice_v1_SetBrokerDrainedResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Marks a broker as drained, so that nothing new is placed on it, or takes the mark away.
   */
  setBrokerDrained(argument: _sluice_v1_SetBrokerDrainedRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_SetBrokerDrainedResponse__Output>): grpc.ClientUnaryCall;
  setBrokerDrained(argument: _sluice_v1_SetBrokerDrainedRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_SetBrokerDrainedResponse__Output>): grpc.ClientUnaryCall;
  setBrokerDrained(argument: _sluice_v1_SetBrokerDrainedRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_SetBrokerDrainedResponse__Output>): grpc.ClientUnaryCall;
  setBrokerDrained(argument: _sluice_v1_SetBrokerDrainedRequest, callback: grpc.requestCallback<_sluice_v1_SetBrokerDrainedResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Describe, and again at every change: first everything asked for, then what has changed. It ends when the broker stops.
   */
  WatchCluster(argument: _sluice_v1_DescribeClusterRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_sluice_v1_DescribeClusterResponse__Output>;
  WatchCluster(argument: _sluice_v1_DescribeClusterRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_sluice_v1_DescribeClusterResponse__Output>;
  /**
   * Describe, and again at every change: first everything asked for, then what has changed. It ends when the broker stops.
   */
  watchCluster(argument: _sluice_v1_DescribeClusterRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_sluice_v1_DescribeClusterResponse__Output>;
  watchCluster(argument: _sluice_v1_DescribeClusterRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_sluice_v1_DescribeClusterResponse__Output>;
  
}

export interface ClusterHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Takes up the work again after the cluster store was restored from a backup. Every broker must be running.
   */
  AdoptRestore: grpc.handleUnaryCall<_sluice_v1_AdoptRestoreRequest__Output, _sluice_v1_AdoptRestoreResponse>;
  
  /**
   * Moves replicas. It returns when the move is recorded; DescribeReassignments tells how far it is.
   */
  AlterReassignments: grpc.handleUnaryCall<_sluice_v1_AlterReassignmentsRequest__Output, _sluice_v1_AlterReassignmentsResponse>;
  
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
   * Moves under way, with what is left to copy.
   */
  DescribeReassignments: grpc.handleUnaryCall<_sluice_v1_DescribeReassignmentsRequest__Output, _sluice_v1_DescribeReassignmentsResponse>;
  
  /**
   * One topic in full, with the settings in force.
   */
  DescribeTopic: grpc.handleUnaryCall<_sluice_v1_DescribeTopicRequest__Output, _sluice_v1_DescribeTopicResponse>;
  
  /**
   * Gives partitions another leader: the preferred one, one that is named, or, at the price of records, one that is not in sync.
   */
  ElectLeaders: grpc.handleUnaryCall<_sluice_v1_ElectLeadersRequest__Output, _sluice_v1_ElectLeadersResponse>;
  
  /**
   * Says which moves would empty a broker, or spread replicas and leaders evenly, and what they cost. Changes nothing.
   */
  PlanReassignments: grpc.handleUnaryCall<_sluice_v1_PlanReassignmentsRequest__Output, _sluice_v1_PlanReassignmentsResponse>;
  
  /**
   * Marks a broker as drained, so that nothing new is placed on it, or takes the mark away.
   */
  SetBrokerDrained: grpc.handleUnaryCall<_sluice_v1_SetBrokerDrainedRequest__Output, _sluice_v1_SetBrokerDrainedResponse>;
  
  /**
   * Describe, and again at every change: first everything asked for, then what has changed. It ends when the broker stops.
   */
  WatchCluster: grpc.handleServerStreamingCall<_sluice_v1_DescribeClusterRequest__Output, _sluice_v1_DescribeClusterResponse>;
  
}

export interface ClusterDefinition extends grpc.ServiceDefinition {
  AdoptRestore: MethodDefinition<_sluice_v1_AdoptRestoreRequest, _sluice_v1_AdoptRestoreResponse, _sluice_v1_AdoptRestoreRequest__Output, _sluice_v1_AdoptRestoreResponse__Output>
  AlterReassignments: MethodDefinition<_sluice_v1_AlterReassignmentsRequest, _sluice_v1_AlterReassignmentsResponse, _sluice_v1_AlterReassignmentsRequest__Output, _sluice_v1_AlterReassignmentsResponse__Output>
  AlterTopicConfigs: MethodDefinition<_sluice_v1_AlterTopicConfigsRequest, _sluice_v1_AlterTopicConfigsResponse, _sluice_v1_AlterTopicConfigsRequest__Output, _sluice_v1_AlterTopicConfigsResponse__Output>
  CreatePartitions: MethodDefinition<_sluice_v1_CreatePartitionsRequest, _sluice_v1_CreatePartitionsResponse, _sluice_v1_CreatePartitionsRequest__Output, _sluice_v1_CreatePartitionsResponse__Output>
  CreateTopic: MethodDefinition<_sluice_v1_CreateTopicRequest, _sluice_v1_CreateTopicResponse, _sluice_v1_CreateTopicRequest__Output, _sluice_v1_CreateTopicResponse__Output>
  DeleteTopic: MethodDefinition<_sluice_v1_DeleteTopicRequest, _sluice_v1_DeleteTopicResponse, _sluice_v1_DeleteTopicRequest__Output, _sluice_v1_DeleteTopicResponse__Output>
  Describe: MethodDefinition<_sluice_v1_DescribeClusterRequest, _sluice_v1_DescribeClusterResponse, _sluice_v1_DescribeClusterRequest__Output, _sluice_v1_DescribeClusterResponse__Output>
  DescribeBroker: MethodDefinition<_sluice_v1_DescribeBrokerRequest, _sluice_v1_DescribeBrokerResponse, _sluice_v1_DescribeBrokerRequest__Output, _sluice_v1_DescribeBrokerResponse__Output>
  DescribeReassignments: MethodDefinition<_sluice_v1_DescribeReassignmentsRequest, _sluice_v1_DescribeReassignmentsResponse, _sluice_v1_DescribeReassignmentsRequest__Output, _sluice_v1_DescribeReassignmentsResponse__Output>
  DescribeTopic: MethodDefinition<_sluice_v1_DescribeTopicRequest, _sluice_v1_DescribeTopicResponse, _sluice_v1_DescribeTopicRequest__Output, _sluice_v1_DescribeTopicResponse__Output>
  ElectLeaders: MethodDefinition<_sluice_v1_ElectLeadersRequest, _sluice_v1_ElectLeadersResponse, _sluice_v1_ElectLeadersRequest__Output, _sluice_v1_ElectLeadersResponse__Output>
  PlanReassignments: MethodDefinition<_sluice_v1_PlanReassignmentsRequest, _sluice_v1_PlanReassignmentsResponse, _sluice_v1_PlanReassignmentsRequest__Output, _sluice_v1_PlanReassignmentsResponse__Output>
  SetBrokerDrained: MethodDefinition<_sluice_v1_SetBrokerDrainedRequest, _sluice_v1_SetBrokerDrainedResponse, _sluice_v1_SetBrokerDrainedRequest__Output, _sluice_v1_SetBrokerDrainedResponse__Output>
  WatchCluster: MethodDefinition<_sluice_v1_DescribeClusterRequest, _sluice_v1_DescribeClusterResponse, _sluice_v1_DescribeClusterRequest__Output, _sluice_v1_DescribeClusterResponse__Output>
}
