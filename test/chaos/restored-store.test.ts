/**
 * Guarantee: with acks=all, an etcd that is restored from a backup costs no acknowledged record, written before the backup or after it.
 * Until an operator adopts what was restored, no broker has a role, whether it ran meanwhile or not, and each says why.
 */

import { describe, expect, it } from "vitest";
import { CheckedLoad } from "../support/checked-load.js";
import { type ClusterBroker, ProcessCluster } from "../support/process-cluster.js";
import { type Finished, sluice, until } from "../support/program.js";
import { leaseMs, quietRecords } from "./withstand.js";

const topic = "orders";
const groupId = "readers";
const partitions = 3;
/** Those of the topic, and of the offsets of groups. */
const allPartitions = partitions + 3;

class RestoredCluster {
  readonly cluster: ProcessCluster;
  readonly load: CheckedLoad;

  private constructor(cluster: ProcessCluster, load: CheckedLoad) {
    this.cluster = cluster;
    this.load = load;
  }

  /** A load on three brokers, an etcd that was backed up, and elections that the backup knows nothing of. */
  static async start(): Promise<RestoredCluster> {
    const cluster = await ProcessCluster.start({ env: { SLUICE_BROKER_LEASE_MS: String(leaseMs) } });
    const restored = new RestoredCluster(cluster, await CheckedLoad.start(cluster, { topic, partitions }));
    await restored.load.more(quietRecords);
    await restored.commit(1);
    await cluster.etcd.backUp();
    await restored.load.more(quietRecords);
    await restored.electAnew();
    await restored.commit(2);
    return restored;
  }

  async commit(offset: number): Promise<void> {
    await this.load.client.admin().setOffsets({ groupId, topic, partitions: [{ partition: 0, offset }] });
  }

  /** Leader epochs and revisions that etcd will give away again. */
  async electAnew(): Promise<void> {
    const broker = await this.cluster.leaderOf(this.load.client, topic, 0);
    await broker.process.kill();
    await this.load.more(quietRecords);
    await broker.start();
    await broker.ready();
    await this.load.inSync();
  }

  /** Waits until all of them say what is to be done; nothing is acknowledged meanwhile. */
  async refusesRoles(brokers: readonly ClusterBroker[]): Promise<void> {
    for (const broker of brokers) {
      await until(async () => {
        const page = await broker.process.page("/readyz").catch(() => undefined);
        return page?.status === 503 && page.body.includes("adopt-restore");
      });
    }
  }

  async adoptAndCheck(): Promise<void> {
    const { cluster, load } = this;
    await this.refusesRoles(cluster.brokers);
    const before = load.acknowledgedCount;
    await this.#healthSaysSo();
    let adopted: Finished | undefined;
    // They register again one after the other.
    await until(async () => {
      adopted = await this.#sluice("cluster", "adopt-restore", "--yes");
      return adopted.status === 0 || !adopted.stderr.includes("BROKER_UNREACHABLE");
    });
    expect(JSON.parse(adopted?.stdout ?? "")).toEqual({ executed: true, partitions: allPartitions });
    expect(load.acknowledgedCount).toBe(before);
    await Promise.all(cluster.brokers.map((broker) => broker.ready()));
    await load.more(quietRecords);
    const [offsets] = await load.client.admin().fetchOffsets({ groupId, topics: [topic] });
    expect(offsets?.partitions.find(({ partition }) => partition === 0)?.offset).toBe(2);
    await load.finish();
  }

  /** Every broker is fenced, and tells what is to be done. */
  async #healthSaysSo(): Promise<void> {
    const { brokers } = this.cluster;
    const expected = brokers.map(({ id }) => `broker ${id}: `);
    await until(async () => {
      const { status, stdout } = await this.#sluice("cluster", "health");
      if (status !== 3) return false;
      const { problems } = JSON.parse(stdout) as { readonly problems: readonly string[] };
      const told = problems.filter((problem) => problem.includes("adopt-restore"));
      return expected.every((beginning) => told.some((problem) => problem.startsWith(beginning)));
    });
  }

  #sluice(...args: readonly string[]): Promise<Finished> {
    return sluice([...args, "-o", "json"], { env: { SLUICE_BROKERS: this.cluster.addresses.join(",") } });
  }
}

describe("no acknowledged record is lost when etcd is restored from a backup", { timeout: 600_000 }, () => {
  it("under brokers that run", async () => {
    const restored = await RestoredCluster.start();
    await restored.cluster.etcd.restore();
    await restored.adoptAndCheck();
  });

  it("while no broker runs", async () => {
    const restored = await RestoredCluster.start();
    const { brokers, etcd } = restored.cluster;
    await Promise.all(brokers.map((broker) => broker.process.kill()));
    await etcd.restore();
    await Promise.all(brokers.map((broker) => broker.start()));
    await restored.adoptAndCheck();
  });

  it("and adopted only when the broker is back that was missing, which is named", async () => {
    const restored = await RestoredCluster.start();
    const { brokers, etcd } = restored.cluster;
    const [missing, ...others] = brokers as [ClusterBroker, ...ClusterBroker[]];
    await missing.process.kill();
    await etcd.restore();
    await restored.refusesRoles(others);
    const admin = restored.load.client.admin();
    await until(async () => {
      const error: unknown = await admin.adoptRestore().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "BROKER_UNREACHABLE" });
      return (error as Error).message.includes(`broker ${missing.id} is not registered`);
    });
    await missing.start();
    await restored.adoptAndCheck();
  });
});
