/**
 * Lifts the HTTP/2 receive window of a grpc-js server, which is 65,535 bytes and has no option.
 *
 * A client must stop and wait for a round trip whenever it has filled the window, so that a produce stream runs at half the
 * speed, and far slower over a link with latency. This touches two things that grpc-js 1.14 keeps private: the options from
 * which it makes its HTTP/2 server (window of each stream), and the making itself (window of each connection). Only the given
 * server is touched. Where a later version has neither, the server works as it would have; `server-window.test.ts` fails then.
 */

import type { Http2Server, ServerHttp2Session, Settings } from "node:http2";
import type { Server, ServerCredentials } from "@grpc/grpc-js";

interface ServerInside {
  commonServerOptions?: { settings?: Settings };
  createHttp2Server?: (credentials: ServerCredentials) => Http2Server;
}

/** To be called before the server is bound. Returns whether the window was lifted. */
export function liftServerWindow(server: Server, windowBytes: number): boolean {
  const inside = server as unknown as ServerInside;
  const { commonServerOptions, createHttp2Server } = inside;
  if (typeof commonServerOptions !== "object" || typeof createHttp2Server !== "function") return false;

  commonServerOptions.settings = { ...commonServerOptions.settings, initialWindowSize: windowBytes };
  inside.createHttp2Server = (credentials) => {
    const http2Server = createHttp2Server.call(server, credentials);
    http2Server.on("session", (session: ServerHttp2Session) => session.setLocalWindowSize(windowBytes));
    return http2Server;
  };
  return true;
}
