// Original file: ../../proto/sluice/v1/records.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { PublishRequest as _sluice_v1_PublishRequest, PublishRequest__Output as _sluice_v1_PublishRequest__Output } from '../../sluice/v1/PublishRequest.js';
import type { PublishResponse as _sluice_v1_PublishResponse, PublishResponse__Output as _sluice_v1_PublishResponse__Output } from '../../sluice/v1/PublishResponse.js';
import type { SubscribeRequest as _sluice_v1_SubscribeRequest, SubscribeRequest__Output as _sluice_v1_SubscribeRequest__Output } from '../../sluice/v1/SubscribeRequest.js';
import type { SubscribeResponse as _sluice_v1_SubscribeResponse, SubscribeResponse__Output as _sluice_v1_SubscribeResponse__Output } from '../../sluice/v1/SubscribeResponse.js';

export interface RecordsClient extends grpc.Client {
  /**
   * Appends records to a topic and answers where each one went. Any broker takes it and passes on what it does not lead.
   */
  Publish(argument: _sluice_v1_PublishRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_PublishResponse__Output>): grpc.ClientUnaryCall;
  Publish(argument: _sluice_v1_PublishRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_PublishResponse__Output>): grpc.ClientUnaryCall;
  Publish(argument: _sluice_v1_PublishRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_PublishResponse__Output>): grpc.ClientUnaryCall;
  Publish(argument: _sluice_v1_PublishRequest, callback: grpc.requestCallback<_sluice_v1_PublishResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Appends records to a topic and answers where each one went. Any broker takes it and passes on what it does not lead.
   */
  publish(argument: _sluice_v1_PublishRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_PublishResponse__Output>): grpc.ClientUnaryCall;
  publish(argument: _sluice_v1_PublishRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_PublishResponse__Output>): grpc.ClientUnaryCall;
  publish(argument: _sluice_v1_PublishRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_PublishResponse__Output>): grpc.ClientUnaryCall;
  publish(argument: _sluice_v1_PublishRequest, callback: grpc.requestCallback<_sluice_v1_PublishResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Sends the records of one partition in order, from a position on.
   */
  Subscribe(argument: _sluice_v1_SubscribeRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_sluice_v1_SubscribeResponse__Output>;
  Subscribe(argument: _sluice_v1_SubscribeRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_sluice_v1_SubscribeResponse__Output>;
  /**
   * Sends the records of one partition in order, from a position on.
   */
  subscribe(argument: _sluice_v1_SubscribeRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_sluice_v1_SubscribeResponse__Output>;
  subscribe(argument: _sluice_v1_SubscribeRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_sluice_v1_SubscribeResponse__Output>;
  
}

export interface RecordsHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Appends records to a topic and answers where each one went. Any broker takes it and passes on what it does not lead.
   */
  Publish: grpc.handleUnaryCall<_sluice_v1_PublishRequest__Output, _sluice_v1_PublishResponse>;
  
  /**
   * Sends the records of one partition in order, from a position on.
   */
  Subscribe: grpc.handleServerStreamingCall<_sluice_v1_SubscribeRequest__Output, _sluice_v1_SubscribeResponse>;
  
}

export interface RecordsDefinition extends grpc.ServiceDefinition {
  Publish: MethodDefinition<_sluice_v1_PublishRequest, _sluice_v1_PublishResponse, _sluice_v1_PublishRequest__Output, _sluice_v1_PublishResponse__Output>
  Subscribe: MethodDefinition<_sluice_v1_SubscribeRequest, _sluice_v1_SubscribeResponse, _sluice_v1_SubscribeRequest__Output, _sluice_v1_SubscribeResponse__Output>
}
