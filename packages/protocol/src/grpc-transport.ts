/** Transport port over gRPC: real listeners and real connections, with every limit explicit (grpc-options). */

import type {
  BrokerAddress,
  ListenOptions,
  ServedMethod,
  Transport,
  TransportConnection,
  TransportServer,
} from "@sluice/model";
import { acceptsConnections } from "./address-probe.js";
import { GrpcConnection } from "./grpc-connection.js";
import { defaultGrpcTransportOptions, type GrpcTransportOptions } from "./grpc-options.js";
import { GrpcServer } from "./grpc-server.js";

export class GrpcTransport implements Transport {
  readonly #options: GrpcTransportOptions;

  constructor(options: Partial<GrpcTransportOptions> = {}) {
    this.#options = { ...defaultGrpcTransportOptions, ...options };
  }

  /** @throws SluiceError ADDRESS_IN_USE, or INVALID_OPTION where the host is none of this machine. */
  listen(address: ListenOptions, methods: readonly ServedMethod[]): Promise<TransportServer> {
    return GrpcServer.listen(address, methods, this.#options);
  }

  /** The connection is made when first used. Every call of this is a connection of its own. */
  connect(address: BrokerAddress): TransportConnection {
    return new GrpcConnection(address, this.#options);
  }

  accepts(address: BrokerAddress, timeoutMs: number): Promise<boolean> {
    return acceptsConnections(address, timeoutMs);
  }
}
