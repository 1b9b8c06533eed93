/** One broker as a real process, with settings of its own and its log at hand; stopped by pid after the test. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { repositoryRoot } from "./program.js";

const sluiceBin = join(repositoryRoot, "packages/cli/bin/sluice.js");

/** What an HTTP page of a broker says. */
export interface Page {
  readonly status: number;
  readonly body: string;
}

export interface BrokerProcess {
  /** `host:port`, for a client. */
  readonly address: string;
  /** Lines of its log so far, and whatever else it said. */
  readonly log: () => string;
  /** A page of its HTTP listener. */
  page(path: "/healthz" | "/readyz" | "/metrics"): Promise<Page>;
  /** Value of a metric without labels. */
  metric(name: string): Promise<number>;
  /** SIGKILL, and wait until it is gone. */
  kill(): Promise<void>;
  /** SIGTERM, and wait for the exit code. */
  stop(): Promise<number | null>;
  /** Sends a signal, and waits for nothing. */
  signal(signal: NodeJS.Signals): void;
  /** Its exit code when it has ended; null: a signal ended it. */
  readonly exitCode: Promise<number | null>;
  /** Resident memory in bytes, as it says itself. */
  residentBytes(): Promise<number>;
}

/** Starts `sluice broker`; resolves when it says where it listens, ready or not. */
export async function startBrokerProcess(options: {
  readonly dataDirectory: string;
  readonly port: number;
  /** Settings by their environment names. */
  readonly env?: Readonly<Record<string, string>>;
}): Promise<BrokerProcess> {
  const { dataDirectory, port, env } = options;
  const args = ["broker", "--data-directory", dataDirectory, "--port", String(port)];
  const child = spawn(process.execPath, [sluiceBin, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  let said = "";
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  const exited = once(child, "exit") as Promise<[number | null]>;
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return (await exited)[0];
  };
  onTestFinished(async () => void (await end("SIGKILL")));
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.includes("\n")) resolve();
    });
    child.once("exit", (code) => reject(new Error(`sluice broker ended with ${code}:\n${log}`)));
  });
  const page = async (path: string): Promise<Page> => {
    const response = await fetch(`http://127.0.0.1:${port + 100}${path}`);
    return { status: response.status, body: await response.text() };
  };
  const metric = async (name: string): Promise<number> => {
    const line = (await page("/metrics")).body.split("\n").find((one) => one.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1));
  };
  return {
    address: `127.0.0.1:${port}`,
    log: () => log,
    page,
    metric,
    kill: async () => void (await end("SIGKILL")),
    stop: () => end("SIGTERM"),
    signal: (signal) => void child.kill(signal),
    exitCode: exited.then(([code]) => code),
    residentBytes: () => metric("process_resident_memory_bytes"),
  };
}
