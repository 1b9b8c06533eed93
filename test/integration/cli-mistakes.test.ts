/** What `sluice` says when it was given the wrong thing, or has nothing to say: what is wrong, where, and what to do next. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { startTestCluster, type TestCluster } from "@sluice/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Finished, repositoryRoot, sluice } from "../support/program.js";

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startTestCluster();
  const client = cluster.createClient();
  await client.admin().createTopics({ topics: [{ topic: "empty" }, { topic: "full" }] });
  await client.producer().send({ topic: "full", messages: [{ value: "a" }, { value: "b" }] });
  await client.close();
});

afterAll(() => cluster?.close());

function run(line: string, input = ""): Promise<Finished> {
  return sluice(line.split(" "), { input, env: { SLUICE_BROKERS: cluster.brokers.join(",") } });
}

describe("consume", () => {
  it.each([
    ["consume empty", "sluice topic offsets empty"],
    ["consume full --from latest", "sluice topic offsets full"],
    ["consume full --grep nothing", "No record matches."],
    ["consume empty --group readers", "sluice group describe readers"],
  ])("says on standard error that '%s' found nothing", async (line, remark) => {
    const found = await run(line);
    expect(found).toMatchObject({ status: 0, stdout: "" });
    expect(found.stderr).toContain(remark);
    expect((await run(`${line} --quiet`)).stderr).toBe("");
  });

  it("fails where a pattern matches no topic, which another cluster may have", async () => {
    expect(await run("consume /^nothing/")).toMatchObject({ status: 1 });
  });

  it.skipIf(!existsSync("/dev/full"))("fails, and says so, where its output cannot be written", async () => {
    const env = { ...process.env, SLUICE_BROKERS: cluster.brokers.join(",") };
    const bin = join(repositoryRoot, "packages/cli/bin/sluice.js");
    const stdio = ["ignore", openSync("/dev/full", "w"), "pipe"] as const;
    const child = spawn(process.execPath, [bin, "consume", "full"], { env, stdio: [...stdio] });
    let stderr = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const [status] = (await once(child, "close")) as [number];
    expect(stderr).toBe("error: Standard output has no room left.\nFree some space on its disk.\n");
    expect(status).toBe(1);
  });
});

describe("produce", () => {
  it("sends what stands before a mistake in the same piece of input, and counts it", async () => {
    const sent = await run("produce full --format ndjson", '1\n2\n{"x\n4\n');
    expect(sent.status).toBe(1);
    expect(sent.stderr).toMatch(/^2 records, 2 bytes .*\nerror: Line 3 is not JSON/);
  });

  it("says that a directory is no file", async () => {
    const sent = await run(`produce full --file ${repositoryRoot}`);
    expect(sent).toMatchObject({ status: 1, stderr: `error: ${repositoryRoot} is a directory.\nName a file.\n` });
  });

  it("names no place in an input that is one record", async () => {
    const sent = await run("produce full --format raw", "x".repeat(2_000_000));
    expect(sent.stderr).toContain("RECORD_BATCH_TOO_LARGE");
    expect(sent.stderr).not.toContain("of the input");
  });
});

describe("groups", () => {
  it("are not reset to those of a group that is not there", async () => {
    await run("consume full --group there");
    const reset = await run("group reset there --all-topics --to group:ther");
    expect(reset.status).toBe(1);
    expect(reset.stderr).toMatch(/Group 'ther' does not exist. \(UNKNOWN_GROUP\)/);
  });

  it("say what a file of offsets looks like, and that --all-topics is there", async () => {
    const imported = await run("group import there --yes", "full,0\n");
    expect(imported).toMatchObject({ status: 1 });
    expect(imported.stderr).toMatch(/line 1 is not topic,partition,offset[\s\S]*sluice group export/);
    expect((await run("group reset there --to earliest")).stderr).toContain("--all-topics");
  });
});

describe("dev", () => {
  it("refuses a port that has too few above it", async () => {
    const started = await run("dev --temporary --port 65500");
    expect(started.status).toBe(2);
    expect(started.stderr).toMatch(/3 brokers would need ports up to 65602[\s\S]*Choose a port up to 65433/);
  });
});
