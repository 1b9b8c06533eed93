/**
 * The control-plane messages as they are sent and received: complete, every field present unless it is `optional` or in a
 * oneof. Names are those of proto/, where every field is described.
 *
 * The data-plane messages (Produce, Fetch) are not here: raw-messages frames them by hand.
 */

export type { HealthCheckRequest__Output as HealthCheckRequest } from "./generated/grpc/health/v1/HealthCheckRequest.js";
export type { HealthCheckResponse__Output as HealthCheckResponse } from "./generated/grpc/health/v1/HealthCheckResponse.js";
export type { Acknowledge__Output as Acknowledge } from "./generated/sluice/v1/Acknowledge.js";
export type { Acks__Output as WireAcks } from "./generated/sluice/v1/Acks.js";
export type { AssignedPartition__Output as AssignedPartition } from "./generated/sluice/v1/AssignedPartition.js";
export type { Assignment__Output as Assignment } from "./generated/sluice/v1/Assignment.js";
export type { Broker__Output as Broker } from "./generated/sluice/v1/Broker.js";
export type { CommitOffsetsRequest__Output as CommitOffsetsRequest } from "./generated/sluice/v1/CommitOffsetsRequest.js";
export type { CommitOffsetsResponse__Output as CommitOffsetsResponse } from "./generated/sluice/v1/CommitOffsetsResponse.js";
export type { CommittedOffset__Output as CommittedOffset } from "./generated/sluice/v1/CommittedOffset.js";
export type { ConfigEntry__Output as ConfigEntry } from "./generated/sluice/v1/ConfigEntry.js";
export type { ConfigSetting__Output as ConfigSetting } from "./generated/sluice/v1/ConfigSetting.js";
export type { CreateTopicRequest__Output as CreateTopicRequest } from "./generated/sluice/v1/CreateTopicRequest.js";
export type { CreateTopicResponse__Output as CreateTopicResponse } from "./generated/sluice/v1/CreateTopicResponse.js";
export type { DeleteGroupRequest__Output as DeleteGroupRequest } from "./generated/sluice/v1/DeleteGroupRequest.js";
export type { DeleteGroupResponse__Output as DeleteGroupResponse } from "./generated/sluice/v1/DeleteGroupResponse.js";
export type { DeleteTopicRequest__Output as DeleteTopicRequest } from "./generated/sluice/v1/DeleteTopicRequest.js";
export type { DeleteTopicResponse__Output as DeleteTopicResponse } from "./generated/sluice/v1/DeleteTopicResponse.js";
export type { DescribeClusterRequest__Output as DescribeClusterRequest } from "./generated/sluice/v1/DescribeClusterRequest.js";
export type { DescribeClusterResponse__Output as DescribeClusterResponse } from "./generated/sluice/v1/DescribeClusterResponse.js";
export type { DescribeGroupRequest__Output as DescribeGroupRequest } from "./generated/sluice/v1/DescribeGroupRequest.js";
export type { DescribeGroupResponse__Output as DescribeGroupResponse } from "./generated/sluice/v1/DescribeGroupResponse.js";
export type { DescribeTopicRequest__Output as DescribeTopicRequest } from "./generated/sluice/v1/DescribeTopicRequest.js";
export type { DescribeTopicResponse__Output as DescribeTopicResponse } from "./generated/sluice/v1/DescribeTopicResponse.js";
export type { Error__Output as WireError } from "./generated/sluice/v1/Error.js";
export type { ErrorDetail__Output as WireErrorDetail } from "./generated/sluice/v1/ErrorDetail.js";
export type { FetchOffsetsRequest__Output as FetchOffsetsRequest } from "./generated/sluice/v1/FetchOffsetsRequest.js";
export type { FetchOffsetsResponse__Output as FetchOffsetsResponse } from "./generated/sluice/v1/FetchOffsetsResponse.js";
export type { FindCoordinatorRequest__Output as FindCoordinatorRequest } from "./generated/sluice/v1/FindCoordinatorRequest.js";
export type { FindCoordinatorResponse__Output as FindCoordinatorResponse } from "./generated/sluice/v1/FindCoordinatorResponse.js";
export type { GroupMember__Output as GroupMember } from "./generated/sluice/v1/GroupMember.js";
export type { GroupSummary__Output as GroupSummary } from "./generated/sluice/v1/GroupSummary.js";
export type { Header__Output as Header } from "./generated/sluice/v1/Header.js";
export type { Heartbeat__Output as Heartbeat } from "./generated/sluice/v1/Heartbeat.js";
export type { Join__Output as Join } from "./generated/sluice/v1/Join.js";
export type { Joined__Output as Joined } from "./generated/sluice/v1/Joined.js";
export type { Leave__Output as Leave } from "./generated/sluice/v1/Leave.js";
export type { ListGroupsRequest__Output as ListGroupsRequest } from "./generated/sluice/v1/ListGroupsRequest.js";
export type { ListGroupsResponse__Output as ListGroupsResponse } from "./generated/sluice/v1/ListGroupsResponse.js";
export type { ListOffsetsRequest__Output as ListOffsetsRequest } from "./generated/sluice/v1/ListOffsetsRequest.js";
export type { ListOffsetsResponse__Output as ListOffsetsResponse } from "./generated/sluice/v1/ListOffsetsResponse.js";
export type { OffsetCommit__Output as OffsetCommit } from "./generated/sluice/v1/OffsetCommit.js";
export type { OffsetQuery__Output as OffsetQuery } from "./generated/sluice/v1/OffsetQuery.js";
export type { Partition__Output as Partition } from "./generated/sluice/v1/Partition.js";
export type { PartitionOffset__Output as PartitionOffset } from "./generated/sluice/v1/PartitionOffset.js";
export type { PartitionOffsetQuery__Output as PartitionOffsetQuery } from "./generated/sluice/v1/PartitionOffsetQuery.js";
export type { PlannedReset__Output as PlannedReset } from "./generated/sluice/v1/PlannedReset.js";
export type { PublishRecord__Output as PublishRecord } from "./generated/sluice/v1/PublishRecord.js";
export type { PublishRequest__Output as PublishRequest } from "./generated/sluice/v1/PublishRequest.js";
export type { PublishResponse__Output as PublishResponse } from "./generated/sluice/v1/PublishResponse.js";
export type { Receipt__Output as Receipt } from "./generated/sluice/v1/Receipt.js";
export type { ResetOffsetsRequest__Output as ResetOffsetsRequest } from "./generated/sluice/v1/ResetOffsetsRequest.js";
export type { ResetOffsetsResponse__Output as ResetOffsetsResponse } from "./generated/sluice/v1/ResetOffsetsResponse.js";
export type { SessionRequest__Output as SessionRequest } from "./generated/sluice/v1/SessionRequest.js";
export type { SessionResponse__Output as SessionResponse } from "./generated/sluice/v1/SessionResponse.js";
export type { SubscribedRecord__Output as SubscribedRecord } from "./generated/sluice/v1/SubscribedRecord.js";
export type { SubscribeRequest__Output as SubscribeRequest } from "./generated/sluice/v1/SubscribeRequest.js";
export type { SubscribeResponse__Output as SubscribeResponse } from "./generated/sluice/v1/SubscribeResponse.js";
export type { Topic__Output as Topic } from "./generated/sluice/v1/Topic.js";
