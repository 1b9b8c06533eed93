import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Acknowledge as _sluice_v1_Acknowledge, Acknowledge__Output as _sluice_v1_Acknowledge__Output } from './sluice/v1/Acknowledge.js';
import type { AssignedPartition as _sluice_v1_AssignedPartition, AssignedPartition__Output as _sluice_v1_AssignedPartition__Output } from './sluice/v1/AssignedPartition.js';
import type { Assignment as _sluice_v1_Assignment, Assignment__Output as _sluice_v1_Assignment__Output } from './sluice/v1/Assignment.js';
import type { CommitOffsetsRequest as _sluice_v1_CommitOffsetsRequest, CommitOffsetsRequest__Output as _sluice_v1_CommitOffsetsRequest__Output } from './sluice/v1/CommitOffsetsRequest.js';
import type { CommitOffsetsResponse as _sluice_v1_CommitOffsetsResponse, CommitOffsetsResponse__Output as _sluice_v1_CommitOffsetsResponse__Output } from './sluice/v1/CommitOffsetsResponse.js';
import type { CommittedOffset as _sluice_v1_CommittedOffset, CommittedOffset__Output as _sluice_v1_CommittedOffset__Output } from './sluice/v1/CommittedOffset.js';
import type { DeleteGroupRequest as _sluice_v1_DeleteGroupRequest, DeleteGroupRequest__Output as _sluice_v1_DeleteGroupRequest__Output } from './sluice/v1/DeleteGroupRequest.js';
import type { DeleteGroupResponse as _sluice_v1_DeleteGroupResponse, DeleteGroupResponse__Output as _sluice_v1_DeleteGroupResponse__Output } from './sluice/v1/DeleteGroupResponse.js';
import type { DeleteOffsetsRequest as _sluice_v1_DeleteOffsetsRequest, DeleteOffsetsRequest__Output as _sluice_v1_DeleteOffsetsRequest__Output } from './sluice/v1/DeleteOffsetsRequest.js';
import type { DeleteOffsetsResponse as _sluice_v1_DeleteOffsetsResponse, DeleteOffsetsResponse__Output as _sluice_v1_DeleteOffsetsResponse__Output } from './sluice/v1/DeleteOffsetsResponse.js';
import type { DescribeGroupRequest as _sluice_v1_DescribeGroupRequest, DescribeGroupRequest__Output as _sluice_v1_DescribeGroupRequest__Output } from './sluice/v1/DescribeGroupRequest.js';
import type { DescribeGroupResponse as _sluice_v1_DescribeGroupResponse, DescribeGroupResponse__Output as _sluice_v1_DescribeGroupResponse__Output } from './sluice/v1/DescribeGroupResponse.js';
import type { Diverging as _sluice_v1_Diverging, Diverging__Output as _sluice_v1_Diverging__Output } from './sluice/v1/Diverging.js';
import type { Error as _sluice_v1_Error, Error__Output as _sluice_v1_Error__Output } from './sluice/v1/Error.js';
import type { ErrorDetail as _sluice_v1_ErrorDetail, ErrorDetail__Output as _sluice_v1_ErrorDetail__Output } from './sluice/v1/ErrorDetail.js';
import type { FetchOffsetsRequest as _sluice_v1_FetchOffsetsRequest, FetchOffsetsRequest__Output as _sluice_v1_FetchOffsetsRequest__Output } from './sluice/v1/FetchOffsetsRequest.js';
import type { FetchOffsetsResponse as _sluice_v1_FetchOffsetsResponse, FetchOffsetsResponse__Output as _sluice_v1_FetchOffsetsResponse__Output } from './sluice/v1/FetchOffsetsResponse.js';
import type { FindCoordinatorRequest as _sluice_v1_FindCoordinatorRequest, FindCoordinatorRequest__Output as _sluice_v1_FindCoordinatorRequest__Output } from './sluice/v1/FindCoordinatorRequest.js';
import type { FindCoordinatorResponse as _sluice_v1_FindCoordinatorResponse, FindCoordinatorResponse__Output as _sluice_v1_FindCoordinatorResponse__Output } from './sluice/v1/FindCoordinatorResponse.js';
import type { GroupMember as _sluice_v1_GroupMember, GroupMember__Output as _sluice_v1_GroupMember__Output } from './sluice/v1/GroupMember.js';
import type { GroupSummary as _sluice_v1_GroupSummary, GroupSummary__Output as _sluice_v1_GroupSummary__Output } from './sluice/v1/GroupSummary.js';
import type { GroupsClient as _sluice_v1_GroupsClient, GroupsDefinition as _sluice_v1_GroupsDefinition } from './sluice/v1/Groups.js';
import type { Header as _sluice_v1_Header, Header__Output as _sluice_v1_Header__Output } from './sluice/v1/Header.js';
import type { Heartbeat as _sluice_v1_Heartbeat, Heartbeat__Output as _sluice_v1_Heartbeat__Output } from './sluice/v1/Heartbeat.js';
import type { Join as _sluice_v1_Join, Join__Output as _sluice_v1_Join__Output } from './sluice/v1/Join.js';
import type { Joined as _sluice_v1_Joined, Joined__Output as _sluice_v1_Joined__Output } from './sluice/v1/Joined.js';
import type { Leave as _sluice_v1_Leave, Leave__Output as _sluice_v1_Leave__Output } from './sluice/v1/Leave.js';
import type { ListGroupsRequest as _sluice_v1_ListGroupsRequest, ListGroupsRequest__Output as _sluice_v1_ListGroupsRequest__Output } from './sluice/v1/ListGroupsRequest.js';
import type { ListGroupsResponse as _sluice_v1_ListGroupsResponse, ListGroupsResponse__Output as _sluice_v1_ListGroupsResponse__Output } from './sluice/v1/ListGroupsResponse.js';
import type { OffsetCommit as _sluice_v1_OffsetCommit, OffsetCommit__Output as _sluice_v1_OffsetCommit__Output } from './sluice/v1/OffsetCommit.js';
import type { PlannedReset as _sluice_v1_PlannedReset, PlannedReset__Output as _sluice_v1_PlannedReset__Output } from './sluice/v1/PlannedReset.js';
import type { ResetOffsetsRequest as _sluice_v1_ResetOffsetsRequest, ResetOffsetsRequest__Output as _sluice_v1_ResetOffsetsRequest__Output } from './sluice/v1/ResetOffsetsRequest.js';
import type { ResetOffsetsResponse as _sluice_v1_ResetOffsetsResponse, ResetOffsetsResponse__Output as _sluice_v1_ResetOffsetsResponse__Output } from './sluice/v1/ResetOffsetsResponse.js';
import type { Resubscribe as _sluice_v1_Resubscribe, Resubscribe__Output as _sluice_v1_Resubscribe__Output } from './sluice/v1/Resubscribe.js';
import type { SessionRequest as _sluice_v1_SessionRequest, SessionRequest__Output as _sluice_v1_SessionRequest__Output } from './sluice/v1/SessionRequest.js';
import type { SessionResponse as _sluice_v1_SessionResponse, SessionResponse__Output as _sluice_v1_SessionResponse__Output } from './sluice/v1/SessionResponse.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  sluice: {
    v1: {
      Acknowledge: MessageTypeDefinition<_sluice_v1_Acknowledge, _sluice_v1_Acknowledge__Output>
      Acks: EnumTypeDefinition
      AssignedPartition: MessageTypeDefinition<_sluice_v1_AssignedPartition, _sluice_v1_AssignedPartition__Output>
      Assignment: MessageTypeDefinition<_sluice_v1_Assignment, _sluice_v1_Assignment__Output>
      CommitOffsetsRequest: MessageTypeDefinition<_sluice_v1_CommitOffsetsRequest, _sluice_v1_CommitOffsetsRequest__Output>
      CommitOffsetsResponse: MessageTypeDefinition<_sluice_v1_CommitOffsetsResponse, _sluice_v1_CommitOffsetsResponse__Output>
      CommittedOffset: MessageTypeDefinition<_sluice_v1_CommittedOffset, _sluice_v1_CommittedOffset__Output>
      DeleteGroupRequest: MessageTypeDefinition<_sluice_v1_DeleteGroupRequest, _sluice_v1_DeleteGroupRequest__Output>
      DeleteGroupResponse: MessageTypeDefinition<_sluice_v1_DeleteGroupResponse, _sluice_v1_DeleteGroupResponse__Output>
      DeleteOffsetsRequest: MessageTypeDefinition<_sluice_v1_DeleteOffsetsRequest, _sluice_v1_DeleteOffsetsRequest__Output>
      DeleteOffsetsResponse: MessageTypeDefinition<_sluice_v1_DeleteOffsetsResponse, _sluice_v1_DeleteOffsetsResponse__Output>
      DescribeGroupRequest: MessageTypeDefinition<_sluice_v1_DescribeGroupRequest, _sluice_v1_DescribeGroupRequest__Output>
      DescribeGroupResponse: MessageTypeDefinition<_sluice_v1_DescribeGroupResponse, _sluice_v1_DescribeGroupResponse__Output>
      Diverging: MessageTypeDefinition<_sluice_v1_Diverging, _sluice_v1_Diverging__Output>
      Error: MessageTypeDefinition<_sluice_v1_Error, _sluice_v1_Error__Output>
      ErrorDetail: MessageTypeDefinition<_sluice_v1_ErrorDetail, _sluice_v1_ErrorDetail__Output>
      FetchOffsetsRequest: MessageTypeDefinition<_sluice_v1_FetchOffsetsRequest, _sluice_v1_FetchOffsetsRequest__Output>
      FetchOffsetsResponse: MessageTypeDefinition<_sluice_v1_FetchOffsetsResponse, _sluice_v1_FetchOffsetsResponse__Output>
      FindCoordinatorRequest: MessageTypeDefinition<_sluice_v1_FindCoordinatorRequest, _sluice_v1_FindCoordinatorRequest__Output>
      FindCoordinatorResponse: MessageTypeDefinition<_sluice_v1_FindCoordinatorResponse, _sluice_v1_FindCoordinatorResponse__Output>
      GroupMember: MessageTypeDefinition<_sluice_v1_GroupMember, _sluice_v1_GroupMember__Output>
      GroupSummary: MessageTypeDefinition<_sluice_v1_GroupSummary, _sluice_v1_GroupSummary__Output>
      Groups: SubtypeConstructor<typeof grpc.Client, _sluice_v1_GroupsClient> & { service: _sluice_v1_GroupsDefinition }
      Header: MessageTypeDefinition<_sluice_v1_Header, _sluice_v1_Header__Output>
      Heartbeat: MessageTypeDefinition<_sluice_v1_Heartbeat, _sluice_v1_Heartbeat__Output>
      Join: MessageTypeDefinition<_sluice_v1_Join, _sluice_v1_Join__Output>
      Joined: MessageTypeDefinition<_sluice_v1_Joined, _sluice_v1_Joined__Output>
      Leave: MessageTypeDefinition<_sluice_v1_Leave, _sluice_v1_Leave__Output>
      ListGroupsRequest: MessageTypeDefinition<_sluice_v1_ListGroupsRequest, _sluice_v1_ListGroupsRequest__Output>
      ListGroupsResponse: MessageTypeDefinition<_sluice_v1_ListGroupsResponse, _sluice_v1_ListGroupsResponse__Output>
      OffsetCommit: MessageTypeDefinition<_sluice_v1_OffsetCommit, _sluice_v1_OffsetCommit__Output>
      PlannedReset: MessageTypeDefinition<_sluice_v1_PlannedReset, _sluice_v1_PlannedReset__Output>
      ResetOffsetsRequest: MessageTypeDefinition<_sluice_v1_ResetOffsetsRequest, _sluice_v1_ResetOffsetsRequest__Output>
      ResetOffsetsResponse: MessageTypeDefinition<_sluice_v1_ResetOffsetsResponse, _sluice_v1_ResetOffsetsResponse__Output>
      Resubscribe: MessageTypeDefinition<_sluice_v1_Resubscribe, _sluice_v1_Resubscribe__Output>
      SessionRequest: MessageTypeDefinition<_sluice_v1_SessionRequest, _sluice_v1_SessionRequest__Output>
      SessionResponse: MessageTypeDefinition<_sluice_v1_SessionResponse, _sluice_v1_SessionResponse__Output>
    }
  }
}

