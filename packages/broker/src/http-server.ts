/**
 * A small HTTP listener on node:http: answers GET of fixed paths, and nothing else. Opens sockets: a port.
 *
 * Bounds: requests have no bodies that are read, headers are those of node:http's limits, and idle connections are cut.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { SluiceError } from "@sluice/model";

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** By path, what answers a GET of it. */
export type HttpRoutes = Readonly<Record<string, () => HttpAnswer | Promise<HttpAnswer>>>;

export interface HttpServer {
  /** The port that is bound. */
  readonly port: number;
  /** Cuts all connections; afterwards the port is free. */
  close(): Promise<void>;
}

const requestTimeoutMs = 10_000;
const connectionsMax = 256;

/**
 * Listens on `host:port` (port 0: a free one).
 * @param options.option what the operator would change, for the message
 * @throws SluiceError ADDRESS_IN_USE
 */
export async function startHttpServer(
  options: { readonly host: string; readonly port: number; readonly option: string },
  routes: HttpRoutes,
): Promise<HttpServer> {
  const server = createServer({ requestTimeout: requestTimeoutMs, keepAliveTimeout: requestTimeoutMs });
  server.maxConnections = connectionsMax;
  server.on("request", (request, response) => void answer(request, response, routes));
  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, routes: HttpRoutes): Promise<void> {
  const { status, contentType, body } = await answerTo(request, routes);
  response.writeHead(status, { "content-type": contentType, "cache-control": "no-store" });
  response.end(request.method === "HEAD" ? undefined : body);
}

async function answerTo(request: IncomingMessage, routes: HttpRoutes): Promise<HttpAnswer> {
  const path = (request.url ?? "").split("?", 1)[0] ?? "";
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) return plain(404, `no such page; there are ${Object.keys(routes).join(" ")}`);
  if (request.method !== "GET" && request.method !== "HEAD") return plain(405, "only GET");
  try {
    return await route();
  } catch (error) {
    return plain(500, error instanceof Error ? error.message : String(error));
  }
}

function plain(status: number, text: string): HttpAnswer {
  return { status, contentType: "text/plain; charset=utf-8", body: `${text}\n` };
}

function listen(server: Server, options: { host: string; port: number; option: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const { host, port, option } = options;
      if (error.code !== "EADDRINUSE") return reject(error);
      reject(new SluiceError("ADDRESS_IN_USE", { address: `${host}:${port}`, option }));
    });
    server.listen({ host: options.host, port: options.port }, resolve);
  });
}
