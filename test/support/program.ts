/** Runs `sluice` and other programs as real processes, and stops them by pid after the test. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { onTestFinished } from "vitest";

export const repositoryRoot = join(import.meta.dirname, "../..");
const sluiceBin = join(repositoryRoot, "packages/cli/bin/sluice.js");

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `sluice` with arguments to its end. */
export function sluice(
  args: readonly string[],
  options: { readonly input?: string; readonly env?: Record<string, string> } = {},
): Promise<Finished> {
  return finished(
    spawn(process.execPath, [sluiceBin, ...args], { env: { ...process.env, ...options.env } }),
    options.input ?? "",
  );
}

export async function finished(child: ChildProcess, input: string): Promise<Finished> {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  // It may end without having read its input; what it made of that, its exit code says.
  child.stdin?.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  child.stdin?.end(input);
  const [status] = (await once(child, "close")) as [number | null];
  return { status, stdout, stderr };
}

/** A local cluster in a process of its own. */
export interface ClusterProcess {
  readonly brokers: string;
  readonly ports: readonly number[];
  /** SIGKILL, and wait until it is gone. */
  kill(): Promise<void>;
  /** SIGTERM, and wait for the exit code. */
  stop(): Promise<number | null>;
}

/** Starts `sluice dev` and resolves when every broker says that it is ready. */
export async function startClusterProcess(options: {
  readonly dataDirectory: string;
  readonly port: number;
  readonly brokers?: number;
}): Promise<ClusterProcess> {
  const count = options.brokers ?? 3;
  const args = ["dev", "--brokers", String(count), "--data", options.dataDirectory, "--port", String(options.port)];
  const child = spawn(process.execPath, [sluiceBin, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let talk = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (talk += text));
  const exited = once(child, "exit") as Promise<[number | null]>;
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return (await exited)[0];
  };
  onTestFinished(async () => {
    await end("SIGKILL");
  });
  const ports = Array.from({ length: count }, (_, index) => options.port + index);
  for (const port of ports) {
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`sluice dev ended with ${child.exitCode}:\n${talk}`);
      return (await fetch(`http://127.0.0.1:${port + 100}/readyz`).catch(() => undefined))?.ok === true;
    });
  }
  return {
    brokers: ports.map((port) => `127.0.0.1:${port}`).join(","),
    ports,
    kill: async () => void (await end("SIGKILL")),
    stop: () => end("SIGTERM"),
  };
}

/** Asks again and again until the condition holds. The test's own time limit ends it. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}
