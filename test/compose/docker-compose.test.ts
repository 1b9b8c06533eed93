/**
 * deploy/docker-compose.yml as a user has it: built, brought up, used from this machine and from a container, robbed of a broker in the
 * middle, and taken down.
 */

import { Sluice } from "@sluice/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readFlights } from "../../examples/flights/src/flight-data.js";
import { runFlightsDemo } from "../../examples/flights/src/flights-demo.js";
import { ComposeProject, docker } from "../support/docker.js";
import { repositoryRoot } from "../support/program.js";
import { buildTestImage, testImage } from "./built-image.js";

const project = new ComposeProject({
  name: "sluice-compose-test",
  files: ["deploy/docker-compose.yml"],
  env: { SLUICE_IMAGE: testImage },
});
const fromHere = ["localhost:19092", "localhost:29092", "localhost:39092"];
const fromContainers = ["broker-1:9092", "broker-2:9092", "broker-3:9092"];

beforeAll(async () => {
  await buildTestImage();
  await project.remove();
  await project.compose("up", "--detach", "--wait", "--no-build");
}, 900_000);

afterAll(() => project.remove());

describe("the cluster of docker-compose.yml", () => {
  it("gets healthy, with three replicas of what groups commit", async () => {
    await using client = new Sluice({ brokers: fromHere });
    const { brokers, controller } = await client.admin().describeCluster();
    expect(brokers.map(({ nodeId, host, port }) => `${nodeId} ${host}:${port}`)).toEqual([
      "1 localhost:19092",
      "2 localhost:29092",
      "3 localhost:39092",
    ]);
    expect(controller).toBeDefined();
    const [offsets] = (await client.admin().fetchTopicMetadata({ topics: ["__consumer_offsets"] })).topics;
    expect(offsets?.partitions.every(({ replicas }) => replicas.length === 3)).toBe(true);
  });

  it("tells whoever is in its network the names of its containers", async () => {
    for (const address of fromContainers) {
      const answer = await sluiceInContainer("cluster", "info", "--brokers", address, "--output", "json");
      const { brokers } = JSON.parse(answer) as { readonly brokers: readonly { host: string; port: number }[] };
      expect(brokers.map(({ host, port }) => `${host}:${port}`)).toEqual(fromContainers);
    }
  });

  it("gives back every flight byte for byte, though a broker is killed while they are produced", async () => {
    const data = await readFlights({ nowMs: Date.now() });
    const killed = await project.container("broker-2");
    let kill: Promise<string> | undefined;
    const result = await runFlightsDemo({
      bootstrap: fromHere,
      suffix: "-from-here",
      data,
      onStep: () => undefined,
      onProgress: (acknowledged, total) => {
        if (acknowledged > total / 2) kill ??= docker(["kill", "--signal", "KILL", killed]);
      },
    });
    await kill;
    expect(kill).toBeDefined();
    expect(result.comparisons.filter(({ isEqual }) => !isEqual)).toEqual([]);
    expect(result.comparisons.length).toBeGreaterThan(0);
    await project.compose("up", "--detach", "--wait", "--no-build");
  }, 300_000);

  it("does so for a program in a container too", async () => {
    const answer = await docker([
      ...["run", "--rm", "--network", `${project.name}_default`, "--env", `SLUICE_BROKERS=${fromContainers.join(",")}`],
      ...["--volume", `${repositoryRoot}:/repository:ro`, "--tmpfs", "/tmp", "--entrypoint", "node", testImage],
      "/repository/examples/flights/dist/main.js",
    ]);
    expect(answer).toContain("Everything that was produced came back, each time, byte for byte.");
  }, 300_000);

  it("has every replica in sync again after the broker came back", async () => {
    await using client = new Sluice({ brokers: fromHere });
    const admin = client.admin();
    await expect
      .poll(
        async () => {
          const { topics } = await admin.fetchTopicMetadata();
          const partitions = topics.flatMap((topic) => topic.partitions);
          return partitions.filter(({ replicas, inSyncReplicas }) => inSyncReplicas.length < replicas.length).length;
        },
        { timeout: 60_000, interval: 250 },
      )
      .toBe(0);
  }, 90_000);

  it("runs as nobody special, writes nowhere but where its data is, and stops in order", async () => {
    const id = await project.container("broker-3");
    const sh = (script: string): Promise<string> => docker(["exec", id, "sh", "-c", script]);
    expect((await sh("id -u")).trim()).toBe("1000");
    await expect(sh("touch /app/x")).rejects.toThrow("Read-only file system");
    await docker(["stop", id]);
    expect((await docker(["inspect", "--format", "{{.State.ExitCode}}", id])).trim()).toBe("0");
  }, 120_000);
});

/** What `sluice` prints as a container of the cluster's network. */
function sluiceInContainer(...args: readonly string[]): Promise<string> {
  return docker(["run", "--rm", "--network", `${project.name}_default`, testImage, ...args]);
}
