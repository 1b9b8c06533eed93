import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import { Server } from "@grpc/grpc-js";
import type { TransportServer } from "@sluice/model";
import { afterEach, expect, it } from "vitest";
import { defaultGrpcTransportOptions } from "./grpc-options.js";
import { GrpcTransport } from "./grpc-transport.js";
import { limitListener } from "./listener-limits.js";
import { healthService } from "./service-definitions.js";

const limits = { windowBytes: 1024 * 1024, metadataBytesMax: 16_384, connectionsMax: undefined };
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(options: { connectionsMax?: number; streamsPerConnectionMax?: number } = {}) {
  const server: TransportServer = await new GrpcTransport().listen({ host: "127.0.0.1", port: 0, ...options }, []);
  cleanups.push(() => server.close(0));
  return server;
}

function openSession(server: TransportServer): http2.ClientHttp2Session {
  const session = http2.connect(`http://127.0.0.1:${server.port}`);
  session.on("error", () => {});
  cleanups.push(() => session.destroy());
  return session;
}

it("finds what it needs inside this version of grpc-js", () => {
  expect(limitListener(new Server(), limits)).toBe(true);
});

it("leaves a server as it is where the library has changed", () => {
  expect(limitListener({} as Server, limits)).toBe(false);
});

it("lets a client send 1 MiB before the server has read any, on a stream and on the connection", async () => {
  const session = openSession(await serve());
  const [settings] = (await once(session, "remoteSettings")) as [http2.Settings];
  expect(settings.initialWindowSize).toBe(1024 * 1024);
  expect(settings.maxConcurrentStreams).toBe(1000);
  await expect.poll(() => session.state.remoteWindowSize).toBe(1024 * 1024);
});

it("takes the streams of a connection that the listener is told, over those of the transport", async () => {
  const session = openSession(await serve({ streamsPerConnectionMax: 3 }));
  const [settings] = (await once(session, "remoteSettings")) as [http2.Settings];
  expect(settings.maxConcurrentStreams).toBe(3);
});

it("closes one connection too many at once, counts it, and takes the next when one has gone", async () => {
  const server = await serve({ connectionsMax: 2 });
  const sockets = await Promise.all([1, 2].map(() => connected(server.port)));
  await expect.poll(() => server.connectionCount).toBe(2);
  const third = net.connect(server.port, "127.0.0.1");
  cleanups.push(() => third.destroy());
  third.on("error", () => {});
  await once(third, "close");
  expect([server.connectionCount, server.refusedConnectionCount]).toEqual([2, 1]);

  sockets[0]?.destroy();
  await expect.poll(() => server.connectionCount).toBe(1);
  const connection = new GrpcTransport().connect({ host: "127.0.0.1", port: server.port });
  cleanups.push(() => connection.close());
  expect(await connection.call(healthService.check, { service: "" })).toEqual({ status: "NOT_SERVING" });
  expect(server.refusedConnectionCount).toBe(1);
});

it("refuses a call with more metadata than there may be, and no other call of the connection", async () => {
  const server = await serve();
  const session = openSession(server);
  // The limit counts once the client has heard of it; until then Node's own does, of 64 KiB.
  await once(session, "remoteSettings");
  const headers = { ":method": "POST", ":path": "/x.Y/Z", "content-type": "application/grpc", te: "trailers" };
  const tooMuch = { ...headers, filler: "x".repeat(defaultGrpcTransportOptions.metadataBytesMax) };
  const cut = session.request(tooMuch);
  await expect(once(cut, "response")).rejects.toThrow("ENHANCE_YOUR_CALM");
  const answered = session.request(headers);
  answered.resume();
  const [answer] = (await once(answered, "response")) as [http2.IncomingHttpHeaders];
  expect(answer["grpc-status"]).toBe("12");
});

async function connected(port: number): Promise<net.Socket> {
  const socket = net.connect(port, "127.0.0.1");
  cleanups.push(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}
