/** deploy/compose.dev.yml as a developer has it: one etcd, three brokers that keep nothing, and topics that need not be created. */

import { Sluice } from "@sluice/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ComposeProject, docker } from "../support/docker.js";
import { buildTestImage, testImage } from "./built-image.js";

const project = new ComposeProject({
  name: "sluice-compose-dev-test",
  files: ["deploy/compose.dev.yml"],
  env: { SLUICE_IMAGE: testImage },
});

beforeAll(async () => {
  await buildTestImage();
  await project.remove();
  await project.compose("up", "--detach", "--wait", "--no-build");
}, 900_000);

afterAll(() => project.remove());

describe("the cluster of compose.dev.yml", () => {
  it("serves this machine, with three replicas of a topic that nobody created", async () => {
    await using client = new Sluice({ brokers: ["localhost:19092", "localhost:29092", "localhost:39092"] });
    const [sent] = await client.producer().send({ topic: "t", messages: [{ value: "a" }] });
    expect(sent?.replicas).toBeGreaterThanOrEqual(2);
    const values: string[] = [];
    for await (const { value } of client.consumer().read({ topic: "t", from: "earliest", limit: 1 }))
      values.push(String(value));
    expect(values).toEqual(["a"]);
    const { topics } = await client.admin().fetchTopicMetadata({ topics: ["t"] });
    expect(topics[0]?.partitions.map(({ replicas }) => replicas.length)).toEqual([3]);
  });

  it("leaves no volume behind when it is taken down", async () => {
    await project.compose("down");
    const volumes = await docker([
      ...["volume", "ls", "--quiet", "--filter", `label=com.docker.compose.project=${project.name}`],
    ]);
    expect(volumes.trim()).toBe("");
  });
});
