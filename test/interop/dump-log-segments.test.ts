/** Kafka's own dump tool reads what Sluice wrote, with every codec: segment, offset index and time index, without a complaint. */

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Sluice } from "@sluice/client";
import { NodeFileSystem } from "@sluice/log";
import { compressionCodecs } from "@sluice/record";
import { expect, it } from "vitest";
import { saveProducerSnapshot, snapshotPath } from "../../packages/log/src/producer-snapshot.js";
import { ProducerState } from "../../packages/log/src/producer-state.js";
import { freePortRange } from "../support/free-ports.js";
import { finished, startClusterProcess } from "../support/program.js";
import { temporaryDirectory } from "../support/temporary-directory.js";

function kafkaTool(className: string, args: readonly string[]): ReturnType<typeof finished> {
  const tools = process.env.SLUICE_TEST_KAFKA_TOOLS;
  if (tools === undefined) throw new Error("SLUICE_TEST_KAFKA_TOOLS names the command that runs Kafka's tools");
  return finished(spawn("bash", ["-c", `${tools} "$@"`, "kafka", className, ...args]), "");
}

it("Kafka's DumpLogSegments reads segments and indexes of Sluice, and the same records", async () => {
  const dataDirectory = await temporaryDirectory();
  const port = await freePortRange(1);
  const cluster = await startClusterProcess({ dataDirectory, port, brokers: 1 });
  const client = new Sluice({ brokers: cluster.brokers });
  const configEntries = [
    { name: "segment.bytes", value: "20000" },
    { name: "index.interval.bytes", value: "500" },
  ];
  await client.admin().createTopics({ topics: [{ topic: "dumped", numPartitions: 1, configEntries }] });
  const began = 1_600_000_000_000;
  for (const compression of compressionCodecs) {
    const producer = client.producer({ compression });
    for (let batch = 0; batch < 60; batch++) {
      const messages = Array.from({ length: 10 }, (_, index) => ({
        key: index === 0 ? null : `key-${index}`,
        value: `${compression}-${batch}-${index}`.padEnd(60, "."),
        timestamp: began + batch * 1000 + index,
        headers: { trace: `t${batch}` },
      }));
      await producer.send({ topic: "dumped", messages });
    }
    await producer.disconnect();
  }
  await client.close();
  expect(await cluster.stop()).toBe(0);

  const paths = readdirSync(dataDirectory, { recursive: true, encoding: "utf8" }).map((path) =>
    join(dataDirectory, path),
  );
  const topicDirectories = new Set(paths.filter((path) => path.endsWith(".log")).map((path) => join(path, "..")));
  const lines: string[] = [];
  for (const directory of topicDirectories) {
    const own = paths.filter((path) => join(path, "..") === directory);
    const logs = own.filter((path) => path.endsWith(".log")).sort();
    const dump = await kafkaTool("org.apache.kafka.tools.DumpLogSegments", [
      "--deep-iteration",
      "--print-data-log",
      "--files",
      logs.join(","),
    ]);
    expect(dump.stderr).not.toMatch(/error|exception|corrupt|invalid/i);
    expect(dump.stdout).not.toMatch(/mismatch|not found|corrupt|isvalid: false|Found [1-9]/i);
    expect(dump.status).toBe(0);
    if (dump.stdout.includes("none-0-0")) {
      expect(logs.length).toBeGreaterThan(3);
      lines.push(...dump.stdout.split("\n").filter((line) => line.includes("payload:")));
      const indexes = own.filter((path) => path.endsWith(".index") || path.endsWith(".timeindex"));
      const checked = await kafkaTool("org.apache.kafka.tools.DumpLogSegments", [
        "--index-sanity-check",
        "--verify-index-only",
        "--files",
        indexes.join(","),
      ]);
      expect(checked.status).toBe(0);
      expect(checked.stderr + checked.stdout).not.toMatch(/exception|mismatch|corrupt|misordered|not found|fail/i);
      expect(checked.stdout).toMatch(/passed sanity check/);
    }
  }
  expect(lines.length).toBe(600 * compressionCodecs.length);
  const values = lines.map((line) => /payload: (\S+)/.exec(line)?.[1]);
  const expected = compressionCodecs.flatMap((codec) =>
    Array.from({ length: 600 }, (_, n) => `${codec}-${Math.floor(n / 10)}-${n % 10}`.padEnd(60, ".")),
  );
  expect(values).toEqual(expected);
  expect(lines[0]).toMatch(/offset: 0 CreateTime: 1600000000000/);
  expect(lines[1]).toMatch(/key: key-1/);
});

it("Kafka's DumpLogSegments reads producer snapshots of Sluice, a row for each batch", async () => {
  const directory = await temporaryDirectory();
  const batches = [0, 1, 2].map((n) => ({
    baseSequence: n * 10,
    lastSequence: n * 10 + 9,
    baseOffset: 100 + n * 10,
    lastOffset: 109 + n * 10,
    timestampMs: 1_600_000_000_000 + n,
  }));
  const idle = { producerEpoch: 2, coordinatorEpoch: 7, openTransactionOffset: -1, silentSinceMs: -1, batches: [] };
  const busy = { producerEpoch: 3, coordinatorEpoch: -1, openTransactionOffset: 110, silentSinceMs: 5, batches };
  const state = ProducerState.of([
    { producerId: 41, ...idle },
    { producerId: 42, ...busy },
  ]);
  await saveProducerSnapshot(new NodeFileSystem(), directory, 130, state);

  const path = snapshotPath(directory, 130);
  const dump = await kafkaTool("org.apache.kafka.tools.DumpLogSegments", ["--files", path]);
  expect(dump.stderr).not.toMatch(/error|exception|corrupt|invalid/i);
  expect(dump.stdout).not.toMatch(/corrupt/i);
  expect(dump.status).toBe(0);
  const rows = dump.stdout.split("\n").filter((line) => line.startsWith("producerId:"));
  expect(rows).toHaveLength(5);
  expect(rows[0]).toMatch(/producerId: 41 producerEpoch: 2 .*coordinatorEpoch: 7/);
  expect(rows[4]).toMatch(
    /producerId: 42 producerEpoch: 3 .*currentTxnFirstOffset: .*110.*lastTimestamp: 1600000000002/,
  );
  expect(rows[4]).toMatch(/firstSequence: 20 lastSequence: 29 lastOffset: 129 offsetDelta: 9 timestamp: 1600000000002/);
});
