/** Kafka's own dump tool reads compacted segments of Sluice: batches with gaps, without records and with a delete horizon. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { NodeClock } from "@sluice/model/node";
import { buildEndTransactionMarker } from "@sluice/record";
import { expect, it } from "vitest";
import { InlineCompaction } from "../../packages/log/src/compaction/inline-compaction.js";
import { NodeFileSystem } from "../../packages/log/src/node-file-system.js";
import { segmentPaths } from "../../packages/log/src/partition-directory.js";
import { keyedBatch, SegmentsOnDisk, startMs } from "../../packages/log/src/testing/compaction-fixture.js";
import { finished } from "../support/program.js";
import { temporaryDirectory } from "../support/temporary-directory.js";

const fileSystem = new NodeFileSystem();

function dump(args: readonly string[]): ReturnType<typeof finished> {
  const tools = process.env.SLUICE_TEST_KAFKA_TOOLS;
  if (tools === undefined) throw new Error("SLUICE_TEST_KAFKA_TOOLS names the command that runs Kafka's tools");
  const className = "org.apache.kafka.tools.DumpLogSegments";
  return finished(spawn("bash", ["-c", `${tools} "$@"`, "kafka", className, ...args]), "");
}

/** Four segments with keys that return, tombstones, both outcomes of transactions, and compressed batches. */
async function writtenLog(): Promise<SegmentsOnDisk> {
  const log = await SegmentsOnDisk.create(fileSystem, join(await temporaryDirectory(), "log"));
  const producer = { producerId: 5, producerEpoch: 0, isTransactional: true };
  const end = (type: "commit" | "abort") =>
    buildEndTransactionMarker({ type, coordinatorEpoch: 0, producerId: 5, producerEpoch: 0, timestampMs: startMs });
  for (let segment = 0; segment < 4; segment++) {
    const batches = Array.from({ length: 30 }, (_, index) => {
      const compression = index % 2 === 0 ? "gzip" : "none";
      const records = Array.from({ length: 3 }, (_, at) => {
        const key = `key-${(segment * 30 + index * (at + 1)) % 50}`;
        return { key, value: index % 7 === 3 ? null : `${segment}-${index}-${at}`.padEnd(40, ".") };
      });
      return keyedBatch(records, { compression, timestampMs: startMs + segment * 1000 + index });
    });
    if (segment === 0) {
      // Superseded soon, and the only one of its producer: its header stays.
      const idempotent = { producerId: 6, producerEpoch: 2, baseSequence: 30 };
      batches.push(keyedBatch([{ key: "transaction-commit", value: "early" }], { producer: idempotent }));
    }
    for (const [at, type] of (["abort", "commit"] as const).entries()) {
      const baseSequence = segment * 2 + at;
      const records = [{ key: `transaction-${type}`, value: `${segment}` }];
      batches.push(keyedBatch(records, { timestampMs: startMs, producer: { ...producer, baseSequence } }), end(type));
    }
    await log.addSegment(fileSystem, batches);
  }
  return log;
}

it("Kafka's DumpLogSegments reads compacted segments, and the same records", async () => {
  const log = await writtenLog();
  const compaction = new InlineCompaction({ fileSystem, clock: new NodeClock() });
  // Twice, so that markers without a transaction get a horizon too; a small segment size leaves several segments.
  for (const dirtyFrom of [0, log.endOffset]) {
    await log.commit(fileSystem, await compaction.run(log.job({ dirtyFrom, segmentBytesMax: 2000 })));
  }
  const headers = (await log.readBatches(fileSystem)).map(({ header }) => header);
  expect(headers.some(({ recordCount }) => recordCount === 0)).toBe(true);
  expect(headers.some(({ hasDeleteHorizon, isControl }) => hasDeleteHorizon && isControl)).toBe(true);
  expect(headers.some(({ hasDeleteHorizon, compression }) => hasDeleteHorizon && compression === "gzip")).toBe(true);
  expect(log.sources.length).toBeGreaterThan(1);

  const paths = log.sources.map(({ baseOffset }) => segmentPaths(log.directory, baseOffset));
  const files = paths.map(({ log: path }) => path).join(",");
  const dumped = await dump(["--deep-iteration", "--print-data-log", "--files", files]);
  expect(dumped.stderr).not.toMatch(/error|exception|corrupt|invalid/i);
  expect(dumped.stdout).not.toMatch(/mismatch|not found|corrupt|isvalid: false|Found [1-9]/i);
  expect(dumped.status).toBe(0);
  const found = [...dumped.stdout.matchAll(/offset: (\d+) CreateTime: (\d+) .* key: (\S+)(?: payload: (\S+))?$/gm)];
  const records = found.map(([, offset, timestampMs, key, payload]) => ({
    offset: Number(offset),
    timestampMs: Number(timestampMs),
    key,
    value: payload ?? null,
  }));
  expect(records).toEqual(await log.readRecords(fileSystem));

  const indexes = paths.flatMap(({ offsetIndex, timeIndex }) => [offsetIndex, timeIndex]).join(",");
  const checked = await dump(["--index-sanity-check", "--verify-index-only", "--files", indexes]);
  expect(checked.status).toBe(0);
  expect(checked.stderr + checked.stdout).not.toMatch(/exception|mismatch|corrupt|misordered|not found|fail/i);
  expect(checked.stdout).toMatch(/passed sanity check/);
});
