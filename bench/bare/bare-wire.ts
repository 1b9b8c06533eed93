/**
 * What the programs of the bare pipeline share: a gRPC service that carries raw buffers, and the options of its channels.
 *
 *   Produce    up: u32 id + batch bytes      down: the id, once every replica has the batch
 *   Replicate  up: u64 log end of the follower, first when it opens     down: batch bytes
 */

import http2 from "node:http2";
import {
  type ChannelOptions,
  type ClientDuplexStream,
  credentials,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceDefinition,
} from "@grpc/grpc-js";

const messageBytesMax = 64 * 1024 * 1024;
const clientWindowBytes = 8 * 1024 * 1024;

const raw = (bytes: Buffer): Buffer => bytes;

const stream = (path: string) => ({
  path,
  requestStream: true,
  responseStream: true,
  requestSerialize: raw,
  requestDeserialize: raw,
  responseSerialize: raw,
  responseDeserialize: raw,
});

/** The two streams of the bare pipeline. */
export const bareService = {
  produce: stream("/sluice.bench.Bare/Produce"),
  replicate: stream("/sluice.bench.Bare/Replicate"),
} satisfies ServiceDefinition;

/** A stream as its client sees it. */
export type BareCall = ClientDuplexStream<Buffer, Buffer>;
/** A stream as the server sees it. */
export type BareServerCall = ServerDuplexStream<Buffer, Buffer>;

const channelOptions: ChannelOptions = {
  "grpc.max_receive_message_length": messageBytesMax,
  "grpc.max_send_message_length": messageBytesMax,
  "grpc-node.flow_control_window": clientWindowBytes,
  "grpc.enable_retries": 0,
  "grpc.use_local_subchannel_pool": 1,
};

/** Opens one of the streams on a connection of its own. */
export function openBareStream(port: number, method: keyof typeof bareService): BareCall {
  const Client = makeGenericClientConstructor(bareService, "sluice.bench.Bare");
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), channelOptions);
  const { path } = bareService[method];
  return client.makeBidiStreamRequest(path, raw, raw);
}

/**
 * Serves the two streams on a free port, and resolves to it.
 *
 * @param windowBytes receive window of streams and connections. grpc-js has no option for it and keeps HTTP/2's 65,535
 *   bytes, so it is set where grpc-js 1.14 keeps its HTTP/2 settings and on every session of the server that it makes.
 */
export async function serveBare(
  windowBytes: number,
  handlers: { produce(call: BareServerCall): void; replicate(call: BareServerCall): void },
): Promise<number> {
  const server = new Server(channelOptions);
  liftWindow(server, windowBytes);
  server.addService(bareService, handlers);
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

function liftWindow(server: Server, windowBytes: number): void {
  const { commonServerOptions } = server as unknown as { commonServerOptions?: { settings?: http2.Settings } };
  if (commonServerOptions === undefined) throw new Error("this grpc-js keeps its HTTP/2 settings elsewhere");
  commonServerOptions.settings = { initialWindowSize: windowBytes };
  const create = http2.createServer;
  http2.createServer = ((options: http2.ServerOptions) =>
    create(options).on("session", (session) => session.setLocalWindowSize(windowBytes))) as typeof create;
}
