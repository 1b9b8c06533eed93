/**
 * Clients that misbehave: what is no RPC, streams that nobody reads, connections that say nothing, a producer that never waits. The
 * memory of the broker stays bounded, and another client goes on as if nothing were.
 *
 * SLUICE_TEST_LONG makes the malformed calls a hundred thousand.
 */

import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import { clusterService, GrpcTransport, logService, type ProduceRequest } from "@sluice/protocol";
import { RecordBatchBuilder } from "@sluice/record";
import { describe, expect, it, onTestFinished } from "vitest";
import { type BrokerProcess, startBrokerProcess } from "../support/broker-process.js";
import { startBystander } from "../support/bystander.js";
import { freePortRange } from "../support/free-ports.js";
import { until } from "../support/program.js";
import { propertyRuns } from "../support/property-runs.js";
import { temporaryDirectory } from "../support/temporary-directory.js";
import { openUnreadStream } from "../support/unread-stream.js";

const mebibyte = 1024 * 1024;

async function start(env: Record<string, string> = {}): Promise<BrokerProcess> {
  const broker = await startBrokerProcess({
    dataDirectory: await temporaryDirectory(),
    port: await freePortRange(1),
    env: { SLUICE_GROUP_OFFSETS_PARTITIONS: "2", SLUICE_AUTO_CREATE_TOPICS: "true", ...env },
  });
  await until(async () => (await broker.page("/readyz")).status === 200);
  return broker;
}

/** Runs what misbehaves beside another client; returns by how many bytes the broker grew at most. */
async function besideOthers(broker: BrokerProcess, misbehave: () => Promise<void>): Promise<number> {
  const bystander = await startBystander(broker);
  await until(() => bystander.rounds() > 20);
  const before = await broker.residentBytes();
  let most = before;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      most = Math.max(most, await broker.residentBytes());
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  })();
  await misbehave();
  const rounds = bystander.rounds();
  await until(() => bystander.rounds() > rounds + 20);
  isOver = true;
  await watching;
  await bystander.finish();
  expect((await broker.page("/readyz")).status).toBe(200);
  return most - before;
}

function portOf(broker: BrokerProcess): number {
  return Number(broker.address.split(":")[1]);
}

function connect(broker: BrokerProcess, options: ConstructorParameters<typeof GrpcTransport>[0] = {}) {
  const connection = new GrpcTransport(options).connect({ host: "127.0.0.1", port: portOf(broker) });
  onTestFinished(() => connection.close());
  return connection;
}

function batchOf(sizeBytes: number): Buffer {
  const builder = new RecordBatchBuilder({ compression: "none" });
  builder.append({ timestampMs: Date.now(), key: null, value: Buffer.alloc(sizeBytes, 1) });
  return builder.build();
}

describe("malformed calls", () => {
  const good = { ":method": "POST", "content-type": "application/grpc", te: "trailers" };
  const at = (path: string, over: Record<string, string> = {}) => ({ ...good, ":path": path, ...over });
  /** The head of a gRPC message of that length, with what follows. */
  const message = (length: number, bytes: Buffer, flag = 0): Buffer => {
    const head = Buffer.alloc(5);
    head[0] = flag;
    head.writeUInt32BE(length, 1);
    return Buffer.concat([head, bytes]);
  };
  const noise = Buffer.from(Array.from({ length: 200 }, (_, index) => (index * 37 + 11) & 0xff));
  const calls: readonly (readonly [headers: http2.OutgoingHttpHeaders, body: Buffer])[] = [
    [at("/"), noise],
    [at("/no.such.Service/Call"), message(0, Buffer.alloc(0))],
    [at("/sluice.v1.Log/NoSuchMethod"), message(3, noise)],
    [at(`/${"x".repeat(4000)}`), noise],
    [at("/sluice.v1.Cluster/Describe"), message(200, noise)],
    [at("/sluice.v1.Cluster/Describe"), message(0xffff_ffff, noise)],
    [at("/sluice.v1.Cluster/CreateTopic"), message(1000, noise)],
    [at("/sluice.v1.Cluster/CreateTopic"), message(noise.length, noise, 1)],
    [at("/sluice.v1.Log/Produce"), message(noise.length, noise)],
    [at("/sluice.v1.Log/Produce"), message(0x7fff_ffff, noise)],
    [at("/sluice.v1.Log/Fetch"), message(noise.length, noise)],
    [at("/sluice.v1.Log/Fetch"), message(5, Buffer.from([0x0a, 0xff, 0xff, 0xff, 0x7f]))],
    [at("/sluice.v1.Groups/Session"), message(noise.length, noise)],
    [at("/sluice.v1.Records/Publish"), message(noise.length, noise)],
    [at("/sluice.v1.Records/Subscribe"), Buffer.alloc(0)],
    [at("/sluice.v1.Log/Produce"), Buffer.alloc(0)],
    [at("/sluice.v1.Log/Fetch"), Buffer.alloc(0)],
    [at("/sluice.v1.Groups/Session"), Buffer.alloc(0)],
    [at("/sluice.v1.Groups/Session"), message(0, Buffer.alloc(0))],
    [at("/grpc.health.v1.Health/Watch"), Buffer.alloc(0)],
    [at("/grpc.health.v1.Health/Check"), message(noise.length, noise)],
    [at("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"), message(noise.length, noise)],
    [at("/sluice.v1.Log/Produce", { "content-type": "text/html" }), noise],
    [at("/sluice.v1.Log/Produce", { ":method": "GET" }), Buffer.alloc(0)],
    [at("/sluice.v1.Log/Produce", { "grpc-encoding": "no-such" }), message(3, noise, 1)],
    [at("/sluice.v1.Cluster/Describe", { "grpc-timeout": "99999999999999999999S" }), message(0, Buffer.alloc(0))],
    [at("/sluice.v1.Cluster/Describe", { "sluice-client-id": "y".repeat(8000) }), message(3, noise)],
    [at("/sluice.v1.Cluster/Describe", { "x-bin": "!!! no base64 !!!" }), message(3, noise)],
  ];

  /** Makes one call, whatever becomes of it. */
  function callOnce(session: http2.ClientHttp2Session, index: number): Promise<void> {
    const [headers, body] = calls[index % calls.length] as (typeof calls)[number];
    return new Promise((resolve) => {
      const stream = session.request(headers, { endStream: false });
      stream.on("error", () => {});
      stream.on("close", resolve);
      stream.resume();
      // Every third is broken off in the middle.
      if (index % 3 === 0) {
        stream.write(body);
        setImmediate(() => stream.close(http2.constants.NGHTTP2_CANCEL));
      } else stream.end(body);
    });
  }

  it("are refused one by one, and cost neither memory nor anybody else's calls", {
    timeout: propertyRuns({ usual: 60_000, long: 600_000 }),
  }, async () => {
    const broker = await start();
    const count = propertyRuns({ usual: 5000, long: 100_000 });
    const grownBytes = await besideOthers(broker, async () => {
      let next = 0;
      const worker = async (): Promise<void> => {
        let session = openSession(broker);
        for (; next < count; ) {
          const index = next++;
          if (session.destroyed || session.closed) session = openSession(broker);
          await callOnce(session, index);
        }
        session.destroy();
      };
      await Promise.all(Array.from({ length: 20 }, worker));
      // What is not even HTTP/2, each on a connection of its own.
      for (let index = 0; index < count / 100; index += 1) await sayNoise(broker, index);
    });
    expect(grownBytes).toBeLessThan(200 * mebibyte);
    await until(async () => (await broker.metric("sluice_open_streams")) === 0);
    await until(async () => (await broker.metric("sluice_produce_in_flight_requests")) === 0);
  });

  async function sayNoise(broker: BrokerProcess, index: number): Promise<void> {
    const socket = net.connect(portOf(broker), "127.0.0.1");
    socket.on("error", () => {});
    const preface = index % 2 === 0 ? Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") : Buffer.alloc(0);
    socket.resume();
    socket.end(Buffer.concat([preface, noise]));
    await once(socket, "close");
  }

  function openSession(broker: BrokerProcess): http2.ClientHttp2Session {
    const session = http2.connect(`http://${broker.address}`);
    session.on("error", () => {});
    onTestFinished(() => session.destroy());
    return session;
  }
});

it("streams that nobody reads hold their bound each, and no other client up", async () => {
  const broker = await start();
  const streams = 8;
  const grownBytes = await besideOthers(broker, async () => {
    const writer = connect(broker);
    const answers = { count: 0 };
    const filling = writer.open(logService.produce, {
      onMessage: () => {
        answers.count += 1;
      },
      onEnd: () => {},
      onError: () => {},
    });
    await openTopic(broker, "unread");
    for (let correlationId = 0; correlationId < 40; correlationId += 1) {
      filling.send(produceRequest(correlationId, "unread", batchOf(mebibyte / 2)));
    }
    await until(() => answers.count === 40);
    const fetches = Array.from({ length: 200 }, (_, correlationId) => {
      const position = { topic: "unread", partition: 0, fetchOffset: 0, leaderEpoch: undefined };
      const limits = { maxBytes: 8 * mebibyte, maxWaitMs: 0, minBytes: 1 };
      return logService.fetch.request.encode({ correlationId, ...position, ...limits });
    });
    const produces = Array.from({ length: 2000 }, (_, correlationId) => {
      return logService.produce.request.encode(produceRequest(correlationId, "unread", batchOf(100)));
    });
    for (let count = 0; count < streams; count += 1) {
      openUnreadStream(broker, logService.fetch.path, fetches);
      openUnreadStream(broker, logService.produce.path, produces);
    }
    await until(async () => (await broker.metric("sluice_held_fetches")) > streams * 150);
  });
  // All streams share 128 MiB for what they have read, and each may have 4 MiB to send; the rest is garbage that is not collected yet.
  expect(grownBytes).toBeLessThan(128 * mebibyte + streams * 4 * mebibyte + 200 * mebibyte);
});

it("a thousand connections that say nothing cost little, and one too many is refused", async () => {
  const broker = await start({ SLUICE_CONNECTIONS_MAX: "1002" });
  const grownBytes = await besideOthers(broker, async () => {
    const sockets = Array.from({ length: 1100 }, () => net.connect(portOf(broker), "127.0.0.1"));
    for (const socket of sockets) {
      onTestFinished(() => void socket.destroy());
      socket.on("error", () => {});
    }
    await until(async () => (await broker.metric("sluice_refused_connections_total")) > 90);
    expect(await broker.metric("sluice_open_connections")).toBe(1002);
  });
  expect(grownBytes).toBeLessThan(150 * mebibyte);
});

it("a producer that never waits and never reads is stopped by HTTP/2, and the broker keeps its bound", async () => {
  const broker = await start();
  const batch = batchOf(256 * 1024);
  const grownBytes = await besideOthers(broker, async () => {
    await openTopic(broker, "flood");
    const stream = connect(broker).open(logService.produce, {
      onMessage: () => {},
      onEnd: () => {},
      onError: () => {},
    });
    stream.pause();
    for (let correlationId = 0; correlationId < 600; correlationId += 1) {
      // False, and it goes on: 150 MiB wait in this process.
      stream.send(produceRequest(correlationId, "flood", batch));
      if (correlationId % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(async () => (await broker.metric("sluice_produce_requests_total")) > 100);
  });
  expect(grownBytes).toBeLessThan(300 * mebibyte);
});

function produceRequest(correlationId: number, topic: string, records: Buffer): ProduceRequest {
  return { correlationId, topic, partition: 0, acks: "leader", leaderEpoch: undefined, records };
}

async function openTopic(broker: BrokerProcess, name: string): Promise<void> {
  const request = { name, partitions: 1, replicationFactor: 0, configs: [], validateOnly: false };
  await connect(broker).call(clusterService.createTopic, request);
}
