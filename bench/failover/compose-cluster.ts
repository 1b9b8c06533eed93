/**
 * The brokers of a docker-compose file that is up. They are struck through the Docker engine, and stay up afterwards; a run that is
 * interrupted leaves the one that it struck killed or paused, for `docker start` or `docker unpause`.
 *
 * A broker is found by the port of this machine that its container publishes: the cluster tells the same port, with the broker's id.
 */

import { execFile } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { Sluice } from "@sluice/client";
import { repositoryRoot } from "../sluice-process.js";
import type { FailoverBroker, FailoverCluster } from "./failover-cluster.js";

/** A container that a client on this machine can dial. */
export interface PublishedContainer {
  readonly name: string;
  /** Port of this machine. */
  readonly port: number;
}

const run = promisify(execFile);
const pollMs = 20;
const host = "localhost";

/**
 * Finds the brokers; whoever asks has brought them up.
 * @param file path of the compose file, from the top of the repository
 * @throws where nothing of it is up, or `docker` cannot be run
 */
export async function findComposeCluster(file: string): Promise<FailoverCluster> {
  const containers = publishedContainers(await docker("compose", "--file", file, "ps", "--format", "json"));
  if (containers.length === 0) throw new Error(`no broker of ${file} is up: docker compose --file ${file} up --wait`);
  const addresses = containers.map(({ port }) => `${host}:${port}`);
  await using client = new Sluice({ brokers: addresses });
  const { brokers } = await client.admin().describeCluster();
  const idOf = (port: number): number => {
    const broker = brokers.find((one) => one.port === port);
    if (broker === undefined) throw new Error(`no broker of the cluster at ${addresses.join()} is at port ${port}`);
    return broker.nodeId;
  };
  return {
    addresses,
    brokers: containers.map(({ name, port }) => strikable(idOf(port), name)),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** What `docker compose ps --format json` lists, a line each: those that publish a port. etcd publishes none. */
export function publishedContainers(lines: string): PublishedContainer[] {
  return lines
    .split("\n")
    .filter((line) => line !== "")
    .flatMap((line) => {
      const { Name: name, Publishers: publishers } = JSON.parse(line) as {
        readonly Name: string;
        readonly Publishers: readonly { readonly PublishedPort: number }[];
      };
      // A port that is not published is listed with 0; one that is, once for each version of IP.
      const port = publishers.find(({ PublishedPort }) => PublishedPort > 0)?.PublishedPort;
      return port === undefined ? [] : [{ name, port }];
    });
}

function strikable(id: number, container: string): FailoverBroker {
  return {
    id,
    kill: async () => {
      await docker("kill", "--signal", "KILL", container);
      await isGone(container);
    },
    stop: () => docker("stop", container).then(() => undefined),
    start: () => docker("start", container).then(() => undefined),
    pause: () => docker("pause", container).then(() => undefined),
    resume: () => docker("unpause", container).then(() => undefined),
  };
}

/** The engine answers when the signal is sent, and would not start what still runs. */
async function isGone(container: string): Promise<void> {
  while ((await docker("inspect", "--format", "{{.State.Running}}", container)).trim() !== "false")
    await setTimeout(pollMs);
}

async function docker(...args: readonly string[]): Promise<string> {
  return (await run("docker", [...args], { cwd: repositoryRoot })).stdout;
}
