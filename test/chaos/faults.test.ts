/**
 * Guarantee: with acks=all, three replicas, two of them needed and flush=always, no single failure loses, doubles or reorders an
 * acknowledged record, replicas end the same, and neither producers nor the members of a group are told of an error.
 *
 * Three broker processes and a real etcd; each fault strikes while records are produced and consumed.
 */

import { describe, expect, it } from "vitest";
import type { CheckedLoad } from "../support/checked-load.js";
import type { ClusterBroker } from "../support/process-cluster.js";
import { leaseMs, quietRecords, replicaLagMs, wait, withstand } from "./withstand.js";

async function killAndRestart(broker: ClusterBroker, load: CheckedLoad): Promise<void> {
  await broker.process.kill();
  // Somebody else goes on without it.
  await load.more(quietRecords);
  await broker.start();
  await broker.ready();
}

describe("no acknowledged record is lost", { timeout: 600_000 }, () => {
  it("when a leader is killed", () => withstand({}, async ({ leader, load }) => killAndRestart(await leader(), load)));

  it("when a follower is killed", () =>
    withstand({}, async ({ follower, load }) => killAndRestart(await follower(), load)));

  it("when the controller is killed", () =>
    withstand({}, async ({ controller, load }) => killAndRestart(await controller(), load)));

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
    withstand({}, async ({ leader, load }) => {
      const broker = await leader();
      broker.pause();
      await load.more(quietRecords);
      await wait(3 * leaseMs);
      broker.resume();
      await broker.ready();
    }));

  it("when a leader is cut off from etcd only", () =>
    withstand({ proxies: true }, async ({ leader, load }) => {
      const etcd = (await leader()).proxies?.etcd ?? [];
      for (const proxy of etcd) proxy.stall("both");
      await wait(2 * leaseMs);
      await load.more(quietRecords);
      for (const proxy of etcd) proxy.resume();
    }));

  it("when a leader is cut off from its followers only", () =>
    withstand({ proxies: true }, async ({ leader, load }) => {
      const internal = (await leader()).proxies?.internal;
      internal?.refuse(true);
      internal?.cut();
      // It still talks to the others, and nobody takes it for dead: it waits, and acknowledges nothing.
      await wait(2 * replicaLagMs);
      internal?.refuse(false);
      await load.more(quietRecords);
    }));

  it("when a leader is cut off from its clients only", () =>
    withstand({ proxies: true }, async ({ leader, load }) => {
      const external = (await leader()).proxies?.external;
      external?.refuse(true);
      external?.cut();
      await wait(leaseMs);
      external?.refuse(false);
      await load.more(quietRecords);
    }));

  it("when a member of etcd is killed", () =>
    withstand({ etcdMembers: 3 }, async ({ cluster, load }) => {
      const [member] = cluster.etcd.members;
      await member?.kill();
      await load.more(quietRecords);
      member?.start();
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
