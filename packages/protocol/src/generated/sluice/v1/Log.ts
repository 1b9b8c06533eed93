// Original file: ../../proto/sluice/v1/log.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { DeleteRecordsRequest as _sluice_v1_DeleteRecordsRequest, DeleteRecordsRequest__Output as _sluice_v1_DeleteRecordsRequest__Output } from '../../sluice/v1/DeleteRecordsRequest.js';
import type { DeleteRecordsResponse as _sluice_v1_DeleteRecordsResponse, DeleteRecordsResponse__Output as _sluice_v1_DeleteRecordsResponse__Output } from '../../sluice/v1/DeleteRecordsResponse.js';
import type { FetchRequest as _sluice_v1_FetchRequest, FetchRequest__Output as _sluice_v1_FetchRequest__Output } from '../../sluice/v1/FetchRequest.js';
import type { FetchResponse as _sluice_v1_FetchResponse, FetchResponse__Output as _sluice_v1_FetchResponse__Output } from '../../sluice/v1/FetchResponse.js';
import type { InitProducerIdRequest as _sluice_v1_InitProducerIdRequest, InitProducerIdRequest__Output as _sluice_v1_InitProducerIdRequest__Output } from '../../sluice/v1/InitProducerIdRequest.js';
import type { InitProducerIdResponse as _sluice_v1_InitProducerIdResponse, InitProducerIdResponse__Output as _sluice_v1_InitProducerIdResponse__Output } from '../../sluice/v1/InitProducerIdResponse.js';
import type { ListOffsetsRequest as _sluice_v1_ListOffsetsRequest, ListOffsetsRequest__Output as _sluice_v1_ListOffsetsRequest__Output } from '../../sluice/v1/ListOffsetsRequest.js';
import type { ListOffsetsResponse as _sluice_v1_ListOffsetsResponse, ListOffsetsResponse__Output as _sluice_v1_ListOffsetsResponse__Output } from '../../sluice/v1/ListOffsetsResponse.js';
import type { ProduceRequest as _sluice_v1_ProduceRequest, ProduceRequest__Output as _sluice_v1_ProduceRequest__Output } from '../../sluice/v1/ProduceRequest.js';
import type { ProduceResponse as _sluice_v1_ProduceResponse, ProduceResponse__Output as _sluice_v1_ProduceResponse__Output } from '../../sluice/v1/ProduceResponse.js';

export interface LogClient extends grpc.Client {
  /**
   * Deletes the records of partitions below an offset. The broker must lead each partition.
   */
  DeleteRecords(argument: _sluice_v1_DeleteRecordsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DeleteRecordsResponse__Output>): grpc.ClientUnaryCall;
  DeleteRecords(argument: _sluice_v1_DeleteRecordsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DeleteRecordsResponse__Output>): grpc.ClientUnaryCall;
  DeleteRecords(argument: _sluice_v1_DeleteRecordsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DeleteRecordsResponse__Output>): grpc.ClientUnaryCall;
  DeleteRecords(argument: _sluice_v1_DeleteRecordsRequest, callback: grpc.requestCallback<_sluice_v1_DeleteRecordsResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Deletes the records of partitions below an offset. The broker must lead each partition.
   */
  deleteRecords(argument: _sluice_v1_DeleteRecordsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DeleteRecordsResponse__Output>): grpc.ClientUnaryCall;
  deleteRecords(argument: _sluice_v1_DeleteRecordsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DeleteRecordsResponse__Output>): grpc.ClientUnaryCall;
  deleteRecords(argument: _sluice_v1_DeleteRecordsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DeleteRecordsResponse__Output>): grpc.ClientUnaryCall;
  deleteRecords(argument: _sluice_v1_DeleteRecordsRequest, callback: grpc.requestCallback<_sluice_v1_DeleteRecordsResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Reads record batches. Each request is a credit: it is answered once, with at most max_bytes, as soon as there is
   * something to read or max_wait_ms has passed.
   */
  Fetch(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_sluice_v1_FetchRequest, _sluice_v1_FetchResponse__Output>;
  Fetch(options?: grpc.CallOptions): grpc.ClientDuplexStream<_sluice_v1_FetchRequest, _sluice_v1_FetchResponse__Output>;
  /**
   * Reads record batches. Each request is a credit: it is answered once, with at most max_bytes, as soon as there is
   * something to read or max_wait_ms has passed.
   */
  fetch(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_sluice_v1_FetchRequest, _sluice_v1_FetchResponse__Output>;
  fetch(options?: grpc.CallOptions): grpc.ClientDuplexStream<_sluice_v1_FetchRequest, _sluice_v1_FetchResponse__Output>;
  
  /**
   * Gives out a producer id that was never given out before. Batches that carry it and sequence numbers are appended once,
   * however often they are sent. Any broker answers.
   */
  InitProducerId(argument: _sluice_v1_InitProducerIdRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_InitProducerIdResponse__Output>): grpc.ClientUnaryCall;
  InitProducerId(argument: _sluice_v1_InitProducerIdRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_InitProducerIdResponse__Output>): grpc.ClientUnaryCall;
  InitProducerId(argument: _sluice_v1_InitProducerIdRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_InitProducerIdResponse__Output>): grpc.ClientUnaryCall;
  InitProducerId(argument: _sluice_v1_InitProducerIdRequest, callback: grpc.requestCallback<_sluice_v1_InitProducerIdResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Gives out a producer id that was never given out before. Batches that carry it and sequence numbers are appended once,
   * however often they are sent. Any broker answers.
   */
  initProducerId(argument: _sluice_v1_InitProducerIdRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_InitProducerIdResponse__Output>): grpc.ClientUnaryCall;
  initProducerId(argument: _sluice_v1_InitProducerIdRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_InitProducerIdResponse__Output>): grpc.ClientUnaryCall;
  initProducerId(argument: _sluice_v1_InitProducerIdRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_InitProducerIdResponse__Output>): grpc.ClientUnaryCall;
  initProducerId(argument: _sluice_v1_InitProducerIdRequest, callback: grpc.requestCallback<_sluice_v1_InitProducerIdResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Finds offsets: the earliest, the next, by timestamp, or that of the largest timestamp.
   */
  ListOffsets(argument: _sluice_v1_ListOffsetsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListOffsetsResponse__Output>): grpc.ClientUnaryCall;
  ListOffsets(argument: _sluice_v1_ListOffsetsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ListOffsetsResponse__Output>): grpc.ClientUnaryCall;
  ListOffsets(argument: _sluice_v1_ListOffsetsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListOffsetsResponse__Output>): grpc.ClientUnaryCall;
  ListOffsets(argument: _sluice_v1_ListOffsetsRequest, callback: grpc.requestCallback<_sluice_v1_ListOffsetsResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Finds offsets: the earliest, the next, by timestamp, or that of the largest timestamp.
   */
  listOffsets(argument: _sluice_v1_ListOffsetsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListOffsetsResponse__Output>): grpc.ClientUnaryCall;
  listOffsets(argument: _sluice_v1_ListOffsetsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ListOffsetsResponse__Output>): grpc.ClientUnaryCall;
  listOffsets(argument: _sluice_v1_ListOffsetsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListOffsetsResponse__Output>): grpc.ClientUnaryCall;
  listOffsets(argument: _sluice_v1_ListOffsetsRequest, callback: grpc.requestCallback<_sluice_v1_ListOffsetsResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Appends record batches. Requests for one partition on one stream are appended in the order in which they were sent;
   * answers come in the order in which they are ready, matched by correlation_id.
   */
  Produce(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_sluice_v1_ProduceRequest, _sluice_v1_ProduceResponse__Output>;
  Produce(options?: grpc.CallOptions): grpc.ClientDuplexStream<_sluice_v1_ProduceRequest, _sluice_v1_ProduceResponse__Output>;
  /**
   * Appends record batches. Requests for one partition on one stream are appended in the order in which they were sent;
   * answers come in the order in which they are ready, matched by correlation_id.
   */
  produce(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_sluice_v1_ProduceRequest, _sluice_v1_ProduceResponse__Output>;
  produce(options?: grpc.CallOptions): grpc.ClientDuplexStream<_sluice_v1_ProduceRequest, _sluice_v1_ProduceResponse__Output>;
  
}

export interface LogHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Deletes the records of partitions below an offset. The broker must lead each partition.
   */
  DeleteRecords: grpc.handleUnaryCall<_sluice_v1_DeleteRecordsRequest__Output, _sluice_v1_DeleteRecordsResponse>;
  
  /**
   * Reads record batches. Each request is a credit: it is answered once, with at most max_bytes, as soon as there is
   * something to read or max_wait_ms has passed.
   */
  Fetch: grpc.handleBidiStreamingCall<_sluice_v1_FetchRequest__Output, _sluice_v1_FetchResponse>;
  
  /**
   * Gives out a producer id that was never given out before. Batches that carry it and sequence numbers are appended once,
   * however often they are sent. Any broker answers.
   */
  InitProducerId: grpc.handleUnaryCall<_sluice_v1_InitProducerIdRequest__Output, _sluice_v1_InitProducerIdResponse>;
  
  /**
   * Finds offsets: the earliest, the next, by timestamp, or that of the largest timestamp.
   */
  ListOffsets: grpc.handleUnaryCall<_sluice_v1_ListOffsetsRequest__Output, _sluice_v1_ListOffsetsResponse>;
  
  /**
   * Appends record batches. Requests for one partition on one stream are appended in the order in which they were sent;
   * answers come in the order in which they are ready, matched by correlation_id.
   */
  Produce: grpc.handleBidiStreamingCall<_sluice_v1_ProduceRequest__Output, _sluice_v1_ProduceResponse>;
  
}

export interface LogDefinition extends grpc.ServiceDefinition {
  DeleteRecords: MethodDefinition<_sluice_v1_DeleteRecordsRequest, _sluice_v1_DeleteRecordsResponse, _sluice_v1_DeleteRecordsRequest__Output, _sluice_v1_DeleteRecordsResponse__Output>
  Fetch: MethodDefinition<_sluice_v1_FetchRequest, _sluice_v1_FetchResponse, _sluice_v1_FetchRequest__Output, _sluice_v1_FetchResponse__Output>
  InitProducerId: MethodDefinition<_sluice_v1_InitProducerIdRequest, _sluice_v1_InitProducerIdResponse, _sluice_v1_InitProducerIdRequest__Output, _sluice_v1_InitProducerIdResponse__Output>
  ListOffsets: MethodDefinition<_sluice_v1_ListOffsetsRequest, _sluice_v1_ListOffsetsResponse, _sluice_v1_ListOffsetsRequest__Output, _sluice_v1_ListOffsetsResponse__Output>
  Produce: MethodDefinition<_sluice_v1_ProduceRequest, _sluice_v1_ProduceResponse, _sluice_v1_ProduceRequest__Output, _sluice_v1_ProduceResponse__Output>
}
