/**
 * Guarantee: what comes back after a failure, or before the last one is over, or with an empty disk, loses nothing either: brokers
 * that restart one after the other, two faults in a row, a disk that is gone, a broker that is there before etcd is.
 */

import { rm } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import type { ClusterBroker } from "../support/process-cluster.js";
import { until } from "../support/program.js";
import { cutOff, quietRecords, replicaLagMs, withstand } from "./withstand.js";

/** Records of each of three partitions that are 64 MB together. */
const paddingBytes = 128 * 1024;
const muchRecords = 170;
const catchUpBytes = 16e6;
/** What is produced meanwhile, 4 MB a second at most, must be less than that, or nothing would ever catch up. */
const sendIntervalMs = 100;

async function restart(broker: ClusterBroker): Promise<void> {
  await broker.start();
  await broker.ready();
}

describe("no acknowledged record is lost", { timeout: 600_000 }, () => {
  it("by a rolling restart of all brokers", () =>
    withstand({}, async ({ cluster, load }) => {
      for (const broker of cluster.brokers) {
        expect(await broker.process.stop()).toBe(0);
        await restart(broker);
        // As an operator does: the next one only when nothing is missing.
        await load.inSync();
      }
    }));

  it("when a leader is killed, and the next one too", () =>
    withstand({}, async ({ leader, load }) => {
      const first = await leader();
      await first.process.kill();
      await load.more(quietRecords);
      const second = await leader();
      await second.process.kill();
      // Of what two replicas must have, nothing is acknowledged now.
      await Promise.all([restart(first), restart(second)]);
    }));

  it("when the leader is killed while a follower that was killed comes back", () =>
    withstand({}, async ({ leader, follower, load }) => {
      const behind = await follower();
      await behind.process.kill();
      await load.more(quietRecords);
      await behind.start();
      const struck = await leader();
      await struck.process.kill();
      await behind.ready();
      await restart(struck);
    }));

  it("when a leader is cut off from its followers, and then killed", () =>
    withstand({ proxies: true }, async ({ leader, load }) => {
      const broker = await leader();
      // Whatever it acknowledges alone, nobody else would have.
      await cutOff(broker.proxies?.internal, replicaLagMs / 2, () => broker.process.kill());
      await load.more(quietRecords);
      await restart(broker);
    }));

  it("when a broker loses its disk, and gets everything from the others", () =>
    withstand({}, async ({ leader, load }) => {
      const broker = await leader();
      await broker.process.kill();
      await load.more(quietRecords);
      await rm(broker.dataDirectory, { recursive: true });
      await restart(broker);
    }));

  it("when a broker loses its disk, and there is much to get again, no faster than it may", () =>
    withstand(
      // Each strike would have all that came before to copy again.
      { rounds: 1, paddingBytes, env: { SLUICE_CATCH_UP_BYTES_PER_SEC_MAX: String(catchUpBytes) } },
      async ({ leader, load }) => {
        await load.more(muchRecords);
        load.slowDown(sendIntervalMs);
        const broker = await leader();
        await broker.process.kill();
        await load.more(quietRecords);
        await rm(broker.dataDirectory, { recursive: true });
        await restart(broker);
      },
    ));

  it("when all brokers are killed, and one of them loses its disk", () =>
    withstand({}, async ({ cluster, leader }) => {
      const broker = await leader();
      await Promise.all(cluster.brokers.map(({ process }) => process.kill()));
      await rm(broker.dataDirectory, { recursive: true });
      await Promise.all(cluster.brokers.map((each) => each.start()));
      await Promise.all(cluster.brokers.map((each) => each.ready()));
    }));

  it("when a broker is started while etcd is not there yet", () =>
    withstand({ proxies: true }, async ({ follower, load }) => {
      const broker = await follower();
      const etcd = broker.proxies?.etcd ?? [];
      expect(await broker.process.stop()).toBe(0);
      for (const proxy of etcd) proxy.refuse(true);
      const refusedBefore = etcd.map(({ refusedCount }) => refusedCount);
      const started = broker.start();
      await until(() => etcd.every(({ refusedCount }, at) => refusedCount > (refusedBefore[at] as number) + 1));
      await load.more(quietRecords);
      for (const proxy of etcd) proxy.refuse(false);
      await started;
      await broker.ready();
    }));
});
