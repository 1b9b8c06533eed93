/**
 * Runs a load on three broker processes, strikes while records are produced and consumed, and checks everything: what all chaos
 * tests are made of.
 */

import { expect } from "vitest";
import { CheckedLoad } from "../support/checked-load.js";
import { type ClusterBroker, ProcessCluster, type ProcessClusterOptions } from "../support/process-cluster.js";
import { until } from "../support/program.js";
import { propertyRuns } from "../support/property-runs.js";
import type { TcpProxy } from "../support/tcp-proxy.js";

/** Records of each partition between two faults. */
export const quietRecords = 20;
export const leaseMs = 3000;
export const replicaLagMs = 2000;

const rounds = propertyRuns({ usual: 1, long: 10 });
/** Nobody may be cut off in vain: so many connections must have been refused meanwhile. */
const refusedMin = 2;

const topic = "orders";
const partitions = 3;
const members = 3;
const env = { SLUICE_BROKER_LEASE_MS: String(leaseMs), SLUICE_REPLICA_LAG_MS: String(replicaLagMs) };

export interface Struck {
  readonly cluster: ProcessCluster;
  readonly load: CheckedLoad;
  /** How often it has struck before. */
  readonly round: number;
  /** Of the first partition. */
  leader(): Promise<ClusterBroker>;
  follower(): Promise<ClusterBroker>;
  controller(): Promise<ClusterBroker>;
  /** Of the group that reads along. */
  coordinator(): Promise<ClusterBroker>;
}

export interface WithstandOptions extends ProcessClusterOptions {
  /** Added to each value. Default 0. */
  readonly paddingBytes?: number;
  /** How often it strikes. Default: once, ten times in a long run. */
  readonly rounds?: number;
}

/** Runs a load, strikes so many times, and checks everything. A strike repairs what it broke. */
export async function withstand(options: WithstandOptions, strike: (struck: Struck) => Promise<void>): Promise<void> {
  const cluster = await ProcessCluster.start({ ...options, env: { ...env, ...options.env } });
  const { paddingBytes = 0 } = options;
  const load = await CheckedLoad.start(cluster, { topic, partitions, members, paddingBytes });
  const leader = (): Promise<ClusterBroker> => cluster.leaderOf(load.client, topic, 0);
  const follower = async (): Promise<ClusterBroker> => {
    const { id } = await leader();
    return cluster.brokers.find((broker) => broker.id !== id) as ClusterBroker;
  };
  const controller = (): Promise<ClusterBroker> => cluster.controller(load.client);
  const coordinator = (): Promise<ClusterBroker> => cluster.coordinatorOf(load.group);
  const strikes = options.rounds ?? rounds;
  for (let round = 0; round < strikes; round += 1) {
    await load.more(quietRecords);
    await strike({ cluster, load, round, leader, follower, controller, coordinator });
    const commitsBefore = load.commitCount;
    await load.more(quietRecords);
    // The group goes on as well.
    await until(() => load.errors.length > 0 || load.commitCount > commitsBefore);
    await load.inSync();
  }
  await load.finish();
  expect(load.acknowledgedCount).toBeGreaterThan(strikes * quietRecords * partitions);
}

/** Nobody gets through that proxy for so long, and before that is over, `then` happens. */
export async function cutOff(
  proxy: TcpProxy | undefined,
  ms: number,
  then: () => Promise<void> = async () => {},
): Promise<void> {
  if (proxy === undefined) throw new Error("there is no proxy in between");
  const refusedBefore = proxy.refusedCount;
  proxy.refuse(true);
  proxy.cut();
  await wait(ms);
  await until(() => proxy.refusedCount >= refusedBefore + refusedMin);
  await then();
  proxy.refuse(false);
}

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
