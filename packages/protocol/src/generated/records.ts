import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Diverging as _sluice_v1_Diverging, Diverging__Output as _sluice_v1_Diverging__Output } from './sluice/v1/Diverging.js';
import type { Error as _sluice_v1_Error, Error__Output as _sluice_v1_Error__Output } from './sluice/v1/Error.js';
import type { ErrorDetail as _sluice_v1_ErrorDetail, ErrorDetail__Output as _sluice_v1_ErrorDetail__Output } from './sluice/v1/ErrorDetail.js';
import type { Header as _sluice_v1_Header, Header__Output as _sluice_v1_Header__Output } from './sluice/v1/Header.js';
import type { PublishRecord as _sluice_v1_PublishRecord, PublishRecord__Output as _sluice_v1_PublishRecord__Output } from './sluice/v1/PublishRecord.js';
import type { PublishRequest as _sluice_v1_PublishRequest, PublishRequest__Output as _sluice_v1_PublishRequest__Output } from './sluice/v1/PublishRequest.js';
import type { PublishResponse as _sluice_v1_PublishResponse, PublishResponse__Output as _sluice_v1_PublishResponse__Output } from './sluice/v1/PublishResponse.js';
import type { Receipt as _sluice_v1_Receipt, Receipt__Output as _sluice_v1_Receipt__Output } from './sluice/v1/Receipt.js';
import type { RecordsClient as _sluice_v1_RecordsClient, RecordsDefinition as _sluice_v1_RecordsDefinition } from './sluice/v1/Records.js';
import type { SubscribeRequest as _sluice_v1_SubscribeRequest, SubscribeRequest__Output as _sluice_v1_SubscribeRequest__Output } from './sluice/v1/SubscribeRequest.js';
import type { SubscribeResponse as _sluice_v1_SubscribeResponse, SubscribeResponse__Output as _sluice_v1_SubscribeResponse__Output } from './sluice/v1/SubscribeResponse.js';
import type { SubscribedRecord as _sluice_v1_SubscribedRecord, SubscribedRecord__Output as _sluice_v1_SubscribedRecord__Output } from './sluice/v1/SubscribedRecord.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  sluice: {
    v1: {
      Acks: EnumTypeDefinition
      Diverging: MessageTypeDefinition<_sluice_v1_Diverging, _sluice_v1_Diverging__Output>
      Error: MessageTypeDefinition<_sluice_v1_Error, _sluice_v1_Error__Output>
      ErrorDetail: MessageTypeDefinition<_sluice_v1_ErrorDetail, _sluice_v1_ErrorDetail__Output>
      Header: MessageTypeDefinition<_sluice_v1_Header, _sluice_v1_Header__Output>
      PublishRecord: MessageTypeDefinition<_sluice_v1_PublishRecord, _sluice_v1_PublishRecord__Output>
      PublishRequest: MessageTypeDefinition<_sluice_v1_PublishRequest, _sluice_v1_PublishRequest__Output>
      PublishResponse: MessageTypeDefinition<_sluice_v1_PublishResponse, _sluice_v1_PublishResponse__Output>
      Receipt: MessageTypeDefinition<_sluice_v1_Receipt, _sluice_v1_Receipt__Output>
      Records: SubtypeConstructor<typeof grpc.Client, _sluice_v1_RecordsClient> & { service: _sluice_v1_RecordsDefinition }
      SubscribeRequest: MessageTypeDefinition<_sluice_v1_SubscribeRequest, _sluice_v1_SubscribeRequest__Output>
      SubscribeResponse: MessageTypeDefinition<_sluice_v1_SubscribeResponse, _sluice_v1_SubscribeResponse__Output>
      SubscribedRecord: MessageTypeDefinition<_sluice_v1_SubscribedRecord, _sluice_v1_SubscribedRecord__Output>
    }
  }
}

