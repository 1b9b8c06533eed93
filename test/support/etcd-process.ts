/**
 * A real etcd for a test: one member or several, as processes of their own on free ports of 127.0.0.1, in a directory that goes with
 * them. Needs `etcd` on PATH. Elections are quick (300 ms), so that a test of them is too.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Etcd3 } from "etcd3";
import { freePortRange } from "./free-ports.js";
import { until } from "./program.js";

export interface EtcdClusterOptions {
  /** Members. Default 1. */
  readonly members?: number;
  /** Further arguments of every member. */
  readonly args?: readonly string[];
  /** Further settings of every member, as its environment names them: one that does not know a setting goes on without it. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default http. Of https the files are among `args`. */
  readonly scheme?: "http" | "https";
}

/** The tests are about answers, not about power losses of etcd. */
const withoutFsync = { ETCD_UNSAFE_NO_FSYNC: "true" };
const heartbeatMs = 30;
const electionMs = 300;

/** One process of etcd, which can be killed, stopped for a while, and started again with the data it had. */
export class EtcdMemberProcess {
  readonly port: number;
  readonly #args: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #exited: Promise<unknown> = Promise.resolve();
  #said = "";

  constructor(
    port: number,
    settings: { readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> },
  ) {
    this.port = port;
    this.#args = settings.args;
    this.#env = settings.env;
  }

  /** Returns when the process is there; it may not have found its peers yet. */
  start(): void {
    const child = spawn("etcd", this.#args, {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, ...this.#env },
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#said = (this.#said + text).slice(-20_000)));
    // No program of that name: there is no exit then.
    child.once("error", (error) => (this.#said += error.message));
    this.#exited = new Promise((resolve) => child.once("close", resolve));
    this.#child = child;
  }

  get isRunning(): boolean {
    return this.#child?.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What it logged last. */
  get log(): string {
    return this.#said;
  }

  /** SIGKILL, and wait until it is gone. */
  async kill(): Promise<void> {
    if (this.isRunning) this.#child?.kill("SIGKILL");
    await this.#exited;
  }

  /** SIGSTOP: its sockets stay, and nobody reads from them. */
  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }
}

export class EtcdCluster {
  readonly members: readonly EtcdMemberProcess[];
  readonly endpoints: readonly string[];
  /** etcd's own client, for what no broker does. Without TLS and user. */
  readonly client: Etcd3;
  readonly #directory: string;

  private constructor(members: readonly EtcdMemberProcess[], scheme: string, directory: string) {
    this.members = members;
    this.endpoints = members.map(({ port }) => `${scheme}://127.0.0.1:${port}`);
    this.client = new Etcd3({ hosts: [...this.endpoints] });
    this.#directory = directory;
  }

  /** Resolves when every member serves and there is a leader. */
  static async start(options: EtcdClusterOptions = {}): Promise<EtcdCluster> {
    const { members = 1, args = [], env = {}, scheme = "http" } = options;
    const directory = await mkdtemp(join(tmpdir(), "sluice-etcd-"));
    const first = await freePortRange(2 * members);
    const ports = Array.from({ length: members }, (_, index) => ({
      client: first + index,
      peer: first + members + index,
    }));
    const peers = ports.map(({ peer }, index) => `m${index}=http://127.0.0.1:${peer}`).join(",");
    const processes = ports.map(({ client, peer }, index) => {
      const own = memberArgs({ name: `m${index}`, directory, scheme, client, peer, peers });
      return new EtcdMemberProcess(client, { args: [...own, ...args], env: { ...withoutFsync, ...env } });
    });
    const cluster = new EtcdCluster(processes, scheme, directory);
    for (const member of processes) member.start();
    try {
      await cluster.untilHealthy();
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
    return cluster;
  }

  /** Waits until every member that runs answers as part of a majority. */
  async untilHealthy(): Promise<void> {
    await until(async () => {
      const running = this.members.filter(({ isRunning }) => isRunning);
      if (running.length === 0) throw new Error(`etcd does not run:\n${this.members.map(({ log }) => log).join("\n")}`);
      const healthy = await Promise.all(running.map(({ port }) => isHealthy(port + healthPortDistance)));
      return healthy.every(Boolean);
    });
  }

  /** Copies the data of all members, which are killed for it and started again. */
  async backUp(): Promise<void> {
    await this.#whileDown(() => cp(this.#directory, this.#backupDirectory, { recursive: true }));
  }

  /** Puts back the data of the last backup: etcd knows nothing of what came after it. */
  async restore(): Promise<void> {
    await this.#whileDown(async () => {
      await rm(this.#directory, { recursive: true });
      await cp(this.#backupDirectory, this.#directory, { recursive: true });
    });
  }

  async #whileDown(act: () => Promise<void>): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    await act();
    for (const member of this.members) member.start();
    await this.untilHealthy();
  }

  get #backupDirectory(): string {
    return `${this.#directory}-backup`;
  }

  /** Kills what runs and removes the directory. */
  async dispose(): Promise<void> {
    this.client.close();
    for (const member of this.members) member.resume();
    await Promise.all(this.members.map((member) => member.kill()));
    for (const directory of [this.#directory, this.#backupDirectory])
      await rm(directory, { recursive: true, force: true });
  }
}

/** Ports 100 higher are free as well (`free-ports`): health is asked there, without TLS and without a user. */
const healthPortDistance = 100;

function memberArgs(member: {
  readonly name: string;
  readonly directory: string;
  readonly scheme: string;
  readonly client: number;
  readonly peer: number;
  readonly peers: string;
}): string[] {
  const clientUrl = `${member.scheme}://127.0.0.1:${member.client}`;
  const peerUrl = `http://127.0.0.1:${member.peer}`;
  return [
    ["name", member.name],
    ["data-dir", join(member.directory, member.name)],
    ["listen-client-urls", clientUrl],
    ["advertise-client-urls", clientUrl],
    ["listen-peer-urls", peerUrl],
    ["initial-advertise-peer-urls", peerUrl],
    ["initial-cluster", member.peers],
    ["listen-metrics-urls", `http://127.0.0.1:${member.client + healthPortDistance}`],
    ["heartbeat-interval", String(heartbeatMs)],
    ["election-timeout", String(electionMs)],
    ["log-level", "warn"],
  ].map(([name, value]) => `--${name}=${value}`);
}

async function isHealthy(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
  return answer?.ok === true;
}
