/**
 * Guarantee: with acks=all, three replicas, two of them needed and flush=always, no single failure loses, doubles or reorders an
 * acknowledged record, replicas end the same, and neither producers nor the members of a group are told of an error.
 *
 * Three broker processes and a real etcd; each fault strikes while records are produced and consumed.
 */

import { describe, expect, it } from "vitest";
import type { CheckedLoad } from "../support/checked-load.js";
import type { EtcdMemberProcess } from "../support/etcd-process.js";
import type { ClusterBroker } from "../support/process-cluster.js";
import { until } from "../support/program.js";
import { cutOff, leaseMs, quietRecords, replicaLagMs, type Struck, wait, withstand } from "./withstand.js";

async function killAndRestart(broker: ClusterBroker, load: CheckedLoad): Promise<void> {
  await broker.process.kill();
  // Somebody else goes on without it.
  await load.more(quietRecords);
  await broker.start();
  await broker.ready();
}

async function pauseAndResume(broker: ClusterBroker, load: CheckedLoad): Promise<void> {
  broker.pause();
  await load.more(quietRecords);
  await wait(3 * leaseMs);
  broker.resume();
  await broker.ready();
}

/** Its lease runs out, and somebody else is elected: it would not, were it not cut off. */
async function cutOffFromEtcd({ leader, load }: Struck): Promise<void> {
  const broker = await leader();
  const etcd = broker.proxies?.etcd ?? [];
  for (const proxy of etcd) proxy.stall("both");
  await until(async () => (await leader()).id !== broker.id);
  await wait(leaseMs);
  await load.more(quietRecords);
  for (const proxy of etcd) proxy.resume();
  await broker.ready();
}

describe("no acknowledged record is lost", { timeout: 600_000 }, () => {
  it("when a leader is killed", () => withstand({}, async ({ leader, load }) => killAndRestart(await leader(), load)));

  it("when a follower is killed", () =>
    withstand({}, async ({ follower, load }) => killAndRestart(await follower(), load)));

  it("when the controller is killed", () =>
    withstand({}, async ({ controller, load }) => killAndRestart(await controller(), load)));

  it("when the coordinator of the group is killed", () =>
    withstand({}, async ({ coordinator, load }) => killAndRestart(await coordinator(), load)));

  it("when all brokers are killed at once", () =>
    withstand({}, async ({ cluster }) => {
      await Promise.all(cluster.brokers.map((broker) => broker.process.kill()));
      await Promise.all(cluster.brokers.map((broker) => broker.start()));
      await Promise.all(cluster.brokers.map((broker) => broker.ready()));
    }));

  it("when a leader is stopped in order", () =>
    withstand({}, async ({ leader, load }) => {
      const broker = await leader();
      expect(await broker.process.stop()).toBe(0);
      await load.more(quietRecords);
      await broker.start();
      await broker.ready();
    }));

  it("when a leader is paused for three lease times", () =>
    withstand({}, async ({ leader, load }) => pauseAndResume(await leader(), load)));

  it("when the coordinator of the group is paused for three lease times", () =>
    withstand({}, async ({ coordinator, load }) => pauseAndResume(await coordinator(), load)));

  it("when a leader is cut off from etcd only", () => withstand({ proxies: true }, cutOffFromEtcd));

  it("when a leader is cut off from its followers only", () =>
    withstand({ proxies: true }, async ({ leader, load }) => {
      // It still talks to the others, and nobody takes it for dead: it waits, and acknowledges nothing.
      await cutOff((await leader()).proxies?.internal, 2 * replicaLagMs);
      await load.more(quietRecords);
    }));

  it("when a leader is cut off from its clients only", () =>
    withstand({ proxies: true }, async ({ leader, load }) => {
      await cutOff((await leader()).proxies?.external, leaseMs);
      await load.more(quietRecords);
    }));

  it("when a member of etcd is killed", () =>
    withstand({ etcdMembers: 3 }, async ({ cluster, load, round }) => {
      const { members } = cluster.etcd;
      // Sooner or later the one that leads.
      const member = members[round % members.length] as EtcdMemberProcess;
      await member.kill();
      await load.more(quietRecords);
      member.start();
      await cluster.etcd.untilHealthy();
    }));

  it("when etcd has no majority for 30 s", () =>
    withstand({ etcdMembers: 3 }, async ({ cluster, load }) => {
      const lost = cluster.etcd.members.slice(0, 2);
      for (const member of lost) member.pause();
      await load.more(quietRecords);
      await wait(30_000);
      await load.more(quietRecords);
      for (const member of lost) member.resume();
      await cluster.etcd.untilHealthy();
    }));
});
