import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { DeleteRecordsRequest as _sluice_v1_DeleteRecordsRequest, DeleteRecordsRequest__Output as _sluice_v1_DeleteRecordsRequest__Output } from './sluice/v1/DeleteRecordsRequest.js';
import type { DeleteRecordsResponse as _sluice_v1_DeleteRecordsResponse, DeleteRecordsResponse__Output as _sluice_v1_DeleteRecordsResponse__Output } from './sluice/v1/DeleteRecordsResponse.js';
import type { Diverging as _sluice_v1_Diverging, Diverging__Output as _sluice_v1_Diverging__Output } from './sluice/v1/Diverging.js';
import type { Error as _sluice_v1_Error, Error__Output as _sluice_v1_Error__Output } from './sluice/v1/Error.js';
import type { ErrorDetail as _sluice_v1_ErrorDetail, ErrorDetail__Output as _sluice_v1_ErrorDetail__Output } from './sluice/v1/ErrorDetail.js';
import type { FetchRequest as _sluice_v1_FetchRequest, FetchRequest__Output as _sluice_v1_FetchRequest__Output } from './sluice/v1/FetchRequest.js';
import type { FetchResponse as _sluice_v1_FetchResponse, FetchResponse__Output as _sluice_v1_FetchResponse__Output } from './sluice/v1/FetchResponse.js';
import type { Header as _sluice_v1_Header, Header__Output as _sluice_v1_Header__Output } from './sluice/v1/Header.js';
import type { InitProducerIdRequest as _sluice_v1_InitProducerIdRequest, InitProducerIdRequest__Output as _sluice_v1_InitProducerIdRequest__Output } from './sluice/v1/InitProducerIdRequest.js';
import type { InitProducerIdResponse as _sluice_v1_InitProducerIdResponse, InitProducerIdResponse__Output as _sluice_v1_InitProducerIdResponse__Output } from './sluice/v1/InitProducerIdResponse.js';
import type { ListOffsetsRequest as _sluice_v1_ListOffsetsRequest, ListOffsetsRequest__Output as _sluice_v1_ListOffsetsRequest__Output } from './sluice/v1/ListOffsetsRequest.js';
import type { ListOffsetsResponse as _sluice_v1_ListOffsetsResponse, ListOffsetsResponse__Output as _sluice_v1_ListOffsetsResponse__Output } from './sluice/v1/ListOffsetsResponse.js';
import type { LogClient as _sluice_v1_LogClient, LogDefinition as _sluice_v1_LogDefinition } from './sluice/v1/Log.js';
import type { PartitionOffset as _sluice_v1_PartitionOffset, PartitionOffset__Output as _sluice_v1_PartitionOffset__Output } from './sluice/v1/PartitionOffset.js';
import type { PartitionOffsetQuery as _sluice_v1_PartitionOffsetQuery, PartitionOffsetQuery__Output as _sluice_v1_PartitionOffsetQuery__Output } from './sluice/v1/PartitionOffsetQuery.js';
import type { PartitionTruncation as _sluice_v1_PartitionTruncation, PartitionTruncation__Output as _sluice_v1_PartitionTruncation__Output } from './sluice/v1/PartitionTruncation.js';
import type { ProduceRequest as _sluice_v1_ProduceRequest, ProduceRequest__Output as _sluice_v1_ProduceRequest__Output } from './sluice/v1/ProduceRequest.js';
import type { ProduceResponse as _sluice_v1_ProduceResponse, ProduceResponse__Output as _sluice_v1_ProduceResponse__Output } from './sluice/v1/ProduceResponse.js';
import type { TruncatedPartition as _sluice_v1_TruncatedPartition, TruncatedPartition__Output as _sluice_v1_TruncatedPartition__Output } from './sluice/v1/TruncatedPartition.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  sluice: {
    v1: {
      Acks: EnumTypeDefinition
      DeleteRecordsRequest: MessageTypeDefinition<_sluice_v1_DeleteRecordsRequest, _sluice_v1_DeleteRecordsRequest__Output>
      DeleteRecordsResponse: MessageTypeDefinition<_sluice_v1_DeleteRecordsResponse, _sluice_v1_DeleteRecordsResponse__Output>
      Diverging: MessageTypeDefinition<_sluice_v1_Diverging, _sluice_v1_Diverging__Output>
      Error: MessageTypeDefinition<_sluice_v1_Error, _sluice_v1_Error__Output>
      ErrorDetail: MessageTypeDefinition<_sluice_v1_ErrorDetail, _sluice_v1_ErrorDetail__Output>
      FetchRequest: MessageTypeDefinition<_sluice_v1_FetchRequest, _sluice_v1_FetchRequest__Output>
      FetchResponse: MessageTypeDefinition<_sluice_v1_FetchResponse, _sluice_v1_FetchResponse__Output>
      Header: MessageTypeDefinition<_sluice_v1_Header, _sluice_v1_Header__Output>
      InitProducerIdRequest: MessageTypeDefinition<_sluice_v1_InitProducerIdRequest, _sluice_v1_InitProducerIdRequest__Output>
      InitProducerIdResponse: MessageTypeDefinition<_sluice_v1_InitProducerIdResponse, _sluice_v1_InitProducerIdResponse__Output>
      ListOffsetsRequest: MessageTypeDefinition<_sluice_v1_ListOffsetsRequest, _sluice_v1_ListOffsetsRequest__Output>
      ListOffsetsResponse: MessageTypeDefinition<_sluice_v1_ListOffsetsResponse, _sluice_v1_ListOffsetsResponse__Output>
      Log: SubtypeConstructor<typeof grpc.Client, _sluice_v1_LogClient> & { service: _sluice_v1_LogDefinition }
      OffsetQuery: EnumTypeDefinition
      PartitionOffset: MessageTypeDefinition<_sluice_v1_PartitionOffset, _sluice_v1_PartitionOffset__Output>
      PartitionOffsetQuery: MessageTypeDefinition<_sluice_v1_PartitionOffsetQuery, _sluice_v1_PartitionOffsetQuery__Output>
      PartitionTruncation: MessageTypeDefinition<_sluice_v1_PartitionTruncation, _sluice_v1_PartitionTruncation__Output>
      ProduceRequest: MessageTypeDefinition<_sluice_v1_ProduceRequest, _sluice_v1_ProduceRequest__Output>
      ProduceResponse: MessageTypeDefinition<_sluice_v1_ProduceResponse, _sluice_v1_ProduceResponse__Output>
      TruncatedPartition: MessageTypeDefinition<_sluice_v1_TruncatedPartition, _sluice_v1_TruncatedPartition__Output>
    }
  }
}

