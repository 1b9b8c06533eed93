/** One member of etcd, from PATH, with its data and its log in a directory: the cluster store of `sluice dev --processes`. */

import { access, constants, mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { InputError } from "../command-context.js";
import { Child } from "./child-process.js";

/** Milliseconds in which it has to answer. */
const startTimeoutMs = 30_000;
const stopTimeoutMs = 10_000;
const pollMs = 50;

export interface EtcdProcess {
  /** Where brokers find it. */
  readonly endpoint: string;
  readonly pid: number | undefined;
  readonly logPath: string;
  readonly exited: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Path of the program `etcd`.
 * @throws InputError where PATH has none
 */
export async function findEtcd(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  for (const directory of (env.PATH ?? "").split(delimiter)) {
    if (directory === "") continue;
    const path = join(directory, "etcd");
    if (await isExecutable(path)) return path;
  }
  throw new InputError(
    "There is no 'etcd' on PATH, and brokers that are processes of their own keep their cluster in it.",
    "Install etcd 3.5 or newer (https://etcd.io/docs/latest/install/), or leave --processes out: then the brokers share one process.",
  );
}

/** Starts etcd; resolves when it answers. @throws InputError where it does not */
export async function startEtcd(
  options: { readonly program: string; readonly directory: string; readonly signal: AbortSignal },
  env: Readonly<Record<string, string | undefined>>,
): Promise<EtcdProcess> {
  const { program, directory, signal } = options;
  await mkdir(directory, { recursive: true });
  const [clientPort, peerPort] = await freePorts();
  const [client, peer] = [`http://127.0.0.1:${clientPort}`, `http://127.0.0.1:${peerPort}`];
  const flags = {
    name: "dev",
    "data-dir": join(directory, "data"),
    "listen-client-urls": client,
    "advertise-client-urls": client,
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": `dev=${peer}`,
  };
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  const child = await Child.start({
    command: program,
    args,
    env,
    logPath: join(directory, "etcd.log"),
    hasAnswers: false,
  });
  try {
    await untilHealthy(client, child, signal);
  } catch (error) {
    await child.stop(stopTimeoutMs);
    throw error;
  }
  const { pid, logPath, exited } = child;
  return { endpoint: client, pid, logPath, exited, stop: () => child.stop(stopTimeoutMs) };
}

async function untilHealthy(endpoint: string, child: Child, signal: AbortSignal): Promise<void> {
  const deadlineMs = performance.now() + startTimeoutMs;
  while (!(await isHealthy(endpoint))) {
    if (child.hasExited || performance.now() > deadlineMs)
      throw new InputError(
        `etcd ${child.hasExited ? "ended" : "does not answer"} after it was started.`,
        `Its log ${child.logPath} says why.`,
      );
    await sleep(pollMs, undefined, { signal });
  }
}

async function isHealthy(endpoint: string): Promise<boolean> {
  try {
    const response = await fetch(`${endpoint}/health`, { signal: AbortSignal.timeout(1000) });
    return ((await response.json()) as { readonly health?: unknown }).health === "true";
  } catch {
    return false; // Not yet.
  }
}

/** Two ports that are free now. */
async function freePorts(): Promise<readonly number[]> {
  const servers = await Promise.all(
    [0, 1].map(
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer().once("error", reject);
          server.listen(0, "127.0.0.1", () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { readonly port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
