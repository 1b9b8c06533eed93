/**
 * A local cluster whose brokers are processes of their own, over a real etcd: what a production cluster is, on one machine. A broker may
 * be killed, and the others go on.
 *
 * Layout: `<data>/etcd/` and `<data>/broker-1/`, `<data>/broker-2/` ..., each with a log file beside its data.
 */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { CommandContext } from "../command-context.js";
import { InputError } from "../command-context.js";
import { Child } from "./child-process.js";
import type { DevBroker, DevCluster } from "./dev-cluster.js";
import { type EtcdProcess, findEtcd, startEtcd } from "./etcd-process.js";

export interface ProcessClusterOptions {
  readonly brokers: number;
  readonly dataDirectory: string;
  /** gRPC port of the first broker; the others follow. 0: free ports. */
  readonly port: number;
  readonly host: string;
  /** Milliseconds that a broker gives its clients when it stops. */
  readonly stopGraceMs: number;
}

/** Milliseconds in which a broker has to be ready. */
const startTimeoutMs = 60_000;
/** What stopping may take beyond the time that clients are given. */
const closingMs = 10_000;
const pollMs = 50;
/** Kept back on the disk for each broker: a laptop has one disk for all of them. */
const laptopReserveBytes = 8 * 1024 * 1024;
const program = fileURLToPath(new URL("../../bin/sluice.js", import.meta.url));

interface BrokerChild extends DevBroker {
  readonly child: Child;
}

/**
 * Starts etcd and the brokers; resolves when all are ready.
 * @throws InputError where there is no etcd, or something of it does not start
 */
export async function startProcessCluster(
  options: ProcessClusterOptions,
  context: Pick<CommandContext, "env" | "stderr" | "signal">,
): Promise<DevCluster> {
  const etcdProgram = await findEtcd(context.env);
  const directory = join(options.dataDirectory, "etcd");
  const etcd = await startEtcd({ program: etcdProgram, directory, signal: context.signal }, context.env);
  const starts = await Promise.allSettled(
    Array.from({ length: options.brokers }, (_, index) => startBroker(index, etcd, options, context)),
  );
  const brokers = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  const cluster = new ProcessCluster(etcd, brokers, options.stopGraceMs);
  const failed = starts.find((start) => start.status === "rejected");
  if (failed !== undefined) {
    await cluster.close();
    throw failed.reason;
  }
  cluster.tellDeaths((text) => void context.stderr.write(text));
  return cluster;
}

class ProcessCluster implements DevCluster {
  readonly brokers: readonly BrokerChild[];
  readonly #etcd: EtcdProcess;
  readonly #stopGraceMs: number;
  #closing: Promise<void> | undefined;

  constructor(etcd: EtcdProcess, brokers: readonly BrokerChild[], stopGraceMs: number) {
    this.#etcd = etcd;
    this.brokers = brokers;
    this.#stopGraceMs = stopGraceMs;
  }

  get bootstrap(): readonly string[] {
    return this.brokers.map(({ host, port }) => `${host}:${port}`);
  }

  /** Says when something ends that was not asked to. */
  tellDeaths(tell: (text: string) => void): void {
    const watch = (
      name: string,
      { exited, logPath }: { readonly exited: Promise<void>; readonly logPath: string },
    ): void => {
      void exited.then(() => this.#closing === undefined && tell(`${name} has ended. Its log is ${logPath}.\n`));
    };
    watch("etcd", this.#etcd);
    for (const { id, child } of this.brokers) watch(`Broker ${id}`, child);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The brokers first: they give their leases back. */
  async #close(): Promise<void> {
    await Promise.all(this.brokers.map(({ child }) => child.stop(this.#stopGraceMs + closingMs)));
    await this.#etcd.stop();
  }
}

async function startBroker(
  index: number,
  etcd: EtcdProcess,
  options: ProcessClusterOptions,
  { env, signal }: Pick<CommandContext, "env" | "signal">,
): Promise<BrokerChild> {
  const id = index + 1;
  const dataDirectory = join(options.dataDirectory, `broker-${id}`);
  await mkdir(dataDirectory, { recursive: true });
  const flags: Readonly<Record<string, string | number | boolean>> = {
    "broker-id": id,
    host: options.host,
    port: options.port === 0 ? 0 : options.port + index,
    "advertised-port": 0,
    "http-port": -1,
    "data-directory": dataDirectory,
    "etcd-endpoints": etcd.endpoint,
    "group-offsets-brokers-min": options.brokers,
  };
  const args = [program, "broker", ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)];
  // What somebody set in the environment counts; the rest is as for brokers that share a process.
  const settings = { SLUICE_AUTO_CREATE_TOPICS: "true", SLUICE_DISK_RESERVE_BYTES: String(laptopReserveBytes), ...env };
  const logPath = join(options.dataDirectory, `broker-${id}.log`);
  const child = await Child.start({ command: process.execPath, args, env: settings, logPath, hasAnswers: true });
  try {
    const line = await child.firstLine();
    if (line === undefined) throw notStarted(id, child);
    const { host, port, httpPort } = JSON.parse(line) as DevBroker;
    await untilReady(`http://${host}:${httpPort}/readyz`, { id, child, signal });
    return { id, host, port, httpPort, pid: child.pid, child };
  } catch (error) {
    await child.stop(closingMs);
    throw error;
  }
}

async function untilReady(
  url: string,
  { id, child, signal }: { readonly id: number; readonly child: Child; readonly signal: AbortSignal },
): Promise<void> {
  const deadlineMs = performance.now() + startTimeoutMs;
  while (!(await isReady(url))) {
    if (child.hasExited || performance.now() > deadlineMs) throw notStarted(id, child);
    await sleep(pollMs, undefined, { signal });
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1000) })).ok;
  } catch {
    return false; // Not yet.
  }
}

function notStarted(id: number, child: Child): InputError {
  const what = child.hasExited ? "ended" : "is not ready";
  return new InputError(`Broker ${id} ${what} after it was started.`, `Its log ${child.logPath} says why.`);
}
