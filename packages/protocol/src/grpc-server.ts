/**
 * A listener: serves methods, health and reflection on one port.
 *
 * grpc-js sees bytes only. Requests are decoded and answers encoded here, so that bytes that are no message are an answer
 * (INVALID_REQUEST) and nothing that a handler throws goes further than its own call.
 */

import { createServer } from "node:net";
import { type handleBidiStreamingCall, Server, ServerCredentials } from "@grpc/grpc-js";
import {
  addressText,
  type ListenOptions,
  type ServedMethod,
  SluiceError,
  type StreamHandler,
  type TransportServer,
  type UnaryHandler,
} from "@sluice/model";
import { type GrpcTransportOptions, serverChannelOptions } from "./grpc-options.js";
import { HealthService } from "./health-service.js";
import { ConnectionCounts, limitListener } from "./listener-limits.js";
import { Reflection } from "./reflection.js";
import { ServerStream } from "./server-stream.js";
import { unaryCall } from "./unary-call.js";

export class GrpcServer implements TransportServer {
  readonly port: number;
  readonly #server: Server;
  readonly #health: HealthService;
  readonly #reflection: Reflection;
  readonly #connections: ConnectionCounts;
  #closed: Promise<void> | undefined;

  private constructor(bound: {
    readonly port: number;
    readonly server: Server;
    readonly health: HealthService;
    readonly reflection: Reflection;
    readonly connections: ConnectionCounts;
  }) {
    this.port = bound.port;
    this.#server = bound.server;
    this.#health = bound.health;
    this.#reflection = bound.reflection;
    this.#connections = bound.connections;
  }

  get connectionCount(): number {
    return this.#connections.open;
  }

  get refusedConnectionCount(): number {
    return this.#connections.refused;
  }

  /** @throws SluiceError ADDRESS_IN_USE, or INVALID_OPTION where the host is none of this machine. */
  static async listen(
    address: ListenOptions,
    methods: readonly ServedMethod[],
    transportOptions: GrpcTransportOptions,
  ): Promise<GrpcServer> {
    const { streamsPerConnectionMax = transportOptions.streamsPerConnectionMax, connectionsMax } = address;
    const options = { ...transportOptions, streamsPerConnectionMax };
    await checkPortIsFree(address);
    const server = new Server(serverChannelOptions(options));
    const connections = new ConnectionCounts();
    const { serverWindowBytes: windowBytes, metadataBytesMax } = options;
    limitListener(server, { windowBytes, metadataBytesMax, connectionsMax }, connections);

    const names = new Set(methods.map(({ method }) => serviceOf(method.path)));
    const health = new HealthService({ services: names });
    const reflection = new Reflection({ services: [...names, "grpc.health.v1.Health"] });
    for (const served of [...methods, ...health.methods(), ...reflection.methods()]) register(server, served, options);

    const port = await bind(server, address);
    return new GrpcServer({ port, server, health, reflection, connections });
  }

  setServing(isServing: boolean): void {
    this.#health.setServing(isServing);
  }

  close(graceMs: number): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  #close(graceMs: number): Promise<void> {
    this.#health.close();
    this.#reflection.close();
    return new Promise((resolve) => {
      const deadline = setTimeout(() => this.#server.forceShutdown(), graceMs);
      this.#server.tryShutdown(() => {
        clearTimeout(deadline);
        resolve();
      });
    });
  }
}

/** `/package.Service/Method` -> `package.Service` */
function serviceOf(path: string): string {
  return path.slice(1, path.lastIndexOf("/"));
}

function register(server: Server, { method, handler }: ServedMethod, options: GrpcTransportOptions): void {
  if (method.kind === "unary") {
    const call = unaryCall(method, handler as UnaryHandler<unknown, unknown>);
    server.register(method.path, call, passThrough, passThrough, "unary");
    return;
  }
  const { sendBufferBytesMax } = options;
  const streamOptions = { method, handler: handler as StreamHandler<unknown, unknown>, sendBufferBytesMax };
  const call: handleBidiStreamingCall<Buffer, Buffer> = (duplex) => new ServerStream(streamOptions, duplex);
  // A stream on which the client sends one message is, on the wire, like any other.
  server.register(method.path, call, passThrough, passThrough, "bidi");
}

/** grpc-js asks only for `byteLength` and `copy` of what it sends, which an EncodedMessage has as well. */
function passThrough(message: unknown): Buffer {
  return message as Buffer;
}

async function bind(server: Server, address: ListenOptions): Promise<number> {
  try {
    return await new Promise((resolve, reject) => {
      server.bindAsync(addressText(address), ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
  } catch (error) {
    server.forceShutdown();
    throw listenError(address, error as Error);
  }
}

/**
 * Tries the port before grpc-js does, which says why it could not bind in a text only, and says it on stderr too.
 * Another program may still take the port in between.
 */
function checkPortIsFree(address: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error) => reject(listenError(address, error)));
    probe.listen({ host: address.host, port: address.port }, () => probe.close(() => resolve()));
  });
}

function listenError(address: ListenOptions, error: Error): SluiceError {
  const text = addressText(address);
  if (/EADDRINUSE/.test(error.message)) {
    return new SluiceError("ADDRESS_IN_USE", { address: text, option: "port" }, { cause: error });
  }
  return new SluiceError(
    "INVALID_OPTION",
    { option: "host or port", subject: "the gRPC listener", reason: `cannot listen on ${text}: ${error.message}` },
    { cause: error },
  );
}
