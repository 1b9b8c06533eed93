/**
 * Bad input: each is answered with its own code, a message that says what and where, and a hint; and the broker lives on, which every test
 * shows by producing and reading one good record afterwards.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { type LocalCluster, silentLogger, startLocalCluster } from "@sluice/broker";
import { type Message, Sluice } from "@sluice/client";
import { addressText, type ErrorCode, isSluiceError, type SluiceError } from "@sluice/model";
import { GrpcTransport, logService, type ProduceRequest, type ProduceResponse } from "@sluice/protocol";
import { RecordBatchBuilder } from "@sluice/record";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { sluice } from "../support/program.js";

let dataDirectory: string;
let cluster: LocalCluster;
let client: Sluice;

beforeAll(async () => {
  dataDirectory = mkdtempSync(join(tmpdir(), "sluice-test-"));
  cluster = await startLocalCluster({ brokers: 1, dataDirectory, port: 0, logger: silentLogger });
  client = new Sluice({ brokers: cluster.bootstrap });
  await client.admin().createTopics({ topics: [{ topic: "good", numPartitions: 1 }] });
});

afterAll(async () => {
  await client.close();
  await cluster.close();
  rmSync(dataDirectory, { recursive: true });
});

/** Waits for the rejection, and checks what every answer to bad input must have. */
async function refusal(attempt: Promise<unknown>, code: ErrorCode): Promise<SluiceError> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(isSluiceError(error), `a typed error, not ${String(error)}`).toBe(true);
  const refused = error as SluiceError;
  expect(refused.code).toBe(code);
  expect(refused.message).not.toMatch(/[{}]/);
  expect(refused.hint.length).toBeGreaterThan(10);
  return refused;
}

/** The broker still takes and gives a record. */
async function expectAlive(): Promise<void> {
  const value = `alive-${Math.random()}`;
  const [metadata] = await client.producer().send({ topic: "good", messages: [{ value }] });
  const read: Message[] = [];
  const consumer = client.consumer();
  for await (const message of consumer.read({ topic: "good", partition: 0, from: metadata?.offset ?? -1 }))
    read.push(message);
  await consumer.close();
  expect(String(read[0]?.value)).toBe(value);
}

/** Sends one produce request as it is, past every check of the client. */
function produceRaw(request: Partial<ProduceRequest> & { records: Buffer }): Promise<ProduceResponse> {
  const transport = new GrpcTransport();
  const connection = transport.connect({ host: "127.0.0.1", port: cluster.brokers[0]?.port ?? 0 });
  onTestFinished(() => connection.close());
  return new Promise((resolve, reject) => {
    const stream = connection.open(logService.produce, {
      onMessage: resolve,
      onEnd: () => reject(new Error("ended")),
      onError: reject,
    });
    stream.send({ correlationId: 1, topic: "good", partition: 0, acks: "all", leaderEpoch: undefined, ...request });
  });
}

function goodBatch(valueBytes = 10): Buffer {
  const builder = new RecordBatchBuilder({ compression: "none" });
  builder.append({ timestampMs: 1_700_000_000_000, key: null, value: Buffer.alloc(valueBytes, 1) });
  return builder.build();
}

describe("a producer", () => {
  it.each([
    ["an unknown topic", { topic: "nowhere" }, goodBatch(), "UNKNOWN_TOPIC"],
    ["an unknown partition", { partition: 7 }, goodBatch(), "UNKNOWN_PARTITION"],
    ["a negative partition", { partition: -1 }, goodBatch(), "UNKNOWN_PARTITION"],
    ["a bad topic name", { topic: "../etc" }, goodBatch(), "INVALID_TOPIC_NAME"],
    ["an internal topic", { topic: "__consumer_offsets" }, goodBatch(), "INTERNAL_TOPIC"],
    ["an oversize batch", {}, goodBatch(2_000_000), "RECORD_BATCH_TOO_LARGE"],
    ["no bytes", {}, Buffer.alloc(0), "INVALID_RECORD_BATCH"],
    ["a cut batch", {}, goodBatch().subarray(0, 70), "INVALID_RECORD_BATCH"],
    ["two batches", {}, Buffer.concat([goodBatch(), goodBatch()]), "INVALID_RECORD_BATCH"],
    ["a flipped bit", {}, flipped(goodBatch(), 66), "CORRUPT_RECORD_BATCH"],
    ["a wrong length", {}, withInt32(goodBatch(), 8, 5), "INVALID_RECORD_BATCH"],
    ["a length of 2^31 - 1", {}, withInt32(goodBatch(), 8, 0x7fffffff), "INVALID_RECORD_BATCH"],
    ["a wrong magic", {}, flipped(goodBatch(), 16), "INVALID_RECORD_BATCH"],
    ["random bytes", {}, Buffer.alloc(500, 0xab), "INVALID_RECORD_BATCH"],
  ] as const)("that sends %s is told so", async (_name, where, records, code) => {
    const { error } = await produceRaw({ ...where, records: Buffer.from(records) });
    expect(error?.code, error?.message).toBe(code);
    expect(error?.hint.length).toBeGreaterThan(10);
    await expectAlive();
  });

  it("that sends what is not protobuf loses its stream with INVALID_REQUEST, and nobody else does", async () => {
    const address = addressText({ host: "127.0.0.1", port: cluster.brokers[0]?.port ?? 0 });
    const raw = new grpc.Client(address, grpc.credentials.createInsecure());
    onTestFinished(() => raw.close());
    const same = (bytes: Buffer): Buffer => bytes;
    const stream = raw.makeBidiStreamRequest("/sluice.v1.Log/Produce", same, same);
    const failure = new Promise<grpc.ServiceError>((resolve) => stream.on("error", resolve as (error: Error) => void));
    stream.write(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2, 3]));
    expect(await failure).toMatchObject({
      code: grpc.status.INVALID_ARGUMENT,
      details: expect.stringMatching(/not valid/) as string,
    });
    const unary = await new Promise<grpc.ServiceError | null>((resolve) => {
      raw.makeUnaryRequest("/sluice.v1.Cluster/CreateTopic", same, same, Buffer.from([0xff, 0xff, 0xff]), (error) =>
        resolve(error),
      );
    });
    expect(unary?.code).toBe(grpc.status.INVALID_ARGUMENT);
    await expectAlive();
  });
});

function flipped(bytes: Buffer, position: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[position] = (copy[position] ?? 0) ^ 1;
  return copy;
}

function withInt32(bytes: Buffer, position: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeInt32BE(value, position);
  return copy;
}

describe("an application", () => {
  it.each(["", ".", "..", "a/b", "a b", "ä", "x".repeat(250), "__proto__/x", "a\0b"])(
    "cannot create a topic named %j",
    async (topic) => {
      await refusal(client.admin().createTopics({ topics: [{ topic, numPartitions: 1 }] }), "INVALID_TOPIC_NAME");
      const entries = await readdir(dataDirectory, { recursive: true });
      expect(entries.filter((entry) => entry.includes("a b"))).toEqual([]);
    },
  );

  it("reads prototype names as names", async () => {
    await client.admin().createTopics({ topics: [{ topic: "constructor", numPartitions: 1 }] });
    await client
      .producer()
      .send({ topic: "constructor", messages: [{ key: "__proto__", value: "v", headers: { __proto__x: "h" } }] });
    await refusal(client.admin().describeTopic("toString"), "UNKNOWN_TOPIC");
    await expectAlive();
  });

  it("is told about bad partition counts, replication factors, settings, and topics that exist", async () => {
    const create = (topic: object): Promise<unknown> =>
      client.admin().createTopics({ topics: [{ topic: "fresh", ...topic }] });
    await refusal(create({ numPartitions: -1 }), "INVALID_PARTITION_COUNT");
    await refusal(create({ numPartitions: 10_000_000 }), "INVALID_PARTITION_COUNT");
    await refusal(create({ numPartitions: 1, replicationFactor: 3 }), "INVALID_REPLICATION_FACTOR");
    const unknown = await refusal(
      create({ configEntries: [{ name: "segment.byte", value: "1" }] }),
      "UNKNOWN_CONFIG_KEY",
    );
    expect(unknown.hint).toContain("segment.bytes");
    await refusal(create({ configEntries: [{ name: "flush", value: "sometimes" }] }), "INVALID_CONFIG_VALUE");
    expect(await create({ topic: "good", numPartitions: 1 })).toBe(false);
    await refusal(create({ topic: "__mine", numPartitions: 1 }), "INTERNAL_TOPIC");
    await expectAlive();
  });

  it("is told the range when it reads outside the log", async () => {
    const consumer = client.consumer();
    onTestFinished(() => consumer.close());
    const read = async (from: number): Promise<void> => {
      for await (const message of consumer.read({ topic: "good", partition: 0, from, follow: true }))
        expect(message).toBe(undefined);
    };
    const error = await refusal(read(1_000_000), "OFFSET_OUT_OF_RANGE");
    expect(error.message).toMatch(/1000000.*good-0/);
    await expectAlive();
  });

  it("is told about unknown groups and bad group names", async () => {
    await refusal(client.admin().deleteGroups(["no-such-group"]), "UNKNOWN_GROUP");
    await refusal(client.admin().deleteGroups(["not/a/group"]), "INVALID_GROUP_NAME");
    await expectAlive();
  });

  it("is told about options that do not exist", () => {
    expect(() => new Sluice({ brokers: "localhost:9092", clientld: "x" } as never)).toThrow(/clientId|clientld/);
    expect(() => client.producer({ lingerms: 5 } as never)).toThrow(/lingerms/);
  });

  it("that dials the HTTP port, or nothing, is told which port to use", async () => {
    const wrong = new Sluice({ brokers: `127.0.0.1:${cluster.brokers[0]?.httpPort}`, retry: { retries: 0 } });
    onTestFinished(() => wrong.close());
    await refusal(wrong.admin().listTopics(), "WRONG_PORT");
    const nobody = createServer();
    await new Promise<void>((resolve) => nobody.listen(0, "127.0.0.1", resolve));
    const { port } = nobody.address() as { port: number };
    await new Promise((resolve) => nobody.close(resolve));
    const alone = new Sluice({ brokers: `127.0.0.1:${port}`, retry: { retries: 0 } });
    onTestFinished(() => alone.close());
    const error = await refusal(alone.admin().listTopics(), "BROKER_UNREACHABLE");
    expect(error.message).toContain(String(port));
  });
});

describe("an operator", () => {
  it("is told that a data directory is in use", async () => {
    const second = startLocalCluster({ brokers: 1, dataDirectory, port: 0, logger: silentLogger });
    await refusal(second, "DATA_DIRECTORY_IN_USE");
    await expectAlive();
  });

  it("is told that a port is taken, and nothing of the broker is left", async () => {
    const own = mkdtempSync(join(tmpdir(), "sluice-test-"));
    onTestFinished(() => rmSync(own, { recursive: true }));
    const taken = cluster.brokers[0]?.port ?? 0;
    const error = await refusal(
      startLocalCluster({ brokers: 1, dataDirectory: own, port: taken, logger: silentLogger }),
      "ADDRESS_IN_USE",
    );
    expect(error.message).toContain(String(taken));
    const later = await startLocalCluster({ brokers: 1, dataDirectory: own, port: 0, logger: silentLogger });
    await later.close();
    await expectAlive();
  });

  it.each([
    [["topics"], /topic/],
    [["topic", "creat", "x"], /create/],
    [["topic", "create", "x", "--partition", "3"], /--partitions/],
    [["topic", "create", "x", "--partitions", "three"], /three/],
    [["broker", "--dataDirectoy", "x"], /[dD]ata/],
    [["consume", "good", "--from", "yesterday-ish"], /yesterday-ish/],
  ])("who types %j is told what was meant, with exit code 2", async (args, hint) => {
    const { status, stdout, stderr } = await sluice(args);
    expect(stderr).toMatch(hint);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(stdout).toBe("");
    expect(status).toBe(2);
  });

  it("gets exit code 1 and a next step when a topic does not exist or no broker answers", async () => {
    const brokers = ["--brokers", cluster.bootstrap.join(",")];
    const missing = await sluice(["topic", "describe", "nowhere", ...brokers]);
    expect(missing.status).toBe(1);
    expect(missing.stderr).toMatch(/nowhere.*does not exist/s);
    expect(missing.stderr).toMatch(/sluice topic/);
    await expectAlive();
  });
});
