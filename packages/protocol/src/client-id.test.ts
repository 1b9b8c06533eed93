import { Metadata } from "@grpc/grpc-js";
import { serveStream, serveUnary } from "@sluice/model";
import { expect, it, onTestFinished } from "vitest";
import { clientIdKey, clientIdMetadata, clientIdOf } from "./client-id.js";
import { GrpcTransport } from "./grpc-transport.js";
import { clusterService, logService } from "./service-definitions.js";

/** What a server hears of a client with that name, in a call and on a stream. */
async function heardOf(clientId: string | undefined): Promise<(string | undefined)[]> {
  const heard: string[] = [];
  const server = await new GrpcTransport().listen({ host: "127.0.0.1", port: 0 }, [
    serveUnary(clusterService.describeTopic, async (_, context) => {
      heard.push(context.clientId);
      return { topic: null, configs: [] };
    }),
    serveStream(logService.produce, (stream, context) => {
      heard.push(context.clientId);
      return { onMessage: () => {}, onEnd: () => stream.end(), onError: () => {} };
    }),
  ]);
  onTestFinished(() => server.close(0));
  const transport = clientId === undefined ? new GrpcTransport() : new GrpcTransport({ clientId });
  const connection = transport.connect({ host: "127.0.0.1", port: server.port });
  onTestFinished(() => connection.close());
  await connection.call(clusterService.describeTopic, { name: "x" });
  await new Promise<void>((resolve, reject) => {
    connection.open(logService.produce, { onMessage: () => {}, onEnd: resolve, onError: reject }).end();
  });
  return heard;
}

it("reaches the handlers of calls and of streams", async () => {
  expect(await heardOf("billing service 7")).toEqual(["billing service 7", "billing service 7"]);
});

it("is empty for a client that does not say", async () => {
  expect(await heardOf(undefined)).toEqual(["", ""]);
});

it("is printable ASCII of a bounded length, whatever either side says", () => {
  const sent = clientIdMetadata(` blå\n${"x".repeat(300)} `).get(clientIdKey)[0] as string;
  expect(sent).toMatch(/^bl\?\?x+$/);
  expect(sent.length).toBeLessThanOrEqual(128);
  const foreign = new Metadata();
  foreign.set(clientIdKey, "y".repeat(5000));
  expect(clientIdOf(foreign)).toBe("y".repeat(128));
  expect(clientIdMetadata("  ").get(clientIdKey)).toEqual([]);
});
