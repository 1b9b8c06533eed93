/** What every gRPC tool expects of a server: health, and reflection, driven here with no generated code. */

import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import { type SluiceError, serveUnary, type TransportServer } from "@sluice/model";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GrpcTransport } from "./grpc-transport.js";
import { clusterService, healthService } from "./service-definitions.js";

const transport = new GrpcTransport();
let server: TransportServer;

beforeEach(async () => {
  server = await transport.listen({ host: "127.0.0.1", port: 0 }, [
    serveUnary(clusterService.describeTopic, async () => ({ topic: null, configs: [] })),
  ]);
});

afterEach(() => server.close(0));

describe("health", () => {
  it("answers Check for the server and for each service, and NOT_FOUND for others", async () => {
    const connection = transport.connect({ host: "127.0.0.1", port: server.port });
    const check = (service: string) => connection.call(healthService.check, { service });
    try {
      expect(await check("")).toEqual({ status: "NOT_SERVING" });
      server.setServing(true);
      expect(await check("")).toEqual({ status: "SERVING" });
      expect(await check("sluice.v1.Cluster")).toEqual({ status: "SERVING" });
      await expect(check("sluice.v1.Nothing")).rejects.toMatchObject({ code: "UNKNOWN_SERVICE", status: "NOT_FOUND" });
      server.setServing(false);
      expect(await check("")).toEqual({ status: "NOT_SERVING" });
    } finally {
      connection.close();
    }
  });

  it("tells watchers of each change, and ends their streams when the server closes", async () => {
    const connection = transport.connect({ host: "127.0.0.1", port: server.port });
    const seen: string[] = [];
    let end: SluiceError | "end" | undefined;
    const watch = (service: string) => {
      const stream = connection.open(healthService.watch, {
        onMessage: (message) => void seen.push(`${service} ${message.status}`),
        onEnd: () => {
          end = "end";
        },
        onError: (error) => {
          end = error;
        },
      });
      stream.send({ service });
      stream.end();
    };
    try {
      watch("sluice.v1.Cluster");
      await expect.poll(() => seen.length).toBe(1);
      watch("other");
      await expect.poll(() => seen.length).toBe(2);
      server.setServing(true);
      server.setServing(true);
      await expect.poll(() => seen.length).toBe(3);
      await server.close(60_000);
      await expect.poll(() => end).toBe("end");
      expect(seen).toEqual([
        "sluice.v1.Cluster NOT_SERVING",
        "other SERVICE_UNKNOWN",
        "sluice.v1.Cluster SERVING",
        "sluice.v1.Cluster NOT_SERVING",
      ]);
    } finally {
      connection.close();
    }
  });
});

describe("reflection", () => {
  // The part of grpc/reflection/v1/reflection.proto that is used here.
  const reflection = fromJSON(
    {
      nested: {
        Request: {
          fields: {
            fileContainingSymbol: { type: "string", id: 4 },
            listServices: { type: "string", id: 7 },
          },
        },
        Services: { fields: { service: { rule: "repeated", type: "Service", id: 1 } } },
        Service: { fields: { name: { type: "string", id: 1 } } },
        Files: { fields: { fileDescriptorProto: { rule: "repeated", type: "bytes", id: 1 } } },
        Response: {
          fields: {
            fileDescriptorResponse: { type: "Files", id: 4 },
            listServicesResponse: { type: "Services", id: 6 },
          },
        },
      },
    } as never,
    { bytes: Buffer },
  );

  interface Message {
    serialize(message: object): Buffer;
    deserialize(bytes: Buffer): Record<string, never>;
  }

  async function ask(version: string, request: object): Promise<Record<string, never>> {
    const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
    const call = client.makeBidiStreamRequest(
      `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      (message: object) => (reflection.Request as unknown as Message).serialize(message),
      (bytes) => (reflection.Response as unknown as Message).deserialize(bytes),
      new Metadata(),
    );
    try {
      return await new Promise((resolve, reject) => {
        call.on("data", resolve);
        call.on("error", (error: ServiceError) => error.code !== status.CANCELLED && reject(error));
        call.write(request);
      });
    } finally {
      call.cancel();
      client.close();
    }
  }

  it.each(["v1", "v1alpha"])("lists the services that are served (%s)", async (version) => {
    const answer = await ask(version, { listServices: "*" });
    const names = (answer.listServicesResponse as unknown as { service: { name: string }[] }).service;
    expect(names.map(({ name }) => name).sort()).toEqual(["grpc.health.v1.Health", "sluice.v1.Cluster"]);
  });

  it("describes a service with the field names of its .proto file", async () => {
    const answer = await ask("v1", { fileContainingSymbol: "sluice.v1.Cluster" });
    const files = (answer.fileDescriptorResponse as unknown as { fileDescriptorProto: Buffer[] }).fileDescriptorProto;
    const text = Buffer.concat(files).toString("latin1");
    expect(text).toContain("leader_id_plus_one");
    expect(text).not.toContain("leaderIdPlusOne");
  });
});
