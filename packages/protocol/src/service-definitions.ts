/**
 * Every method of the services: its path, its direction and its codecs. Both sides of a call use the same descriptor.
 *
 * Produce, Fetch and Replicate carry record batches and are framed by hand (raw-messages); all others go through proto-loader.
 */

import type { StreamMethod, UnaryMethod } from "@sluice/model";
import { protoCodec } from "./proto-codec.js";
import { fetchRequestCodec } from "./raw-messages/fetch-request.js";
import { fetchResponseCodec } from "./raw-messages/fetch-response.js";
import { produceRequestCodec } from "./raw-messages/produce-request.js";
import { produceResponseCodec } from "./raw-messages/produce-response.js";
import { replicateRequestCodec } from "./raw-messages/replicate-request.js";
import { replicateResponseCodec } from "./raw-messages/replicate-response.js";
import type * as wire from "./wire-messages.js";

/** The data plane: whole record batches in and out. */
export const logService = {
  produce: {
    kind: "stream",
    path: "/sluice.v1.Log/Produce",
    clientStreams: true,
    request: produceRequestCodec,
    response: produceResponseCodec,
  } satisfies StreamMethod<unknown, unknown>,
  fetch: {
    kind: "stream",
    path: "/sluice.v1.Log/Fetch",
    clientStreams: true,
    request: fetchRequestCodec,
    response: fetchResponseCodec,
  } satisfies StreamMethod<unknown, unknown>,
  listOffsets: unary<wire.ListOffsetsRequest, wire.ListOffsetsResponse>(
    "/sluice.v1.Log/ListOffsets",
    "ListOffsetsRequest",
    "ListOffsetsResponse",
  ),
  initProducerId: unary<wire.InitProducerIdRequest, wire.InitProducerIdResponse>(
    "/sluice.v1.Log/InitProducerId",
    "InitProducerIdRequest",
    "InitProducerIdResponse",
  ),
  deleteRecords: unary<wire.DeleteRecordsRequest, wire.DeleteRecordsResponse>(
    "/sluice.v1.Log/DeleteRecords",
    "DeleteRecordsRequest",
    "DeleteRecordsResponse",
  ),
};

/** Plain records, for any language with a gRPC compiler. */
export const recordsService = {
  publish: unary<wire.PublishRequest, wire.PublishResponse>(
    "/sluice.v1.Records/Publish",
    "PublishRequest",
    "PublishResponse",
  ),
  subscribe: stream<wire.SubscribeRequest, wire.SubscribeResponse>(
    "/sluice.v1.Records/Subscribe",
    "SubscribeRequest",
    "SubscribeResponse",
    { clientStreams: false },
  ),
};

/** The cluster and its topics. */
export const clusterService = {
  describe: unary<wire.DescribeClusterRequest, wire.DescribeClusterResponse>(
    "/sluice.v1.Cluster/Describe",
    "DescribeClusterRequest",
    "DescribeClusterResponse",
  ),
  createTopic: unary<wire.CreateTopicRequest, wire.CreateTopicResponse>(
    "/sluice.v1.Cluster/CreateTopic",
    "CreateTopicRequest",
    "CreateTopicResponse",
  ),
  deleteTopic: unary<wire.DeleteTopicRequest, wire.DeleteTopicResponse>(
    "/sluice.v1.Cluster/DeleteTopic",
    "DeleteTopicRequest",
    "DeleteTopicResponse",
  ),
  describeTopic: unary<wire.DescribeTopicRequest, wire.DescribeTopicResponse>(
    "/sluice.v1.Cluster/DescribeTopic",
    "DescribeTopicRequest",
    "DescribeTopicResponse",
  ),
  createPartitions: unary<wire.CreatePartitionsRequest, wire.CreatePartitionsResponse>(
    "/sluice.v1.Cluster/CreatePartitions",
    "CreatePartitionsRequest",
    "CreatePartitionsResponse",
  ),
  alterTopicConfigs: unary<wire.AlterTopicConfigsRequest, wire.AlterTopicConfigsResponse>(
    "/sluice.v1.Cluster/AlterTopicConfigs",
    "AlterTopicConfigsRequest",
    "AlterTopicConfigsResponse",
  ),
  describeBroker: unary<wire.DescribeBrokerRequest, wire.DescribeBrokerResponse>(
    "/sluice.v1.Cluster/DescribeBroker",
    "DescribeBrokerRequest",
    "DescribeBrokerResponse",
  ),
  watchCluster: stream<wire.DescribeClusterRequest, wire.DescribeClusterResponse>(
    "/sluice.v1.Cluster/WatchCluster",
    "DescribeClusterRequest",
    "DescribeClusterResponse",
    { clientStreams: false },
  ),
  electLeaders: unary<wire.ElectLeadersRequest, wire.ElectLeadersResponse>(
    "/sluice.v1.Cluster/ElectLeaders",
    "ElectLeadersRequest",
    "ElectLeadersResponse",
  ),
  alterReassignments: unary<wire.AlterReassignmentsRequest, wire.AlterReassignmentsResponse>(
    "/sluice.v1.Cluster/AlterReassignments",
    "AlterReassignmentsRequest",
    "AlterReassignmentsResponse",
  ),
  describeReassignments: unary<wire.DescribeReassignmentsRequest, wire.DescribeReassignmentsResponse>(
    "/sluice.v1.Cluster/DescribeReassignments",
    "DescribeReassignmentsRequest",
    "DescribeReassignmentsResponse",
  ),
  planReassignments: unary<wire.PlanReassignmentsRequest, wire.PlanReassignmentsResponse>(
    "/sluice.v1.Cluster/PlanReassignments",
    "PlanReassignmentsRequest",
    "PlanReassignmentsResponse",
  ),
  setBrokerDrained: unary<wire.SetBrokerDrainedRequest, wire.SetBrokerDrainedResponse>(
    "/sluice.v1.Cluster/SetBrokerDrained",
    "SetBrokerDrainedRequest",
    "SetBrokerDrainedResponse",
  ),
  adoptRestore: unary<wire.AdoptRestoreRequest, wire.AdoptRestoreResponse>(
    "/sluice.v1.Cluster/AdoptRestore",
    "AdoptRestoreRequest",
    "AdoptRestoreResponse",
  ),
};

/** What brokers say to one another. */
export const replicationService = {
  replicate: {
    kind: "stream",
    path: "/sluice.v1.Replication/Replicate",
    clientStreams: true,
    request: replicateRequestCodec,
    response: replicateResponseCodec,
  } satisfies StreamMethod<unknown, unknown>,
  reportSuspects: unary<wire.ReportSuspectsRequest, wire.ReportSuspectsResponse>(
    "/sluice.v1.Replication/ReportSuspects",
    "ReportSuspectsRequest",
    "ReportSuspectsResponse",
  ),
  describeReplicas: unary<wire.DescribeReplicasRequest, wire.DescribeReplicasResponse>(
    "/sluice.v1.Replication/DescribeReplicas",
    "DescribeReplicasRequest",
    "DescribeReplicasResponse",
  ),
};

/** Consumer groups. */
export const groupsService = {
  findCoordinator: unary<wire.FindCoordinatorRequest, wire.FindCoordinatorResponse>(
    "/sluice.v1.Groups/FindCoordinator",
    "FindCoordinatorRequest",
    "FindCoordinatorResponse",
  ),
  session: stream<wire.SessionRequest, wire.SessionResponse>(
    "/sluice.v1.Groups/Session",
    "SessionRequest",
    "SessionResponse",
    { clientStreams: true },
  ),
  commitOffsets: unary<wire.CommitOffsetsRequest, wire.CommitOffsetsResponse>(
    "/sluice.v1.Groups/CommitOffsets",
    "CommitOffsetsRequest",
    "CommitOffsetsResponse",
  ),
  fetchOffsets: unary<wire.FetchOffsetsRequest, wire.FetchOffsetsResponse>(
    "/sluice.v1.Groups/FetchOffsets",
    "FetchOffsetsRequest",
    "FetchOffsetsResponse",
  ),
  list: unary<wire.ListGroupsRequest, wire.ListGroupsResponse>(
    "/sluice.v1.Groups/List",
    "ListGroupsRequest",
    "ListGroupsResponse",
  ),
  describe: unary<wire.DescribeGroupRequest, wire.DescribeGroupResponse>(
    "/sluice.v1.Groups/Describe",
    "DescribeGroupRequest",
    "DescribeGroupResponse",
  ),
  resetOffsets: unary<wire.ResetOffsetsRequest, wire.ResetOffsetsResponse>(
    "/sluice.v1.Groups/ResetOffsets",
    "ResetOffsetsRequest",
    "ResetOffsetsResponse",
  ),
  delete: unary<wire.DeleteGroupRequest, wire.DeleteGroupResponse>(
    "/sluice.v1.Groups/Delete",
    "DeleteGroupRequest",
    "DeleteGroupResponse",
  ),
  deleteOffsets: unary<wire.DeleteOffsetsRequest, wire.DeleteOffsetsResponse>(
    "/sluice.v1.Groups/DeleteOffsets",
    "DeleteOffsetsRequest",
    "DeleteOffsetsResponse",
  ),
};

/** The standard health service, served by every listener: https://github.com/grpc/grpc/blob/master/doc/health-checking.md */
export const healthService = {
  check: {
    kind: "unary",
    path: "/grpc.health.v1.Health/Check",
    request: protoCodec<wire.HealthCheckRequest>("grpc.health.v1.HealthCheckRequest"),
    response: protoCodec<wire.HealthCheckResponse>("grpc.health.v1.HealthCheckResponse"),
  } satisfies UnaryMethod<unknown, unknown>,
  watch: {
    kind: "stream",
    path: "/grpc.health.v1.Health/Watch",
    clientStreams: false,
    request: protoCodec<wire.HealthCheckRequest>("grpc.health.v1.HealthCheckRequest"),
    response: protoCodec<wire.HealthCheckResponse>("grpc.health.v1.HealthCheckResponse"),
  } satisfies StreamMethod<unknown, unknown>,
};

function unary<Request extends object, Response extends object>(
  path: string,
  request: string,
  response: string,
): UnaryMethod<Request, Response> {
  return {
    kind: "unary",
    path,
    request: protoCodec<Request>(`sluice.v1.${request}`),
    response: protoCodec<Response>(`sluice.v1.${response}`),
  };
}

function stream<Request extends object, Response extends object>(
  path: string,
  request: string,
  response: string,
  options: { readonly clientStreams: boolean },
): StreamMethod<Request, Response> {
  return {
    kind: "stream",
    path,
    clientStreams: options.clientStreams,
    request: protoCodec<Request>(`sluice.v1.${request}`),
    response: protoCodec<Response>(`sluice.v1.${response}`),
  };
}
