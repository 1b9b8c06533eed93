import { once } from "node:events";
import http2 from "node:http2";
import { Server } from "@grpc/grpc-js";
import { expect, it } from "vitest";
import { GrpcTransport } from "./grpc-transport.js";
import { liftServerWindow } from "./server-window.js";

it("finds what it needs inside this version of grpc-js", () => {
  expect(liftServerWindow(new Server(), 1024 * 1024)).toBe(true);
});

it("leaves a server as it is where the library has changed", () => {
  expect(liftServerWindow({} as Server, 1024 * 1024)).toBe(false);
});

it("lets a client send 1 MiB before the server has read any, on a stream and on the connection", async () => {
  const server = await new GrpcTransport().listen({ host: "127.0.0.1", port: 0 }, []);
  const session = http2.connect(`http://127.0.0.1:${server.port}`);
  try {
    const [settings] = (await once(session, "remoteSettings")) as [http2.Settings];
    expect(settings.initialWindowSize).toBe(1024 * 1024);
    expect(settings.maxConcurrentStreams).toBe(1000);
    await expect.poll(() => session.state.remoteWindowSize).toBe(1024 * 1024);
  } finally {
    session.destroy();
    await server.close(0);
  }
});
