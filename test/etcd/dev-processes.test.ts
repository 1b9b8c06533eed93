/** `sluice dev --processes`: real broker processes over a real etcd, one of which may be killed. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Sluice } from "@sluice/client";
import { expect, it, onTestFinished } from "vitest";
import { repositoryRoot, sluice, until } from "../support/program.js";
import { temporaryDirectory } from "../support/temporary-directory.js";

interface Announced {
  readonly brokers: readonly { readonly id: number; readonly pid: number }[];
  readonly bootstrap: readonly string[];
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

it("runs a process a broker, tells when one is gone, goes on without it, and leaves none behind", async () => {
  const home = await temporaryDirectory();
  const bin = join(repositoryRoot, "packages/cli/bin/sluice.js");
  const args = ["dev", "--processes", "--port", "0", "--data", join(home, "data"), "-o", "json"];
  const child = spawn(process.execPath, [bin, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, XDG_CONFIG_HOME: home },
  });
  let said = "";
  let announced = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stdout.setEncoding("utf8").on("data", (text: string) => (announced += text));
  const exited = once(child, "exit") as Promise<[number | null]>;
  let pids: readonly number[] = [];
  onTestFinished(() => {
    // By id, and also where `dev` did not get to it.
    for (const pid of pids) if (isRunning(pid)) process.kill(pid, "SIGKILL");
    child.kill("SIGKILL");
  });
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`sluice dev ended:\n${said}`);
    return announced.includes("\n");
  });
  const { brokers, bootstrap } = JSON.parse(announced) as Announced;
  pids = brokers.map(({ pid }) => pid);
  expect(new Set([child.pid, ...pids]).size).toBe(4);

  await using client = new Sluice({ brokers: [...bootstrap] });
  await client.admin().createTopics({ topics: [{ topic: "t", numPartitions: 3 }] });
  const producer = client.producer();
  const send = () =>
    Promise.all([0, 1, 2].map((partition) => producer.send({ topic: "t", messages: [{ value: "v", partition }] })));
  await send();
  process.kill(pids[0] as number, "SIGKILL");
  expect((await send()).flat().map(({ offset }) => offset)).toEqual([1, 1, 1]);
  await until(async () => said.includes("Broker 1 has ended."));

  child.kill("SIGTERM");
  expect((await exited)[0]).toBe(0);
  expect(pids.filter(isRunning)).toEqual([]);
});

it("says what is missing where there is no etcd", async () => {
  const env = { PATH: await temporaryDirectory(), XDG_CONFIG_HOME: await temporaryDirectory() };
  const ended = await sluice(["dev", "--processes", "--port", "0", "--temporary"], { env });
  expect(ended).toMatchObject({ status: 1, stderr: expect.stringMatching(/no 'etcd' on PATH[\s\S]*etcd\.io/) });
});
