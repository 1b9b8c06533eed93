/**
 * A broker, driven by a program that has no code of ours: it asks the server for its own description, as grpcurl does, and then
 * publishes and reads records, describes the cluster and asks for its health.
 */

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import * as protoLoader from "@grpc/proto-loader";
import { expect, it, onTestFinished } from "vitest";
import { freePortRange } from "../support/free-ports.js";
import { startClusterProcess } from "../support/program.js";
import { temporaryDirectory } from "../support/temporary-directory.js";

const require = createRequire(import.meta.url);
const reflectionProto = join(
  dirname(require.resolve("@grpc/reflection")),
  "../proto/grpc/reflection/v1/reflection.proto",
);
const loading: protoLoader.Options = { longs: Number, enums: String, defaults: true, oneofs: true };

type Call = (request: object) => Promise<Record<string, unknown>>;

/** A client of one service, made of nothing but what the server says of itself. Fields have the names of the proto files. */
async function reflectedClient(address: string, service: string): Promise<grpc.Client> {
  const description = grpc.loadPackageDefinition(protoLoader.loadSync(reflectionProto, loading)) as never as {
    grpc: { reflection: { v1: { ServerReflection: grpc.ServiceClientConstructor } } };
  };
  const client = new description.grpc.reflection.v1.ServerReflection(address, grpc.credentials.createInsecure());
  onTestFinished(() => client.close());
  const stream = (client.ServerReflectionInfo as () => grpc.ClientDuplexStream<object, Record<string, never>>).call(
    client,
  );
  const answer = new Promise<Record<string, never>>((resolve, reject) =>
    stream.on("data", resolve).on("error", reject),
  );
  stream.write({ fileContainingSymbol: service });
  const files = (await answer).fileDescriptorResponse as never as { fileDescriptorProto: Buffer[] };
  stream.end();
  expect(files, `reflection knows ${service}`).toBeTruthy();
  // A FileDescriptorSet is `repeated FileDescriptorProto file = 1`.
  const set = Buffer.concat(
    files.fileDescriptorProto.map((file) => Buffer.concat([Buffer.from([0x0a]), varint(file.length), file])),
  );
  const loaded = grpc.loadPackageDefinition(protoLoader.loadFileDescriptorSetFromBuffer(set, loading));
  const Service = service.split(".").reduce<unknown>((scope, name) => (scope as Record<string, unknown>)[name], loaded);
  const made = new (Service as grpc.ServiceClientConstructor)(address, grpc.credentials.createInsecure());
  onTestFinished(() => made.close());
  return made;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

function unary(client: grpc.Client, method: string): Call {
  const call = (
    client as never as Record<string, (request: object, done: (error: Error | null, answer: never) => void) => void>
  )[method];
  return (request) =>
    new Promise((resolve, reject) =>
      call?.call(client, request, (error, answer) => (error ? reject(error) : resolve(answer))),
    );
}

it("publishes, reads, describes and checks health through reflection alone", async () => {
  const port = await freePortRange(1);
  await startClusterProcess({ dataDirectory: await temporaryDirectory(), port, brokers: 1 });
  const address = `127.0.0.1:${port}`;

  const cluster = await reflectedClient(address, "sluice.v1.Cluster");
  await unary(cluster, "CreateTopic")({ name: "reflected", partitions: 1 });
  const described = (await unary(cluster, "Describe")({})) as never as {
    brokers: { port: number }[];
    topics: { name: string }[];
  };
  expect(described.brokers.map((broker) => broker.port)).toEqual([port]);
  expect(described.topics.map(({ name }) => name)).toContain("reflected");

  const records = await reflectedClient(address, "sluice.v1.Records");
  const published = (await unary(
    records,
    "Publish",
  )({
    topic: "reflected",
    acks: "ACKS_ALL",
    records: [
      {
        key: Buffer.from("k"),
        value: Buffer.from("one"),
        headers: [{ key: "h", value: Buffer.from("v") }],
        timestamp_ms: 1_700_000_000_000,
      },
      { value: Buffer.from("two") },
    ],
  })) as never as { receipts: { offset: number; error: unknown }[] };
  expect(published.receipts.map(({ offset, error }) => ({ offset, error }))).toEqual([
    { offset: 0, error: null },
    { offset: 1, error: null },
  ]);

  const subscribe = (records as never as Record<string, (request: object) => grpc.ClientReadableStream<never>>)
    .Subscribe;
  const read: { key: Buffer; value: Buffer; timestamp_ms: number; headers: { key: string; value: Buffer }[] }[] = [];
  const stream = subscribe?.call(records, { topic: "reflected", partition: 0, offset: 0 });
  for await (const answer of stream as AsyncIterable<{ records: typeof read }>) read.push(...answer.records);
  expect(read.map(({ value }) => String(value))).toEqual(["one", "two"]);
  expect(read[0]).toMatchObject({ timestamp_ms: 1_700_000_000_000, headers: [{ key: "h", value: Buffer.from("v") }] });
  expect(String(read[0]?.key)).toBe("k");

  const health = await reflectedClient(address, "grpc.health.v1.Health");
  expect(await unary(health, "Check")({})).toMatchObject({ status: "SERVING" });
});
