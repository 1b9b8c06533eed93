/** A program that closes its client on signals: in the middle of a long poll it ends at once, by the signal, with all committed. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { startTestCluster } from "@sluice/testing";
import { expect, it, onTestFinished } from "vitest";
import { repositoryRoot, until } from "../support/program.js";
import { temporaryDirectory } from "../support/temporary-directory.js";

const client = pathToFileURL(join(repositoryRoot, "packages/client/dist/index.js")).href;

const program = `
  import { Sluice } from ${JSON.stringify(client)};
  const sluice = new Sluice({ brokers: process.env.SLUICE_BROKERS });
  sluice.closeOnSignals();
  const consumer = sluice.consumer({ groupId: "g", startFrom: "earliest", maxWaitTimeInMs: 300_000, autoCommitInterval: 3_600_000 });
  await consumer.subscribe({ topics: ["t"] });
  for await (const message of consumer) console.log(String(message.value));
  console.log("over");
`;

it.each(["SIGTERM", "SIGINT"] as const)("ends on %s, in the middle of a long poll", async (signal) => {
  await using cluster = await startTestCluster();
  const sluice = cluster.createClient();
  await sluice.producer().send({ topic: "t", messages: [{ value: "a" }, { value: "b" }] });
  const path = join(await temporaryDirectory(), "program.mjs");
  await writeFile(path, program);
  const env = { ...process.env, SLUICE_BROKERS: cluster.brokers[0] };
  const child = spawn(process.execPath, [path], { env, stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  await until(() => said === "a\nb\n");
  child.kill(signal);
  expect(await once(child, "close")).toEqual([null, signal]);
  expect(said).toBe("a\nb\nover\n");
  const [committed] = await sluice.admin().fetchOffsets({ groupId: "g", topics: ["t"] });
  expect(committed?.partitions[0]?.offset).toBe(2);
});
