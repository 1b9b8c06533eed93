/** Public door of @sluice/protocol: the messages and methods of proto/, and the gRPC transport. */

export { defaultGrpcTransportOptions, type GrpcTransportOptions } from "./grpc-options.js";
export { GrpcTransport } from "./grpc-transport.js";
export { loadProto, protoDirectory } from "./load-proto.js";
export type { FetchRequest } from "./raw-messages/fetch-request.js";
export type { FetchResponse } from "./raw-messages/fetch-response.js";
export type { Acks, ProduceRequest } from "./raw-messages/produce-request.js";
export type { ProduceResponse } from "./raw-messages/produce-response.js";
export type { ReplicateRequest } from "./raw-messages/replicate-request.js";
export type { ReplicateResponse } from "./raw-messages/replicate-response.js";
export {
  clusterService,
  groupsService,
  healthService,
  logService,
  recordsService,
  replicationService,
} from "./service-definitions.js";
export { errorOfStatus, statusOfError } from "./status-mapping.js";
export { fromWireError, toWireError } from "./wire-error.js";
export type * from "./wire-messages.js";
