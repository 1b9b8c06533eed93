/**
 * Guarantee: a follower whose disk is full costs acks=all a moment and no record. It says so, and nobody waits for it; when there is room
 * again it gets what it lacks. Real brokers, each on a file system in memory of a few MiB.
 */

import { rmSync } from "node:fs";
import { describe, it } from "vitest";
import { CheckedLoad } from "../support/checked-load.js";
import { type ClusterBroker, ProcessCluster } from "../support/process-cluster.js";
import { until } from "../support/program.js";
import { propertyRuns } from "../support/property-runs.js";
import { SmallDisk, whyNoSmallDisk } from "../support/small-disk.js";
import { temporaryDirectory } from "../support/temporary-directory.js";
import { leaseMs, quietRecords } from "./withstand.js";

const topic = "orders";
/** A few records more than the files of a log have room for without growing. */
const paddingBytes = 16 * 1024;
const diskBytes = 64 * 1024 * 1024;
const env = {
  SLUICE_BROKER_LEASE_MS: String(leaseMs),
  // Longer than a producer waits: who only lags is waited for in vain.
  SLUICE_REPLICA_LAG_MS: "600000",
};
/** The disks have room for the records of as many. */
const rounds = propertyRuns({ usual: 1, long: 4 });
const whyNot = whyNoSmallDisk();
if (whyNot !== undefined) console.warn(`Tests of a full disk are skipped: ${whyNot}.`);

/** One that leads neither the partition of the load nor that of its group. */
async function bystander(cluster: ProcessCluster, load: CheckedLoad): Promise<ClusterBroker> {
  const leaders = [await cluster.leaderOf(load.client, topic, 0), await cluster.coordinatorOf(load.group)];
  return cluster.brokers.find((broker) => !leaders.includes(broker)) as ClusterBroker;
}

async function inSyncReplicas({ client }: CheckedLoad): Promise<readonly number[]> {
  const [described] = (await client.admin().fetchTopicMetadata({ topics: [topic] })).topics;
  return described?.partitions[0]?.isr ?? [];
}

describe.skipIf(whyNot !== undefined)("no acknowledged record is lost", { timeout: 600_000 }, () => {
  it("when the disk of a follower is full, and nobody waits for it", async () => {
    const disks = new Map<number, SmallDisk>();
    const dataDirectory = async (id: number): Promise<string> => {
      const disk = SmallDisk.create(await temporaryDirectory(), diskBytes);
      disks.set(id, disk);
      return disk.path;
    };
    const cluster = await ProcessCluster.start({ env, dataDirectory });
    const load = await CheckedLoad.start(cluster, { topic, partitions: 1, members: 3, paddingBytes });
    for (let round = 0; round < rounds; round += 1) {
      await load.more(quietRecords);
      const { id } = await bystander(cluster, load);
      const filler = (disks.get(id) as SmallDisk).fill();
      await load.more(quietRecords);
      // What is acknowledged cannot be there.
      await until(async () => !(await inSyncReplicas(load)).includes(id));
      rmSync(filler);
      await load.more(quietRecords);
      await load.inSync();
    }
    await load.finish();
  });
});
