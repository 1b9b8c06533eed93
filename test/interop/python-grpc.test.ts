/**
 * Another language: Python's grpcio, with code made from proto/, produces and consumes through the service Records.
 *
 * It takes a Python with the packages grpcio and grpcio-tools: `SLUICE_TEST_PYTHON` names it, default `python3`. Without, it
 * says so and is skipped.
 */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { startTestCluster } from "@sluice/testing";
import { expect, it } from "vitest";
import { type Finished, finished, repositoryRoot } from "../support/program.js";
import { temporaryDirectory } from "../support/temporary-directory.js";

const python = process.env.SLUICE_TEST_PYTHON ?? "python3";

async function runPython(...args: readonly string[]): Promise<Finished> {
  const child = spawn(python, args);
  const absent = new Promise<Finished>((resolve) =>
    child.once("error", (error) => resolve({ status: null, stdout: "", stderr: error.message })),
  );
  return await Promise.race([absent, finished(child, "")]);
}

it("Python produces and consumes with code that is made from proto/", { timeout: 120_000 }, async (context) => {
  const { status: ready } = await runPython("-c", "import grpc, grpc_tools");
  if (ready !== 0) context.skip(`${python} has no grpcio and grpcio-tools, or is not there`);

  const generated = await temporaryDirectory();
  const proto = join(repositoryRoot, "proto");
  const files = ["common", "records"].map((name) => `sluice/v1/${name}.proto`);
  const out = [`--python_out=${generated}`, `--grpc_python_out=${generated}`];
  const made = await runPython("-m", "grpc_tools.protoc", `-I${proto}`, ...out, ...files);
  expect(made.stderr).toBe("");
  expect(made.status).toBe(0);

  await using cluster = await startTestCluster();
  const client = cluster.createClient();
  await client.admin().createTopics({ topics: [{ topic: "polyglot", numPartitions: 1 }] });
  await client
    .producer()
    .send({ topic: "polyglot", messages: [{ key: "ts", value: "from typescript", timestamp: 5 }] });

  const program = join(import.meta.dirname, "python_records.py");
  const ran = await runPython(program, generated, cluster.brokers[0] as string, "polyglot");
  expect(ran.status, ran.stderr).toBe(0);
  const headers = { language: "python" };
  const ours = { offset: 0, timestampMs: 5, key: "ts", value: "from typescript", headers: {} };
  const theirs = [0, 1, 2].map((index) => {
    const timestampMs = 1_700_000_000_000 + index;
    return { offset: 1 + index, timestampMs, key: "größe", value: `from python ${index}`, headers };
  });
  const nothing = { offset: 4, timestampMs: expect.any(Number) as number, key: null, value: null, headers: {} };
  expect(JSON.parse(ran.stdout)).toEqual({
    receipts: [1, 2, 3, 4].map((offset) => [0, offset, 0]),
    consumed: [ours, ...theirs, nothing],
    refused: "NOT_FOUND",
  });

  const read: [string, string][] = [];
  for await (const { key, value } of client.consumer().read({ topic: "polyglot", from: 1, limit: 3 }))
    read.push([String(key), String(value)]);
  expect(read).toEqual(theirs.map(({ key, value }) => [key, value]));
});
