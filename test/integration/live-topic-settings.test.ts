/** A running broker takes new settings and new partitions of a topic as soon as the change is answered, with nothing restarted. */

import type { TransportConnection } from "@sluice/model";
import { clusterService, GrpcTransport, logService, type ProduceRequest, type ProduceResponse } from "@sluice/protocol";
import { batchesIn, RecordBatchBuilder, readBatchHeader } from "@sluice/record";
import { expect, it, onTestFinished } from "vitest";
import { startBrokerProcess } from "../support/broker-process.js";
import { freePortRange } from "../support/free-ports.js";
import { sluice, until } from "../support/program.js";
import { temporaryDirectory } from "../support/temporary-directory.js";

const topic = "live";

/** One batch on a stream of its own. */
function produce(connection: TransportConnection, partition = 0): Promise<ProduceResponse> {
  const builder = new RecordBatchBuilder({});
  builder.append({ timestampMs: 5, key: Buffer.from("k"), value: Buffer.from("v".repeat(2000)) });
  const request: ProduceRequest = {
    correlationId: 1,
    topic,
    partition,
    acks: "all",
    leaderEpoch: undefined,
    records: builder.build(),
  };
  return new Promise((resolve, reject) => {
    const stream = connection.open(logService.produce, { onMessage: resolve, onEnd: () => undefined, onError: reject });
    stream.send(request);
    stream.end();
  });
}

async function alter(connection: TransportConnection, settings: Record<string, string>): Promise<void> {
  const set = Object.entries(settings).map(([key, value]) => ({ key, value }));
  await connection.call(clusterService.alterTopicConfigs, { name: topic, set, reset: [], validateOnly: false });
}

async function codecOfLast(connection: TransportConnection, fetchOffset: number): Promise<string> {
  const records = await new Promise<Buffer>((resolve, reject) => {
    const stream = connection.open(logService.fetch, {
      onMessage: (answer) => (answer.error === undefined ? resolve(answer.records) : reject(answer.error)),
      onEnd: () => undefined,
      onError: reject,
    });
    const position = { topic, partition: 0, fetchOffset, leaderEpoch: undefined };
    stream.send({ correlationId: 1, ...position, maxBytes: 100_000, maxWaitMs: 0, minBytes: 1 });
    stream.end();
  });
  const [batch] = batchesIn(records);
  return readBatchHeader(batch as Buffer).compression;
}

it("takes new settings and new partitions of a topic while it runs, and keeps them over a restart", async () => {
  const dataDirectory = await temporaryDirectory();
  const port = await freePortRange(1);
  const options = { dataDirectory, port, env: { SLUICE_DISK_RESERVE_BYTES: "0", SLUICE_LOG_LEVEL: "warn" } };
  const broker = await startBrokerProcess(options);
  await until(async () => (await broker.page("/readyz").catch(() => undefined))?.status === 200);
  const created = await sluice(["topic", "create", topic, "--partitions", "1", "--brokers", broker.address]);
  expect(created).toMatchObject({ status: 0 });
  const connection = new GrpcTransport().connect({ host: "127.0.0.1", port });
  onTestFinished(() => connection.close());

  expect(await produce(connection)).toMatchObject({ baseOffset: 0, error: undefined, logAppendTimeMs: 0 });
  await alter(connection, { "max.message.bytes": "1000" });
  expect((await produce(connection)).error?.code).toBe("RECORD_BATCH_TOO_LARGE");
  await alter(connection, {
    "max.message.bytes": "5000",
    "compression.type": "gzip",
    "message.timestamp.type": "LogAppendTime",
  });
  const stamped = await produce(connection);
  expect(stamped).toMatchObject({ baseOffset: 1, error: undefined });
  expect(stamped.logAppendTimeMs).toBeGreaterThan(1_700_000_000_000);
  expect([await codecOfLast(connection, 0), await codecOfLast(connection, 1)]).toEqual(["none", "gzip"]);
  await alter(connection, { "bounded.bytes": "1000" });
  expect((await produce(connection)).error?.code).toBe("TOPIC_FULL");
  const { partitions } = await connection.call(logService.deleteRecords, {
    partitions: [{ topic, partition: 0, beforeOffset: -1 }],
  });
  expect(partitions).toMatchObject([{ logStartOffset: 2, error: null }]);
  expect(await produce(connection)).toMatchObject({ baseOffset: 2, logStartOffset: 2, error: undefined });

  await connection.call(clusterService.createPartitions, { name: topic, partitions: 3, validateOnly: false });
  expect(await produce(connection, 2)).toMatchObject({ baseOffset: 0, error: undefined });

  await broker.kill();
  const again = await startBrokerProcess(options);
  await until(async () => (await again.page("/readyz").catch(() => undefined))?.status === 200);
  const later = new GrpcTransport().connect({ host: "127.0.0.1", port });
  onTestFinished(() => later.close());
  const answer = await produce(later);
  expect(answer).toMatchObject({ baseOffset: 3, logStartOffset: 2, error: undefined });
  expect(answer.logAppendTimeMs).toBeGreaterThan(stamped.logAppendTimeMs);
});
