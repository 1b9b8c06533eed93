/**
 * Limits of a grpc-js server for which it has no option: the HTTP/2 receive window, the connections, the bytes of headers.
 *
 * Window: it is 65,535 bytes, so that a client must stop and wait for a round trip whenever it has filled it; a produce stream runs
 * at half the speed then, and far slower over a link with latency. Connections: without a limit each costs memory and a file.
 *
 * This touches two things that grpc-js 1.14 keeps private: the options from which it makes its HTTP/2 server (window of each
 * stream, headers), and the making itself (window of each connection, connections). Only the given server is touched. Where a
 * later version has neither, the server works without these limits; `listener-limits.test.ts` fails then.
 */

import type { Http2Server, ServerHttp2Session, Settings } from "node:http2";
import type { Server as NetServer } from "node:net";
import type { Server, ServerCredentials } from "@grpc/grpc-js";

export interface ListenerLimits {
  /** What a client may send before any of it is read, on a stream and on a connection. */
  readonly windowBytes: number;
  readonly metadataBytesMax: number;
  /** Undefined: no limit. */
  readonly connectionsMax: number | undefined;
}

/** Connections of one listener, as they are counted. */
export class ConnectionCounts {
  open = 0;
  /** Closed at once because there were too many already; it only grows. */
  refused = 0;
}

interface ServerInside {
  commonServerOptions?: { settings?: Settings };
  createHttp2Server?: (credentials: ServerCredentials) => Http2Server;
}

/** To be called before the server is bound. Returns whether it could be done. */
export function limitListener(
  server: Server,
  limits: ListenerLimits,
  counts: ConnectionCounts = new ConnectionCounts(),
): boolean {
  const inside = server as unknown as ServerInside;
  const { commonServerOptions, createHttp2Server } = inside;
  if (typeof commonServerOptions !== "object" || typeof createHttp2Server !== "function") return false;

  commonServerOptions.settings = {
    ...commonServerOptions.settings,
    initialWindowSize: limits.windowBytes,
    maxHeaderListSize: limits.metadataBytesMax,
  };
  inside.createHttp2Server = (credentials) => {
    const http2Server = createHttp2Server.call(server, credentials);
    http2Server.on("session", (session: ServerHttp2Session) => session.setLocalWindowSize(limits.windowBytes));
    limitConnections(http2Server as unknown as NetServer, limits.connectionsMax, counts);
    return http2Server;
  };
  return true;
}

function limitConnections(server: NetServer, connectionsMax: number | undefined, counts: ConnectionCounts): void {
  if (connectionsMax !== undefined) server.maxConnections = connectionsMax;
  server.on("connection", (socket) => {
    counts.open += 1;
    socket.once("close", () => {
      counts.open -= 1;
    });
  });
  server.on("drop", () => {
    counts.refused += 1;
  });
}
