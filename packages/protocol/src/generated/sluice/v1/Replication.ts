// Original file: ../../proto/sluice/v1/replication.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { DescribeReplicasRequest as _sluice_v1_DescribeReplicasRequest, DescribeReplicasRequest__Output as _sluice_v1_DescribeReplicasRequest__Output } from '../../sluice/v1/DescribeReplicasRequest.js';
import type { DescribeReplicasResponse as _sluice_v1_DescribeReplicasResponse, DescribeReplicasResponse__Output as _sluice_v1_DescribeReplicasResponse__Output } from '../../sluice/v1/DescribeReplicasResponse.js';
import type { ReplicateRequest as _sluice_v1_ReplicateRequest, ReplicateRequest__Output as _sluice_v1_ReplicateRequest__Output } from '../../sluice/v1/ReplicateRequest.js';
import type { ReplicateResponse as _sluice_v1_ReplicateResponse, ReplicateResponse__Output as _sluice_v1_ReplicateResponse__Output } from '../../sluice/v1/ReplicateResponse.js';
import type { ReportSuspectsRequest as _sluice_v1_ReportSuspectsRequest, ReportSuspectsRequest__Output as _sluice_v1_ReportSuspectsRequest__Output } from '../../sluice/v1/ReportSuspectsRequest.js';
import type { ReportSuspectsResponse as _sluice_v1_ReportSuspectsResponse, ReportSuspectsResponse__Output as _sluice_v1_ReportSuspectsResponse__Output } from '../../sluice/v1/ReportSuspectsResponse.js';

export interface ReplicationClient extends grpc.Client {
  /**
   * Last epoch and log end of replicas here, whatever their role: for elections when nothing better is known.
   */
  DescribeReplicas(argument: _sluice_v1_DescribeReplicasRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeReplicasResponse__Output>): grpc.ClientUnaryCall;
  DescribeReplicas(argument: _sluice_v1_DescribeReplicasRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DescribeReplicasResponse__Output>): grpc.ClientUnaryCall;
  DescribeReplicas(argument: _sluice_v1_DescribeReplicasRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeReplicasResponse__Output>): grpc.ClientUnaryCall;
  DescribeReplicas(argument: _sluice_v1_DescribeReplicasRequest, callback: grpc.requestCallback<_sluice_v1_DescribeReplicasResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Last epoch and log end of replicas here, whatever their role: for elections when nothing better is known.
   */
  describeReplicas(argument: _sluice_v1_DescribeReplicasRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeReplicasResponse__Output>): grpc.ClientUnaryCall;
  describeReplicas(argument: _sluice_v1_DescribeReplicasRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DescribeReplicasResponse__Output>): grpc.ClientUnaryCall;
  describeReplicas(argument: _sluice_v1_DescribeReplicasRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DescribeReplicasResponse__Output>): grpc.ClientUnaryCall;
  describeReplicas(argument: _sluice_v1_DescribeReplicasRequest, callback: grpc.requestCallback<_sluice_v1_DescribeReplicasResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Replicates partitions: one stream for each ordered pair of brokers, opened by the follower, for all partitions that it
   * follows from that leader, or for none. The first message names the follower. Each side says something every 500 ms.
   */
  Replicate(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_sluice_v1_ReplicateRequest, _sluice_v1_ReplicateResponse__Output>;
  Replicate(options?: grpc.CallOptions): grpc.ClientDuplexStream<_sluice_v1_ReplicateRequest, _sluice_v1_ReplicateResponse__Output>;
  /**
   * Replicates partitions: one stream for each ordered pair of brokers, opened by the follower, for all partitions that it
   * follows from that leader, or for none. The first message names the follower. Each side says something every 500 ms.
   */
  replicate(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_sluice_v1_ReplicateRequest, _sluice_v1_ReplicateResponse__Output>;
  replicate(options?: grpc.CallOptions): grpc.ClientDuplexStream<_sluice_v1_ReplicateRequest, _sluice_v1_ReplicateResponse__Output>;
  
  /**
   * Tells the broker that counts (the controller, or who stands in for it) which brokers the caller takes for gone or silent.
   */
  ReportSuspects(argument: _sluice_v1_ReportSuspectsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ReportSuspectsResponse__Output>): grpc.ClientUnaryCall;
  ReportSuspects(argument: _sluice_v1_ReportSuspectsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ReportSuspectsResponse__Output>): grpc.ClientUnaryCall;
  ReportSuspects(argument: _sluice_v1_ReportSuspectsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ReportSuspectsResponse__Output>): grpc.ClientUnaryCall;
  ReportSuspects(argument: _sluice_v1_ReportSuspectsRequest, callback: grpc.requestCallback<_sluice_v1_ReportSuspectsResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Tells the broker that counts (the controller, or who stands in for it) which brokers the caller takes for gone or silent.
   */
  reportSuspects(argument: _sluice_v1_ReportSuspectsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ReportSuspectsResponse__Output>): grpc.ClientUnaryCall;
  reportSuspects(argument: _sluice_v1_ReportSuspectsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ReportSuspectsResponse__Output>): grpc.ClientUnaryCall;
  reportSuspects(argument: _sluice_v1_ReportSuspectsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ReportSuspectsResponse__Output>): grpc.ClientUnaryCall;
  reportSuspects(argument: _sluice_v1_ReportSuspectsRequest, callback: grpc.requestCallback<_sluice_v1_ReportSuspectsResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface ReplicationHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Last epoch and log end of replicas here, whatever their role: for elections when nothing better is known.
   */
  DescribeReplicas: grpc.handleUnaryCall<_sluice_v1_DescribeReplicasRequest__Output, _sluice_v1_DescribeReplicasResponse>;
  
  /**
   * Replicates partitions: one stream for each ordered pair of brokers, opened by the follower, for all partitions that it
   * follows from that leader, or for none. The first message names the follower. Each side says something every 500 ms.
   */
  Replicate: grpc.handleBidiStreamingCall<_sluice_v1_ReplicateRequest__Output, _sluice_v1_ReplicateResponse>;
  
  /**
   * Tells the broker that counts (the controller, or who stands in for it) which brokers the caller takes for gone or silent.
   */
  ReportSuspects: grpc.handleUnaryCall<_sluice_v1_ReportSuspectsRequest__Output, _sluice_v1_ReportSuspectsResponse>;
  
}

export interface ReplicationDefinition extends grpc.ServiceDefinition {
  DescribeReplicas: MethodDefinition<_sluice_v1_DescribeReplicasRequest, _sluice_v1_DescribeReplicasResponse, _sluice_v1_DescribeReplicasRequest__Output, _sluice_v1_DescribeReplicasResponse__Output>
  Replicate: MethodDefinition<_sluice_v1_ReplicateRequest, _sluice_v1_ReplicateResponse, _sluice_v1_ReplicateRequest__Output, _sluice_v1_ReplicateResponse__Output>
  ReportSuspects: MethodDefinition<_sluice_v1_ReportSuspectsRequest, _sluice_v1_ReportSuspectsResponse, _sluice_v1_ReportSuspectsRequest__Output, _sluice_v1_ReportSuspectsResponse__Output>
}
