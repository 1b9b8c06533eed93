/**
 * The least that a produce path over grpc-js can cost: producer -> leader -> followers -> answer, with a CRC and an append at
 * each replica and nothing else, every one a process of its own. What Sluice reaches is given as a ratio to it.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Child } from "../child.js";
import type { ProcessCost } from "../child-messages.js";
import type { LatencySummary } from "../latency-histogram.js";

export interface BareOptions {
  readonly replicationFactor: number;
  readonly flush: "os" | "always";
  /** Receive window of the leader's streams and connections. */
  readonly windowBytes: number;
  readonly totalBytes: number;
  readonly batchBytes: number;
  /** Batches in flight on each connection. */
  readonly inFlight: number;
  readonly connections: number;
}

export interface BareResult {
  /** Megabytes (10^6) a second. */
  readonly mbPerSecond: number;
  readonly latency: LatencySummary;
  readonly leader: ProcessCost;
  readonly producer: ProcessCost;
}

/** The pipe that ratios are taken from: 600 MB in batches of 256 KiB, five in flight on one connection. */
export const bareDefaults: BareOptions = {
  replicationFactor: 1,
  flush: "os",
  windowBytes: 1024 * 1024,
  totalBytes: 600e6,
  batchBytes: 256 * 1024,
  inFlight: 5,
  connections: 1,
};

/** Runs the pipe once, in a temporary directory. Every process it starts is gone when it resolves or rejects. */
export async function runBarePipeline(options: BareOptions): Promise<BareResult> {
  const directory = await mkdtemp(path.join(tmpdir(), "sluice-bare-"));
  const children: Child[] = [];
  const start = (name: string, ...args: (string | number)[]): Child => {
    const child = new Child(new URL(`./bare-${name}.js`, import.meta.url), args);
    children.push(child);
    return child;
  };
  try {
    const { replicationFactor, flush, windowBytes } = options;
    const leader = start("leader", path.join(directory, "leader"), replicationFactor, flush, windowBytes);
    const { port } = await leader.next("ready");
    for (let i = 1; i < replicationFactor; i++) start("follower", port, path.join(directory, `follower-${i}`), flush);
    for (let i = 1; i < replicationFactor; i++) await leader.next("following");
    const { totalBytes, batchBytes, inFlight, connections } = options;
    const producer = start("producer", port, totalBytes, batchBytes, inFlight, connections);
    const { bytes, seconds, latency } = await producer.next("measured");
    // The producer first: to the others a leader that goes away is a failure.
    const producerCost = await producer.stop();
    const leaderCost = await leader.stop();
    if (latency === null) throw new Error("the bare producer measured no latency");
    return { mbPerSecond: bytes / seconds / 1e6, latency, leader: leaderCost, producer: producerCost };
  } finally {
    for (const child of children) child.kill();
    await rm(directory, { recursive: true, force: true });
  }
}
