/** The commands that move leaders and replicas, against a local cluster of four brokers with three replicas of everything. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LocalCluster, silentLogger, startLocalCluster } from "@sluice/broker";
import { Sluice } from "@sluice/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonExamples } from "../support/command-line-json.js";
import { sluice } from "../support/program.js";

let cluster: LocalCluster;
let directory: string;
let client: Sluice;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sluice-cli-cluster-"));
  cluster = await startLocalCluster({
    brokers: 4,
    dataDirectory: join(directory, "data"),
    port: 0,
    // Leaders stay where a test puts them.
    config: { leaderBalanceIntervalMs: 0 },
    logger: silentLogger,
  });
  client = new Sluice({ brokers: [...cluster.bootstrap] });
  await client.admin().createTopics({ topics: [{ topic: "orders", numPartitions: 4 }] });
  const messages = Array.from({ length: 100 }, (_, index) => ({ value: `${index}` }));
  await client.producer().send({ topic: "orders", messages });
}, 120_000);

afterAll(async () => {
  await client?.close();
  await cluster?.close();
  await rm(directory, { recursive: true, force: true });
});

/** What a command prints for programs, with all the members that the documentation promises. */
async function json(line: string, status = 0): Promise<Record<string, unknown>> {
  const env = { SLUICE_BROKERS: cluster.bootstrap.join(",") };
  const ended = await sluice([...line.split(" "), "-o", "json"], { env });
  expect(ended.status, `${line}\n${ended.stderr}`).toBe(status);
  const value = JSON.parse(ended.stdout) as Record<string, unknown>;
  const [, example] = Object.entries(jsonExamples).find(([name]) => line.startsWith(name)) ?? [];
  expect(Object.keys(value)).toEqual(expect.arrayContaining(Object.keys(example ?? {})));
  return value;
}

async function replicasOf(partition: number): Promise<readonly number[] | undefined> {
  const { topics } = await client.admin().fetchTopicMetadata({ topics: ["orders"] });
  return topics[0]?.partitions[partition]?.replicas;
}

async function keptBy(broker: number): Promise<number> {
  const { topics } = await client.admin().fetchTopicMetadata();
  const partitions = topics.flatMap((topic) => topic.partitions);
  return partitions.filter(({ replicas }) => replicas.includes(broker)).length;
}

describe("leaders", () => {
  it("are listed, described, given to a broker, and given back", async () => {
    const listed = await json("partition list orders");
    expect(listed.partitions).toHaveLength(4);
    const before = await json("partition describe orders 0");
    const { replicas } = before as { readonly replicas: readonly number[] };
    expect(before).toMatchObject({ leader: replicas[0], preferredLeader: replicas[0] });
    const elected = await json(`partition elect-leader orders --partition 0 --broker ${replicas[1]}`);
    expect(elected.partitions).toMatchObject([{ topic: "orders", partition: 0, leader: replicas[1], problem: null }]);
    await json("partition elect-leader");
    expect(await json("partition describe orders 0")).toMatchObject({ leader: replicas[0] });
  });

  it("are not given to a broker that does not keep the partition, and the exit code says so", async () => {
    const replicas = await replicasOf(0);
    const other = [1, 2, 3, 4].find((id) => replicas?.includes(id) === false);
    const { partitions } = await json(`partition elect-leader orders --partition 0 --broker ${other}`, 3);
    expect(partitions).toMatchObject([
      { leader: replicas?.[0], problem: expect.stringMatching(/LEADER_NOT_ELIGIBLE/) },
    ]);
  });
});

describe("replicas", () => {
  it("are moved by name, after a dry run that moves nothing", async () => {
    const current = await replicasOf(1);
    const wanted = [...(current ?? [])].reverse();
    const line = `partition reassign orders --partition 1 --replicas ${wanted.join(",")}`;
    const move = { topic: "orders", partition: 1, current, new: wanted };
    expect(await json(`${line} --dry-run`, 3)).toMatchObject({ executed: false, moves: [move], replicasMoved: 0 });
    expect(await replicasOf(1)).toEqual(current);
    expect(await json(`${line} --yes --wait`)).toMatchObject({ executed: true, moves: [move], leadersMoved: 1 });
    expect(await replicasOf(1)).toEqual(wanted);
    expect(await json("partition verify orders")).toEqual({ finished: true, moves: [] });
  });

  it("are moved as a file says, and the records with them", async () => {
    const current = (await replicasOf(2)) ?? [];
    const added = [1, 2, 3, 4].find((id) => !current.includes(id)) as number;
    const wanted = [added, ...current.slice(0, 2)];
    const path = join(directory, "plan.json");
    await writeFile(path, JSON.stringify({ moves: [{ topic: "orders", partition: 2, new: wanted }] }));
    const moved = await json(`partition reassign --plan ${path} --yes --wait`);
    expect(moved).toMatchObject({ executed: true, replicasMoved: 1 });
    expect(await replicasOf(2)).toEqual(wanted);
    expect(await json("partition describe orders 2")).toMatchObject({
      inSyncReplicas: expect.arrayContaining([added]),
    });
  });

  it("are not moved to brokers that are not there", async () => {
    const env = { SLUICE_BROKERS: cluster.bootstrap.join(",") };
    const line = ["partition", "reassign", "orders", "--partition", "0", "--replicas", "1,9", "--yes"];
    expect(await sluice(line, { env })).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/INVALID_ASSIGNMENT/),
    });
    const both = await sluice([...line, "--cancel"], { env });
    expect(both).toMatchObject({ status: 2, stderr: expect.stringMatching(/one of --replicas, --plan and --cancel/) });
    expect(await json("partition reassign orders --cancel --yes")).toMatchObject({ executed: false, cancelled: [] });
  });
});

describe("a broker", () => {
  it("is drained, and balanced again", async () => {
    const kept = await keptBy(4);
    expect(kept).toBeGreaterThan(0);
    const plan = await json("cluster drain 4 --dry-run", 3);
    expect(plan.moves).toHaveLength(kept);
    expect(await keptBy(4)).toBe(kept);
    expect(await json("cluster drain 4 --yes --wait")).toMatchObject({ executed: true, drained: true });
    expect(await keptBy(4)).toBe(0);
    const { brokers } = await json("cluster brokers");
    expect(brokers).toContainEqual(expect.objectContaining({ id: 4, drained: true, state: "drained", leads: 0 }));
    expect(await json("cluster undrain 4")).toEqual({ broker: 4, drained: false });
    expect(await json("cluster balance --yes --wait")).toMatchObject({ executed: true });
    expect(await keptBy(4)).toBeGreaterThan(0);
    expect(await json("cluster health")).toMatchObject({ healthy: true, offline: 0 });
  });

  it("that is not there is no broker to drain", async () => {
    const env = { SLUICE_BROKERS: cluster.bootstrap.join(",") };
    expect(await sluice(["cluster", "drain", "9", "--yes"], { env })).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/UNKNOWN_BROKER/),
    });
  });
});
