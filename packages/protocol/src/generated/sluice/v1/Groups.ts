// Original file: ../../proto/sluice/v1/groups.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { CommitOffsetsRequest as _sluice_v1_CommitOffsetsRequest, CommitOffsetsRequest__Output as _sluice_v1_CommitOffsetsRequest__Output } from '../../sluice/v1/CommitOffsetsRequest.js';
import type { CommitOffsetsResponse as _sluice_v1_CommitOffsetsResponse, CommitOffsetsResponse__Output as _sluice_v1_CommitOffsetsResponse__Output } from '../../sluice/v1/CommitOffsetsResponse.js';
import type { DeleteGroupRequest as _sluice_v1_DeleteGroupRequest, DeleteGroupRequest__Output as _sluice_v1_DeleteGroupRequest__Output } from '../../sluice/v1/DeleteGroupRequest.js';
import type { DeleteGroupResponse as _sluice_v1_DeleteGroupResponse, DeleteGroupResponse__Output as _sluice_v1_DeleteGroupResponse__Output } from '../../sluice/v1/DeleteGroupResponse.js';
import type { DeleteOffsetsRequest as _sluice_v1_DeleteOffsetsRequest, DeleteOffsetsRequest__Output as _sluice_v1_DeleteOffsetsRequest__Output } from '../../sluice/v1/DeleteOffsetsRequest.js';
import type { DeleteOffsetsResponse as _sluice_v1_DeleteOffsetsResponse, DeleteOffsetsResponse__Output as _sluice_v1_DeleteOffsetsResponse__Output } from '../../sluice/v1/DeleteOffsetsResponse.js';
import type { DescribeGroupRequest as _sluice_v1_DescribeGroupRequest, DescribeGroupRequest__Output as _sluice_v1_DescribeGroupRequest__Output } from '../../sluice/v1/DescribeGroupRequest.js';
import type { DescribeGroupResponse as _sluice_v1_DescribeGroupResponse, DescribeGroupResponse__Output as _sluice_v1_DescribeGroupResponse__Output } from '../../sluice/v1/DescribeGroupResponse.js';
import type { FetchOffsetsRequest as _sluice_v1_FetchOffsetsRequest, FetchOffsetsRequest__Output as _sluice_v1_FetchOffsetsRequest__Output } from '../../sluice/v1/FetchOffsetsRequest.js';
import type { FetchOffsetsResponse as _sluice_v1_FetchOffsetsResponse, FetchOffsetsResponse__Output as _sluice_v1_FetchOffsetsResponse__Output } from '../../sluice/v1/FetchOffsetsResponse.js';
import type { FindCoordinatorRequest as _sluice_v1_FindCoordinatorRequest, FindCoordinatorRequest__Output as _sluice_v1_FindCoordinatorRequest__Output } from '../../sluice/v1/FindCoordinatorRequest.js';
import type { FindCoordinatorResponse as _sluice_v1_FindCoordinatorResponse, FindCoordinatorResponse__Output as _sluice_v1_FindCoordinatorResponse__Output } from '../../sluice/v1/FindCoordinatorResponse.js';
import type { ListGroupsRequest as _sluice_v1_ListGroupsRequest, ListGroupsRequest__Output as _sluice_v1_ListGroupsRequest__Output } from '../../sluice/v1/ListGroupsRequest.js';
import type { ListGroupsResponse as _sluice_v1_ListGroupsResponse, ListGroupsResponse__Output as _sluice_v1_ListGroupsResponse__Output } from '../../sluice/v1/ListGroupsResponse.js';
import type { ResetOffsetsRequest as _sluice_v1_ResetOffsetsRequest, ResetOffsetsRequest__Output as _sluice_v1_ResetOffsetsRequest__Output } from '../../sluice/v1/ResetOffsetsRequest.js';
import type { ResetOffsetsResponse as _sluice_v1_ResetOffsetsResponse, ResetOffsetsResponse__Output as _sluice_v1_ResetOffsetsResponse__Output } from '../../sluice/v1/ResetOffsetsResponse.js';
import type { SessionRequest as _sluice_v1_SessionRequest, SessionRequest__Output as _sluice_v1_SessionRequest__Output } from '../../sluice/v1/SessionRequest.js';
import type { SessionResponse as _sluice_v1_SessionResponse, SessionResponse__Output as _sluice_v1_SessionResponse__Output } from '../../sluice/v1/SessionResponse.js';

export interface GroupsClient extends grpc.Client {
  /**
   * Stores the offsets of the next records to process.
   */
  CommitOffsets(argument: _sluice_v1_CommitOffsetsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_CommitOffsetsResponse__Output>): grpc.ClientUnaryCall;
  CommitOffsets(argument: _sluice_v1_CommitOffsetsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_CommitOffsetsResponse__Output>): grpc.ClientUnaryCall;
  CommitOffsets(argument: _sluice_v1_CommitOffsetsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_CommitOffsetsResponse__Output>): grpc.ClientUnaryCall;
  CommitOffsets(argument: _sluice_v1_CommitOffsetsRequest, callback: grpc.requestCallback<_sluice_v1_CommitOffsetsResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Stores the offsets of the next records to process.
   */
  commitOffsets(argument: _sluice_v1_CommitOffsetsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_CommitOffsetsResponse__Output>): grpc.ClientUnaryCall;
  commitOffsets(argument: _sluice_v1_CommitOffsetsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_CommitOffsetsResponse__Output>): grpc.ClientUnaryCall;
  commitOffsets(argument: _sluice_v1_CommitOffsetsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_CommitOffsetsResponse__Output>): grpc.ClientUnaryCall;
  commitOffsets(argument: _sluice_v1_CommitOffsetsRequest, callback: grpc.requestCallback<_sluice_v1_CommitOffsetsResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Deletes a group without members, with its committed offsets.
   */
  Delete(argument: _sluice_v1_DeleteGroupRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DeleteGroupResponse__Output>): grpc.ClientUnaryCall;
  Delete(argument: _sluice_v1_DeleteGroupRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DeleteGroupResponse__Output>): grpc.ClientUnaryCall;
  Delete(argument: _sluice_v1_DeleteGroupRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DeleteGroupResponse__Output>): grpc.ClientUnaryCall;
  Delete(argument: _sluice_v1_DeleteGroupRequest, callback: grpc.requestCallback<_sluice_v1_DeleteGroupResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Deletes a group without members, with its committed offsets.
   */
  delete(argument: _sluice_v1_DeleteGroupRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DeleteGroupResponse__Output>): grpc.ClientUnaryCall;
  delete(argument: _sluice_v1_DeleteGroupRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DeleteGroupResponse__Output>): grpc.ClientUnaryCall;
  delete(argument: _sluice_v1_DeleteGroupRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DeleteGroupResponse__Output>): grpc.ClientUnaryCall;
  delete(argument: _sluice_v1_DeleteGroupRequest, callback: grpc.requestCallback<_sluice_v1_DeleteGroupResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Forgets committed offsets of a group, of partitions that no member owns.
   */
  DeleteOffsets(argument: _sluice_v1_DeleteOffsetsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DeleteOffsetsResponse__Output>): grpc.ClientUnaryCall;
  DeleteOffsets(argument: _sluice_v1_DeleteOffsetsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DeleteOffsetsResponse__Output>): grpc.ClientUnaryCall;
  DeleteOffsets(argument: _sluice_v1_DeleteOffsetsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DeleteOffsetsResponse__Output>): grpc.ClientUnaryCall;
  DeleteOffsets(argument: _sluice_v1_DeleteOffsetsRequest, callback: grpc.requestCallback<_sluice_v1_DeleteOffsetsResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Forgets committed offsets of a group, of partitions that no member owns.
   */
  deleteOffsets(argument: _sluice_v1_DeleteOffsetsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DeleteOffsetsResponse__Output>): grpc.ClientUnaryCall;
  deleteOffsets(argument: _sluice_v1_DeleteOffsetsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DeleteOffsetsResponse__Output>): grpc.ClientUnaryCall;
  deleteOffsets(argument: _sluice_v1_DeleteOffsetsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DeleteOffsetsResponse__Output>): grpc.ClientUnaryCall;
  deleteOffsets(argument: _sluice_v1_DeleteOffsetsRequest, callback: grpc.requestCallback<_sluice_v1_DeleteOffsetsResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * State, members and committed offsets.
   */
  Describe(argument: _sluice_v1_DescribeGroupRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeGroupResponse__Output>): grpc.ClientUnaryCall;
  Describe(argument: _sluice_v1_DescribeGroupRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DescribeGroupResponse__Output>): grpc.ClientUnaryCall;
  Describe(argument: _sluice_v1_DescribeGroupRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeGroupResponse__Output>): grpc.ClientUnaryCall;
  Describe(argument: _sluice_v1_DescribeGroupRequest, callback: grpc.requestCallback<_sluice_v1_DescribeGroupResponse__Output>): grpc.ClientUnaryCall;
  /**
   * State, members and committed offsets.
   */
  describe(argument: _sluice_v1_DescribeGroupRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeGroupResponse__Output>): grpc.ClientUnaryCall;
  describe(argument: _sluice_v1_DescribeGroupRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DescribeGroupResponse__Output>): grpc.ClientUnaryCall;
  describe(argument: _sluice_v1_DescribeGroupRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeGroupResponse__Output>): grpc.ClientUnaryCall;
  describe(argument: _sluice_v1_DescribeGroupRequest, callback: grpc.requestCallback<_sluice_v1_DescribeGroupResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * What is committed.
   */
  FetchOffsets(argument: _sluice_v1_FetchOffsetsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_FetchOffsetsResponse__Output>): grpc.ClientUnaryCall;
  FetchOffsets(argument: _sluice_v1_FetchOffsetsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_FetchOffsetsResponse__Output>): grpc.ClientUnaryCall;
  FetchOffsets(argument: _sluice_v1_FetchOffsetsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_FetchOffsetsResponse__Output>): grpc.ClientUnaryCall;
  FetchOffsets(argument: _sluice_v1_FetchOffsetsRequest, callback: grpc.requestCallback<_sluice_v1_FetchOffsetsResponse__Output>): grpc.ClientUnaryCall;
  /**
   * What is committed.
   */
  fetchOffsets(argument: _sluice_v1_FetchOffsetsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_FetchOffsetsResponse__Output>): grpc.ClientUnaryCall;
  fetchOffsets(argument: _sluice_v1_FetchOffsetsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_FetchOffsetsResponse__Output>): grpc.ClientUnaryCall;
  fetchOffsets(argument: _sluice_v1_FetchOffsetsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_FetchOffsetsResponse__Output>): grpc.ClientUnaryCall;
  fetchOffsets(argument: _sluice_v1_FetchOffsetsRequest, callback: grpc.requestCallback<_sluice_v1_FetchOffsetsResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Which broker coordinates a group. Any broker answers.
   */
  FindCoordinator(argument: _sluice_v1_FindCoordinatorRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_FindCoordinatorResponse__Output>): grpc.ClientUnaryCall;
  FindCoordinator(argument: _sluice_v1_FindCoordinatorRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_FindCoordinatorResponse__Output>): grpc.ClientUnaryCall;
  FindCoordinator(argument: _sluice_v1_FindCoordinatorRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_FindCoordinatorResponse__Output>): grpc.ClientUnaryCall;
  FindCoordinator(argument: _sluice_v1_FindCoordinatorRequest, callback: grpc.requestCallback<_sluice_v1_FindCoordinatorResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Which broker coordinates a group. Any broker answers.
   */
  findCoordinator(argument: _sluice_v1_FindCoordinatorRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_FindCoordinatorResponse__Output>): grpc.ClientUnaryCall;
  findCoordinator(argument: _sluice_v1_FindCoordinatorRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_FindCoordinatorResponse__Output>): grpc.ClientUnaryCall;
  findCoordinator(argument: _sluice_v1_FindCoordinatorRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_FindCoordinatorResponse__Output>): grpc.ClientUnaryCall;
  findCoordinator(argument: _sluice_v1_FindCoordinatorRequest, callback: grpc.requestCallback<_sluice_v1_FindCoordinatorResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Groups that this broker coordinates.
   */
  List(argument: _sluice_v1_ListGroupsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListGroupsResponse__Output>): grpc.ClientUnaryCall;
  List(argument: _sluice_v1_ListGroupsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ListGroupsResponse__Output>): grpc.ClientUnaryCall;
  List(argument: _sluice_v1_ListGroupsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListGroupsResponse__Output>): grpc.ClientUnaryCall;
  List(argument: _sluice_v1_ListGroupsRequest, callback: grpc.requestCallback<_sluice_v1_ListGroupsResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Groups that this broker coordinates.
   */
  list(argument: _sluice_v1_ListGroupsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListGroupsResponse__Output>): grpc.ClientUnaryCall;
  list(argument: _sluice_v1_ListGroupsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ListGroupsResponse__Output>): grpc.ClientUnaryCall;
  list(argument: _sluice_v1_ListGroupsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListGroupsResponse__Output>): grpc.ClientUnaryCall;
  list(argument: _sluice_v1_ListGroupsRequest, callback: grpc.requestCallback<_sluice_v1_ListGroupsResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Plans, and on demand makes, a move of the committed offsets of a group without members.
   */
  ResetOffsets(argument: _sluice_v1_ResetOffsetsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ResetOffsetsResponse__Output>): grpc.ClientUnaryCall;
  ResetOffsets(argument: _sluice_v1_ResetOffsetsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ResetOffsetsResponse__Output>): grpc.ClientUnaryCall;
  ResetOffsets(argument: _sluice_v1_ResetOffsetsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ResetOffsetsResponse__Output>): grpc.ClientUnaryCall;
  ResetOffsets(argument: _sluice_v1_ResetOffsetsRequest, callback: grpc.requestCallback<_sluice_v1_ResetOffsetsResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Plans, and on demand makes, a move of the committed offsets of a group without members.
   */
  resetOffsets(argument: _sluice_v1_ResetOffsetsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ResetOffsetsResponse__Output>): grpc.ClientUnaryCall;
  resetOffsets(argument: _sluice_v1_ResetOffsetsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ResetOffsetsResponse__Output>): grpc.ClientUnaryCall;
  resetOffsets(argument: _sluice_v1_ResetOffsetsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ResetOffsetsResponse__Output>): grpc.ClientUnaryCall;
  resetOffsets(argument: _sluice_v1_ResetOffsetsRequest, callback: grpc.requestCallback<_sluice_v1_ResetOffsetsResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Membership of one member: join, heartbeats and acknowledgements go up, assignments come down. The stream may break and
   * be opened again with the same member id; the member stays until its session has timed out.
   */
  Session(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_sluice_v1_SessionRequest, _sluice_v1_SessionResponse__Output>;
  Session(options?: grpc.CallOptions): grpc.ClientDuplexStream<_sluice_v1_SessionRequest, _sluice_v1_SessionResponse__Output>;
  /**
   * Membership of one member: join, heartbeats and acknowledgements go up, assignments come down. The stream may break and
   * be opened again with the same member id; the member stays until its session has timed out.
   */
  session(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_sluice_v1_SessionRequest, _sluice_v1_SessionResponse__Output>;
  session(options?: grpc.CallOptions): grpc.ClientDuplexStream<_sluice_v1_SessionRequest, _sluice_v1_SessionResponse__Output>;
  
}

export interface GroupsHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Stores the offsets of the next records to process.
   */
  CommitOffsets: grpc.handleUnaryCall<_sluice_v1_CommitOffsetsRequest__Output, _sluice_v1_CommitOffsetsResponse>;
  
  /**
   * Deletes a group without members, with its committed offsets.
   */
  Delete: grpc.handleUnaryCall<_sluice_v1_DeleteGroupRequest__Output, _sluice_v1_DeleteGroupResponse>;
  
  /**
   * Forgets committed offsets of a group, of partitions that no member owns.
   */
  DeleteOffsets: grpc.handleUnaryCall<_sluice_v1_DeleteOffsetsRequest__Output, _sluice_v1_DeleteOffsetsResponse>;
  
  /**
   * State, members and committed offsets.
   */
  Describe: grpc.handleUnaryCall<_sluice_v1_DescribeGroupRequest__Output, _sluice_v1_DescribeGroupResponse>;
  
  /**
   * What is committed.
   */
  FetchOffsets: grpc.handleUnaryCall<_sluice_v1_FetchOffsetsRequest__Output, _sluice_v1_FetchOffsetsResponse>;
  
  /**
   * Which broker coordinates a group. Any broker answers.
   */
  FindCoordinator: grpc.handleUnaryCall<_sluice_v1_FindCoordinatorRequest__Output, _sluice_v1_FindCoordinatorResponse>;
  
  /**
   * Groups that this broker coordinates.
   */
  List: grpc.handleUnaryCall<_sluice_v1_ListGroupsRequest__Output, _sluice_v1_ListGroupsResponse>;
  
  /**
   * Plans, and on demand makes, a move of the committed offsets of a group without members.
   */
  ResetOffsets: grpc.handleUnaryCall<_sluice_v1_ResetOffsetsRequest__Output, _sluice_v1_ResetOffsetsResponse>;
  
  /**
   * Membership of one member: join, heartbeats and acknowledgements go up, assignments come down. The stream may break and
   * be opened again with the same member id; the member stays until its session has timed out.
   */
  Session: grpc.handleBidiStreamingCall<_sluice_v1_SessionRequest__Output, _sluice_v1_SessionResponse>;
  
}

export interface GroupsDefinition extends grpc.ServiceDefinition {
  CommitOffsets: MethodDefinition<_sluice_v1_CommitOffsetsRequest, _sluice_v1_CommitOffsetsResponse, _sluice_v1_CommitOffsetsRequest__Output, _sluice_v1_CommitOffsetsResponse__Output>
  Delete: MethodDefinition<_sluice_v1_DeleteGroupRequest, _sluice_v1_DeleteGroupResponse, _sluice_v1_DeleteGroupRequest__Output, _sluice_v1_DeleteGroupResponse__Output>
  DeleteOffsets: MethodDefinition<_sluice_v1_DeleteOffsetsRequest, _sluice_v1_DeleteOffsetsResponse, _sluice_v1_DeleteOffsetsRequest__Output, _sluice_v1_DeleteOffsetsResponse__Output>
  Describe: MethodDefinition<_sluice_v1_DescribeGroupRequest, _sluice_v1_DescribeGroupResponse, _sluice_v1_DescribeGroupRequest__Output, _sluice_v1_DescribeGroupResponse__Output>
  FetchOffsets: MethodDefinition<_sluice_v1_FetchOffsetsRequest, _sluice_v1_FetchOffsetsResponse, _sluice_v1_FetchOffsetsRequest__Output, _sluice_v1_FetchOffsetsResponse__Output>
  FindCoordinator: MethodDefinition<_sluice_v1_FindCoordinatorRequest, _sluice_v1_FindCoordinatorResponse, _sluice_v1_FindCoordinatorRequest__Output, _sluice_v1_FindCoordinatorResponse__Output>
  List: MethodDefinition<_sluice_v1_ListGroupsRequest, _sluice_v1_ListGroupsResponse, _sluice_v1_ListGroupsRequest__Output, _sluice_v1_ListGroupsResponse__Output>
  ResetOffsets: MethodDefinition<_sluice_v1_ResetOffsetsRequest, _sluice_v1_ResetOffsetsResponse, _sluice_v1_ResetOffsetsRequest__Output, _sluice_v1_ResetOffsetsResponse__Output>
  Session: MethodDefinition<_sluice_v1_SessionRequest, _sluice_v1_SessionResponse, _sluice_v1_SessionRequest__Output, _sluice_v1_SessionResponse__Output>
}
