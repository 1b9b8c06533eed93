/** `segment` and `data-dir` in this process, over files that are written here byte by byte. */

import { appendFile, mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { crc32c, RecordBatchBuilder, stampBatch } from "@sluice/record";
import { describe, expect, it, onTestFinished } from "vitest";
import type { TextOutput } from "../../command-context.js";
import { runProgram } from "../../program.js";

const topicId = "5b0f2c4e-1d2a-4c3b-9e8f-0a1b2c3d4e5f";
const meta = { clusterId: "c", brokerId: 1, directoryId: "d" };

async function run(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const texts = { stdout: "", stderr: "" };
  const output = (name: "stdout" | "stderr"): TextOutput => ({
    isTerminal: false,
    hasColors: false,
    columns: 80,
    write: async (text) => {
      texts[name] += text;
    },
  });
  const status = await runProgram(args, {
    env: {},
    stdin: (async function* () {})(),
    stdout: output("stdout"),
    isInteractive: false,
    stderr: output("stderr"),
    signal: new AbortController().signal,
  });
  return { status, ...texts };
}

async function json(...args: string[]): Promise<Record<string, unknown>[]> {
  const { stdout } = await run(...args, "-o", "json");
  const lines = stdout.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

function batchOf(baseOffset: number): Buffer {
  const builder = new RecordBatchBuilder({});
  for (const value of ["a", "b"]) {
    builder.append({ timestampMs: baseOffset, key: Buffer.from("k"), value: Buffer.from(value.repeat(30)) });
  }
  const batch = builder.build();
  stampBatch(batch, 0, { baseOffset, leaderEpoch: 0 });
  return batch;
}

/** A data directory with one partition of two segments, without indexes. */
async function dataDirectory(): Promise<{ data: string; partition: string; logs: string[] }> {
  const data = await mkdtemp(join(tmpdir(), "sluice-test-"));
  onTestFinished(() => rm(data, { recursive: true, force: true }));
  const partition = join(data, `${topicId}-0`);
  await mkdir(partition);
  const logs = [0, 20].map((base) => join(partition, `${String(base).padStart(20, "0")}.log`));
  for (const [index, log] of logs.entries()) {
    const batches = Array.from({ length: 10 }, (_, number) => batchOf(index * 20 + number * 2));
    await writeFile(log, Buffer.concat(batches));
  }
  await writeFile(join(data, "meta"), JSON.stringify(meta));
  await writeFile(
    join(partition, "partition.metadata"),
    `version: 0\ntopic_id: ${topicId}\ntopic: orders\npartition: 0\n`,
  );
  await writeFile(join(partition, "leader-epoch-checkpoint"), "0\n1\n0 0\n");
  return { data, partition, logs };
}

async function patch(path: string, position: number, bytes: Buffer): Promise<void> {
  const file = await open(path, "r+");
  await file.write(bytes, 0, bytes.length, position);
  await file.close();
}

describe("segment dump", () => {
  it("prints the records that are asked for", async () => {
    const [log = ""] = (await dataDirectory()).logs;
    expect((await json("segment", "dump", log)).map(({ offset }) => offset)).toEqual([...Array(20).keys()]);
    const some = await json("segment", "dump", log, "--from-offset", "5", "--limit", "3");
    expect(some.map(({ offset }) => offset)).toEqual([5, 6, 7]);
    const headers = await run("segment", "dump", log, "--headers-only", "--limit", "2");
    expect(headers.stdout).toMatch(/^batch 0\.\.1 {2}epoch 0 .*\nbatch 2\.\.3 .*\n$/);
    expect((await json("segment", "dump", log, "--headers-only"))[0]).toMatchObject({ batch: { recordCount: 2 } });
  });

  it("goes on behind damage, and ends with exit code 1 and what to do", async () => {
    const { logs, partition } = await dataDirectory();
    const [log = ""] = logs;
    await patch(log, batchOf(0).length + 70, Buffer.from([0xee]));
    const { status, stdout, stderr } = await run("segment", "dump", log);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^batch 2\.\.3 .*DAMAGED: CHECKSUM DOES NOT FIT$/m);
    expect(stdout).toMatch(/^batch 18\.\.19 /m);
    expect(stderr).toMatch(new RegExp(`is damaged in one place at position ${batchOf(0).length}: the checksum`));
    expect(stderr).toContain(`sluice segment verify ${partition}`);
    await patch(log, batchOf(0).length * 3, Buffer.alloc(61, 0xff));
    const twice = await run("segment", "dump", log, "-o", "json");
    expect(twice.stderr).toMatch(/damaged in 2 places, the first at position \d+: the checksum/);
    expect(twice.stdout).toMatch(
      /^\{"damage":\{"position":\d+,"sizeBytes":\d+,"reason":"magic is -1.*"isTorn":false\}\}$/m,
    );
  });

  it("takes a torn tail for damage in every segment but the last", async () => {
    const { logs } = await dataDirectory();
    const [first = "", last = ""] = logs;
    await appendFile(last, batchOf(40).subarray(0, 90));
    const torn = await run("segment", "dump", last, "--headers-only");
    expect([torn.status, torn.stderr]).toEqual([0, ""]);
    expect(torn.stdout).toMatch(/^TORN at position \d+ {2}90 bytes/m);
    await appendFile(first, batchOf(20).subarray(0, 90));
    expect((await run("segment", "dump", first)).status).toBe(1);
  });

  it("prints indexes, checkpoints and JSON", async () => {
    const { data, partition, logs } = await dataDirectory();
    await run("segment", "rebuild-index", partition, "--index-interval-bytes", "300", "--execute");
    const index = (logs[1] ?? "").replace(".log", ".index");
    const entries = await json("segment", "dump", index);
    expect(entries.length).toBeGreaterThan(1);
    expect(entries[0]).toMatchObject({ offset: expect.any(Number) as number, position: expect.any(Number) as number });
    expect((await run("segment", "dump", index)).stdout).toMatch(/^offset 2\d {2}position \d+$/m);
    expect((await json("segment", "dump", index.replace(".index", ".timeindex"), "--from-offset", "39")).length).toBe(
      1,
    );
    expect((await run("segment", "dump", join(partition, "leader-epoch-checkpoint"))).stdout).toBe(
      "epoch 0  startOffset 0\n",
    );
    expect(await json("segment", "dump", join(data, "meta"))).toEqual([meta]);
    await patch(index, 0, Buffer.from([0x7f]));
    const damaged = await run("segment", "dump", index);
    expect(damaged.status).toBe(1);
    expect(damaged.stdout).toMatch(/OUT OF ORDER$/m);
  });

  it("says what is missing, and what it cannot show", async () => {
    const { data } = await dataDirectory();
    for (const name of ["none.log", "00000000000000000001.log", "00000000000000000001.snapshot", "recovery-point"]) {
      const { status, stderr } = await run("segment", "dump", join(data, name));
      expect(stderr).toMatch(/FILE_NOT_FOUND/);
      expect(status).toBe(1);
    }
    const directory = await run("segment", "dump", data);
    expect(directory).toMatchObject({ status: 2, stdout: "" });
    expect(directory.stderr).toMatch(/is a directory[\s\S]*'sluice segment verify' and 'sluice data-dir inspect' take/);
  });

  it.each(["dump", "verify", "rebuild-index"])(
    "%s tells a wrong name, a wrong kind and nothing apart",
    async (name) => {
      const { data, logs } = await dataDirectory();
      const [log = ""] = logs;
      const below = await run("segment", name, join(log, "00000000000000000000.log"));
      expect(below).toMatchObject({ status: 1, stdout: "", stderr: expect.stringMatching(/FILE_NOT_FOUND/) as string });
      expect((await run("segment", name, join(data, "none"))).stderr).toMatch(/FILE_NOT_FOUND/);
      const notes = join(data, "notes.txt");
      await writeFile(notes, "x");
      const refused = await run("segment", name, notes);
      expect(refused).toMatchObject({ status: 2, stdout: "" });
      expect(refused.stderr).toMatch(/'notes\.txt' is not the name of a file that can be [\s\S]*--help/);
    },
  );
});

describe("segment verify", () => {
  it("says of a directory and of a file whether they are well", async () => {
    const { data, logs } = await dataDirectory();
    const missing = await run("segment", "verify", data);
    expect(missing.stdout).toMatch(/^FILE +STATUS +PROBLEM\n/);
    expect(missing.stdout).toMatch(/\d+ files, 3 missing, none damaged\n$/);
    expect(missing.status).toBe(0);
    const [log = ""] = logs;
    await patch(log, 200, Buffer.from([0xee]));
    for (const path of [data, log, dirname(log)]) {
      expect(await run("segment", "verify", path)).toMatchObject({
        status: 3,
        stdout: expect.stringMatching(/corrupt +at position \d+: the checksum[\s\S]*, 1 damaged\n$/) as string,
      });
    }
    expect((await json("segment", "verify", data))[0]).toMatchObject({ damaged: 1 });
    expect((await run("segment", "verify", dirname(log), "--all")).stdout).toMatch(/^partition\.metadata +ok$/m);
    expect((await run("segment", "verify", join(data, "nowhere"))).stderr).toMatch(/FILE_NOT_FOUND/);
  });
});

describe("segment rebuild-index", () => {
  it("writes only when it is told to, and then all is well", async () => {
    const { partition } = await dataDirectory();
    const before = await readdir(partition);
    const dry = await run("segment", "rebuild-index", partition);
    expect(dry.stderr).toBe("Nothing is changed: 4 files to write. Add --execute to write.\n");
    expect(dry.stdout).toMatch(/^00000000000000000020\.timeindex +1 +12 +missing +write$/m);
    expect(await readdir(partition)).toEqual(before);
    const [done] = await json("segment", "rebuild-index", partition, "--execute");
    expect(done).toMatchObject({ executed: true, segments: [{ batchCount: 10 }, { batchCount: 10 }] });
    expect((await readdir(partition)).length).toBe(before.length + 4);
    expect((await run("segment", "rebuild-index", partition)).stderr).toMatch(/: 0 files to write/);
    expect((await run("segment", "verify", partition)).stdout).toMatch(/files, none damaged\n$/);
  });

  it("refuses damage with the typed error, and shows the rest", async () => {
    const [log = ""] = (await dataDirectory()).logs;
    await patch(log, 200, Buffer.from([0xee]));
    const { status, stdout, stderr } = await run("segment", "rebuild-index", dirname(log), "--execute");
    expect(status).toBe(1);
    expect(stderr).toMatch(/CORRUPT_FILE/);
    expect(stdout).toMatch(new RegExp(`^${basename(log)} +- +- +damaged +nothing$`, "m"));
    expect(stdout).toMatch(/^00000000000000000020\.index .*written$/m);
  });
});

describe("data-dir inspect", () => {
  it("shows whose it is and what is in it", async () => {
    const { data, logs } = await dataDirectory();
    const { status, stdout } = await run("data-dir", "inspect", data);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^broker +1 of cluster c$/m);
    expect(stdout).toMatch(/^state +a broker runs here, or the last one ended without closing$/m);
    expect(stdout).toMatch(/^orders +0 +2 +\d+ +0 +40 +- +0 +-/m);
    expect(stdout).toMatch(/1 partition, 2 segments, [\d,]+ bytes\n$/);
    const [report] = await json("data-dir", "inspect", data, "--topic", "orders");
    expect(report).toMatchObject({ meta, life: null, partitions: [{ topic: "orders", logEndOffset: 40 }] });
    expect((await json("data-dir", "inspect", data, "--topic", "other"))[0]).toMatchObject({ partitions: [] });
    const last = logs[1] ?? "";
    await patch(last, (await readFile(last)).length - 1, Buffer.from([0xee]));
    const damaged = await run("data-dir", "inspect", data);
    expect(damaged.status).toBe(3);
    expect(damaged.stdout).toMatch(/^orders .* damaged .* PROBLEM$/m);
    expect(damaged.stdout).toMatch(/^Problems:\n {2}orders-0 .*00000000000000000020\.log: at position/m);
    expect((await run("data-dir", "inspect", join(data, "no"))).stderr).toMatch(/FILE_NOT_FOUND/);
  });

  it("says which partition a broker that stopped in order could not close", async () => {
    const { data } = await dataDirectory();
    const body = "0\n1\nbroker-epoch 3\n";
    const checksum = crc32c(Buffer.from(body)).toString(16).padStart(8, "0");
    await writeFile(join(data, "clean-shutdown"), `${body}crc32c ${checksum}\n`);
    const { status, stdout } = await run("data-dir", "inspect", data);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^state +stopped in order$/m);
    expect(stdout).toMatch(/^orders .* not closed in order$/m);
  });

  it("names the directories of brokers to whoever names the one above them", async () => {
    const { data } = await dataDirectory();
    const above = join(data, "above");
    for (const name of ["broker-2", "broker-1"]) {
      await mkdir(join(above, name), { recursive: true });
      await writeFile(join(above, name, "meta"), JSON.stringify(meta));
    }
    const { status, stderr } = await run("data-dir", "inspect", above);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^Name one of them: broker-1, broker-2\.$/m);
  });
});

it.each([
  ["segment", "dump"],
  ["segment", "verify"],
  ["segment", "rebuild-index"],
  ["data-dir", "inspect"],
])("%s %s has examples in its help", async (group, name) => {
  const { status, stdout } = await run(group, name, "--help");
  expect(status).toBe(0);
  expect(stdout).toMatch(new RegExp(`Examples:\n +sluice ${group} ${name} `));
  expect(await run("help", group, name)).toMatchObject({ status: 0, stdout });
});
