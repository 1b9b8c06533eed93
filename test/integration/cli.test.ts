/** The commands of `sluice`, as processes of their own, against a real local cluster. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { appendFile, mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LocalCluster, silentLogger, startLocalCluster } from "@sluice/broker";
import { Sluice } from "@sluice/client";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Finished, finished, repositoryRoot, sluice, until } from "../support/program.js";
import { temporaryDirectory } from "../support/temporary-directory.js";

const bin = join(repositoryRoot, "packages/cli/bin/sluice.js");
let cluster: LocalCluster;
let dataDirectory: string;
let client: Sluice;

beforeAll(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), "sluice-cli-test-"));
  cluster = await startLocalCluster({ brokers: 2, dataDirectory, port: 0, logger: silentLogger });
  client = new Sluice({ brokers: cluster.bootstrap });
});

afterAll(async () => {
  await client?.close();
  await cluster?.close();
  await rm(dataDirectory, { recursive: true, force: true });
});

/** Runs a command against the cluster. */
function run(line: string, input = ""): Promise<Finished> {
  return sluice(line.split(" "), { input, env: { SLUICE_BROKERS: cluster.bootstrap.join(",") } });
}

/** Runs a command that must succeed, and gives its JSON lines. */
async function json(line: string, input = ""): Promise<Record<string, unknown>[]> {
  const { status, stdout, stderr } = await run(`${line} -o json`, input);
  expect(status, `${line}\n${stderr}`).toBe(0);
  return stdout
    .split("\n")
    .filter((text) => text !== "")
    .map((text) => JSON.parse(text) as Record<string, unknown>);
}

/** Starts a command that goes on until it is stopped; the test kills what is left of it. */
function start(line: string, env: Record<string, string> = {}): { child: ChildProcess; ended: Promise<Finished> } {
  const environment = { ...process.env, SLUICE_BROKERS: cluster.bootstrap.join(","), ...env };
  const child = spawn(process.execPath, [bin, ...line.split(" ")], { env: environment });
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, ended: finished(child, "") };
}

async function createTopic(name: string, partitions: number): Promise<void> {
  await client.admin().createTopics({ topics: [{ topic: name, numPartitions: partitions }] });
}

describe("topic", () => {
  it("creates, lists, describes and deletes", async () => {
    expect(await json("topic create made --partitions 3 --config flush=os --config segment.bytes=2000")).toEqual([
      { topic: "made", partitions: 3 },
    ]);
    expect((await json("topic list"))[0]?.topics).toContainEqual({
      topic: "made",
      partitions: 3,
      replicationFactor: 2,
      underReplicated: 0,
      leaderless: 0,
      offlineReplicas: 0,
    });
    const [description] = await json("topic describe made");
    expect(description?.partitions).toMatchObject([0, 1, 2].map((partition) => ({ partition, start: 0, end: 0 })));
    expect(description?.configs).toContainEqual({ name: "segment.bytes", value: "2000", isDefault: false });
    expect((await run("topic describe made")).stdout).toMatch(/^flush +os +for this topic$/m);
    expect(await json("topic delete made --yes")).toEqual([{ topic: "made", deleted: true }]);
    expect((await run("topic list")).stdout).not.toContain("made");
  });

  it("hides what Sluice keeps for itself unless asked", async () => {
    expect((await run("topic list")).stdout).not.toContain("__consumer_offsets");
    expect((await run("topic list --internal")).stdout).toContain("__consumer_offsets");
  });

  it.each([
    ["topic create a/b --partitions 1", 2, /'a\/b' is not a topic name/],
    ["topic create t --partitions 0", 2, /whole number from 1/],
    ["topic create t --partitions 1 --config flsh=os", 2, /Did you mean 'flush'/],
    ["topic create t --partitions 1 --config flush=never", 2, /'never' is not a value of flush/],
    ["topic create t --partitions 1 --replication-factor 3", 1, /INVALID_REPLICATION_FACTOR/],
    ["topic delete nobody-made-this", 1, /UNKNOWN_TOPIC/],
    ["topic delete __consumer_offsets", 1, /INTERNAL_TOPIC/],
  ])("answers '%s' with exit code %i and what to do", async (line, code, message) => {
    const { status, stdout, stderr } = await run(line);
    expect(status).toBe(code);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^error: /);
    expect(stderr.trimEnd().split("\n").length).toBeGreaterThan(1);
    expect(stderr).not.toMatch(/\bat .*\.js:\d+/);
    expect(stdout).toBe("");
  });
});

describe("produce and consume", () => {
  it("keeps the bytes of lines, and those that are no text too", async () => {
    await createTopic("lines", 1);
    const [summary] = await json("produce lines", "first\n\nthird \r\nno end");
    expect(summary).toMatchObject({ records: 4, bytes: 18 });
    expect(summary?.seconds).toBeTypeOf("number");
    await client
      .producer()
      .send({ topic: "lines", messages: [{ key: Buffer.from([0xff]), value: null, headers: { h: "x" } }] });
    const records = await json("consume lines");
    expect(records.map(({ value }) => value)).toEqual(["first", "", "third \r", "no end", null]);
    const [first] = records;
    expect(Object.keys(first ?? {})).toEqual(["topic", "partition", "offset", "timestamp", "key", "value", "headers"]);
    expect(records[4]).toMatchObject({
      topic: "lines",
      partition: 0,
      offset: 4,
      key: { base64: "/w==" },
      headers: { h: "x" },
    });
  });

  it("takes keys and times from ndjson and csv, from a file too", async () => {
    await createTopic("fields", 1);
    await json(
      "produce fields --format ndjson --key-field k --timestamp-field t",
      '{"k":"a","t":1000}\n{"k":2,"t":"1970-01-01T00:00:02Z"}\n',
    );
    const file = join(await temporaryDirectory(), "rows.csv");
    await writeFile(file, 'k,t,text\nb,3000,"two\nlines"\n');
    await json(`produce fields --file ${file} --format csv --key-field k --timestamp-field t`);
    expect((await json("consume fields")).map(({ key, timestamp, value }) => [key, timestamp, value])).toEqual([
      ["a", 1000, '{"k":"a","t":1000}'],
      ["2", 2000, '{"k":2,"t":"1970-01-01T00:00:02Z"}'],
      ["b", 3000, '{"k":"b","t":"3000","text":"two\\nlines"}'],
    ]);
    expect((await json("consume fields --from 1970-01-01T00:00:02Z")).map(({ offset }) => offset)).toEqual([1, 2]);
    expect((await json("consume fields --to 1970-01-01T00:00:03")).map(({ offset }) => offset)).toEqual([0, 1]);
    expect((await json("consume fields --from 1 --to 2")).map(({ offset }) => offset)).toEqual([1]);
    expect(await json("consume fields --from latest")).toEqual([]);
    expect((await json("consume fields --count 2")).length).toBe(2);
    expect((await run("consume fields --count 1")).stdout).toMatch(
      /^PARTITION +OFFSET.*\n +0 +0 +1970-01-01T00:00:01.000Z +a +\{/,
    );
  });

  it("says what it could send of an input that is wrong further on", async () => {
    await createTopic("half", 1);
    const { status, stdout, stderr } = await run(
      "produce half --format ndjson -o json",
      `${'{"a":1}\n'.repeat(40_000)}oops\n`,
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/Line 40001 is not JSON/);
    const { records } = JSON.parse(stdout) as { records: number };
    expect((await json("consume half")).length).toBe(records);
  });

  it("reads one partition, and all of several", async () => {
    await createTopic("spread", 3);
    const messages = Array.from({ length: 30 }, (_, index) => ({ value: String(index), partition: index % 3 }));
    await client.producer().send({ topic: "spread", messages });
    expect((await json("consume spread --partition 1")).map(({ value }) => Number(value))).toEqual([
      1, 4, 7, 10, 13, 16, 19, 22, 25, 28,
    ]);
    expect(new Set((await json("consume spread")).map(({ value }) => value)).size).toBe(30);
    expect((await run("consume spread --partition 3")).stderr).toMatch(/UNKNOWN_PARTITION/);
  });

  it("follows until it is interrupted", async () => {
    await createTopic("followed", 1);
    const { child, ended } = start("consume followed --follow -o json");
    let seen = "";
    child.stdout?.on("data", (text: string) => (seen += text));
    await client.producer().send({ topic: "followed", messages: [{ value: "one" }] });
    await until(() => seen.includes("one"));
    await client.producer().send({ topic: "followed", messages: [{ value: "two" }] });
    await until(() => seen.includes("two"));
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ status: 130, stderr: "" });
  });

  it("ends quietly when nobody reads on", async () => {
    await createTopic("piped", 1);
    await run("produce piped", "a line that is not short\n".repeat(50_000));
    const shell = spawn("bash", ["-c", `${process.execPath} ${bin} consume piped | head -2; echo \${PIPESTATUS[0]}`], {
      env: { ...process.env, SLUICE_BROKERS: cluster.bootstrap.join(",") },
    });
    const { stdout, stderr } = await finished(shell, "");
    expect(stderr).toBe("");
    expect(stdout.trimEnd().split("\n").at(-1)).toBe("0");
  });

  it.each([
    ["consume no-such-topic", 1, /UNKNOWN_TOPIC[\s\S]*sluice topic create/],
    ["produce no-such-topic", 1, /UNKNOWN_TOPIC/],
    ["consume lines --from yesterday", 2, /It takes earliest, latest/],
    ["produce lines --file /no/such/file", 1, /\/no\/such\/file does not exist/],
    ["produce lines --key-field k", 2, /--format ndjson/],
    ["produce lines --acks some", 2, /all, leader, none/],
    ["consume lines --brokers localhost:1", 1, /BROKER_UNREACHABLE[\s\S]*npm start/],
    ["consume lines --brokers localhost:99999", 2, /has no valid port/],
  ])("answers '%s' with exit code %i", async (line, code, message) => {
    const { status, stderr } = await run(line);
    expect(stderr).toMatch(message);
    expect(status).toBe(code);
  });

  it("names the right port where the wrong one answers", async () => {
    const [broker] = cluster.brokers;
    const { status, stderr } = await run(`topic list --brokers 127.0.0.1:${broker?.httpPort}`);
    expect(status).toBe(1);
    expect(stderr).toMatch(/WRONG_PORT[\s\S]*gRPC port/);
  });
});

describe("group", () => {
  it("commits what was printed, and replays it after a reset", async () => {
    await createTopic("replayed", 3);
    const messages = Array.from({ length: 60 }, (_, index) => ({
      key: `k${index}`,
      value: String(index),
      partition: index % 3,
      timestamp: 1_000_000 + index * 1000,
    }));
    await client.producer().send({ topic: "replayed", messages });
    const values = async (line: string): Promise<number[]> =>
      (await json(line)).map(({ value }) => Number(value)).sort((left, right) => left - right);
    const all = Array.from({ length: 60 }, (_, index) => index);

    expect(await values("consume replayed --group g")).toEqual(all);
    expect(await values("consume replayed --group g")).toEqual([]);
    const [description] = await json("group describe g");
    expect(description).toMatchObject({ group: "g", state: "empty", members: [] });
    expect(description?.partitions).toEqual(
      [0, 1, 2].map((partition) => ({ topic: "replayed", partition, committed: 20, end: 20, lag: 0 })),
    );

    const { stdout, stderr } = await run("group reset g --topic replayed --to offset:15");
    expect(stdout).toMatch(/^TOPIC +PARTITION +CURRENT +NEW +DELTA\nreplayed +0 +20 +15 +-5$/m);
    expect(stderr).toMatch(/Nothing is changed[\s\S]*--execute/);
    expect(await values("consume replayed --group g")).toEqual([]);

    const [executed] = await json("group reset g --topic replayed --to time:1970-01-01T00:17:10Z --execute");
    expect(executed).toMatchObject({ group: "g", executed: true });
    expect(await values("consume replayed --group g")).toEqual(all.filter((index) => index >= 30));
    await json("group reset g --topic replayed --to shift:-2 --execute");
    expect(await values("consume replayed --group g")).toEqual([54, 55, 56, 57, 58, 59]);
    await json("group reset g --topic replayed --to earliest --execute");
    expect((await json("group describe g"))[0]?.partitions).toMatchObject([{ lag: 20 }, { lag: 20 }, { lag: 20 }]);
    expect(await values("consume replayed --group g")).toEqual(all);

    expect((await json("group list"))[0]?.groups).toContainEqual({ group: "g", state: "empty", members: 0 });
    expect(await json("group delete g --yes")).toEqual([{ group: "g", deleted: true }]);
    expect((await run("group describe g")).stderr).toMatch(/UNKNOWN_GROUP/);
  });

  it("stops after so many records, and goes on there", async () => {
    await createTopic("counted", 1);
    await run("produce counted", "a\nb\nc\nd\n");
    const values = async (line: string): Promise<unknown[]> => (await json(line)).map(({ value }) => value);
    expect(await values("consume counted --group counters --count 1")).toEqual(["a"]);
    expect(await values("consume counted --group counters --to 3")).toEqual(["b", "c"]);
    expect(await values("consume counted --group counters --to 3")).toEqual([]);
    expect(await values("consume counted --group counters")).toEqual(["d"]);
  });

  it("begins where it is told only where nothing is committed", async () => {
    await createTopic("begun", 1);
    await run("produce begun", "a\nb\nc\n");
    const values = async (line: string): Promise<unknown[]> => (await json(line)).map(({ value }) => value);
    expect(await values("consume begun --group begin --from 1 --count 1")).toEqual(["b"]);
    expect(await values("consume begun --group begin --from earliest")).toEqual(["c"]);
    expect(await values("consume begun --group latest --from latest")).toEqual([]);
    expect(await values("consume begun --group single --partition 0")).toEqual(["a", "b", "c"]);
    expect(await values("consume begun --group single --partition 0")).toEqual([]);
  });

  it("does not reset or delete a running group, and names its members", async () => {
    await createTopic("busy", 1);
    await run("produce busy", "a\nb\n");
    const { child, ended } = start("consume busy --group running --follow -o json");
    let seen = "";
    child.stdout?.on("data", (text: string) => (seen += text));
    await until(() => seen.includes('"b"'));
    for (const line of ["group reset running --topic busy --to earliest --execute", "group delete running"]) {
      const { status, stderr } = await run(line);
      expect(status).toBe(1);
      expect(stderr).toMatch(/GROUP_NOT_EMPTY/);
      expect(stderr).toMatch(/sluice-cli/);
    }
    const [description] = await json("group describe running");
    expect(description).toMatchObject({ state: "stable", members: [{ clientId: "sluice-cli" }] });
    expect((await run("group describe running")).stdout).toMatch(/busy +0 .* sluice-cli-/);
    child.kill("SIGINT");
    expect((await ended).status).toBe(130);
    expect((await json("group describe running"))[0]?.partitions).toMatchObject([{ committed: 2, lag: 0 }]);
    expect((await run("group delete running --yes")).status).toBe(0);
  });

  it("shares a topic with other members, and ends when all of it is read", async () => {
    await createTopic("shared", 4);
    const messages = Array.from({ length: 40 }, (_, index) => ({ value: String(index), partition: index % 4 }));
    await client.producer().send({ topic: "shared", messages });
    const answers = await Promise.all([1, 2].map(() => json("consume shared --group sharers")));
    const values = answers.flat().map(({ value }) => Number(value));
    expect(new Set(values).size).toBe(40);
    expect((await json("group describe sharers"))[0]?.partitions).toMatchObject([
      { lag: 0 },
      { lag: 0 },
      { lag: 0 },
      { lag: 0 },
    ]);
  });
});

it("ends at once when it is interrupted while a broker does not answer", async () => {
  const server = createServer();
  onTestFinished(() => void server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  for (const line of ["topic list", "produce t", "consume t"]) {
    const connected = once(server, "connection");
    const { child, ended } = start(`${line} --brokers 127.0.0.1:${port}`);
    await connected;
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ status: 130, stdout: "", stderr: "" });
  }
});

describe("cluster info", () => {
  it("names brokers and controller, and says that all is well", async () => {
    const [info] = await json("cluster info");
    expect(info).toMatchObject({ healthy: true, leaderless: 0 });
    const brokers = info?.brokers as { port: number }[] | undefined;
    expect(brokers?.map(({ port }) => port)).toEqual(cluster.brokers.map(({ port }) => port));
    expect((await run("cluster info")).stdout).toMatch(/controller[\s\S]*Healthy/);
  });
});

describe("the command line", () => {
  it.each([
    [[], /Usage: sluice/],
    [["topik"], /Did you mean topic\?/],
    [["topic", "lst"], /Did you mean list\?/],
    [["topic", "create", "t", "--partitons", "1"], /Did you mean --partitions\?/],
    [["topic", "create"], /--help' to see what it takes|is missing[\s\S]*--help/],
    [["produce", "t", "extra"], /too many arguments/],
    [["topic", "list", "-o", "xml"], /table, wide, json, yaml/],
  ])("answers %j with usage and exit code 2", async (args, message) => {
    const { status, stderr, stdout } = await sluice(args);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
    expect(stdout).toBe("");
  });

  it("answers --help on standard output, for every command", async () => {
    for (const args of [
      ["--help"],
      ["topic", "--help"],
      ["help", "produce"],
      ["group", "reset", "--help"],
      ["broker", "--help"],
    ]) {
      const { status, stdout, stderr } = await sluice(args);
      expect(stderr).toBe("");
      expect(stdout).toMatch(/^Usage: sluice/);
      expect(status).toBe(0);
    }
    expect((await sluice(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("broker and dev", () => {
  async function readyLine(
    child: ChildProcess,
  ): Promise<Record<string, never> & { port: number; dataDirectory: string }> {
    let text = "";
    child.stdout?.on("data", (chunk: string) => (text += chunk));
    await until(() => text.includes("\n") || child.exitCode !== null);
    return JSON.parse(text.split("\n")[0] ?? "") as never;
  }

  it("runs one broker from a file, with the environment and flags over it", async () => {
    const directory = await temporaryDirectory();
    const file = join(directory, "broker.yaml");
    await writeFile(file, "brokerId: 7\nport: 1\nhttpPort: 0\nlogLevel: warn\n");
    const { child, ended } = start(`broker --config ${file} --port 0`, {
      SLUICE_DATA_DIRECTORY: join(directory, "data"),
      SLUICE_BROKERS: "",
    });
    const { id, port } = (await readyLine(child)) as unknown as { id: number; port: number };
    expect(id).toBe(7);
    const info = await sluice(["cluster", "info", "-o", "json", "--brokers", `127.0.0.1:${port}`]);
    expect(JSON.parse(info.stdout)).toMatchObject({ brokers: [{ id: 7, port }] });
    child.kill("SIGTERM");
    expect((await ended).status).toBe(0);
    expect(existsSync(join(directory, "data"))).toBe(true);
  });

  it("refuses settings that do not exist, and says which file", async () => {
    const file = join(await temporaryDirectory(), "broker.yaml");
    await writeFile(file, "prot: 1\n");
    const wrong = await sluice(["broker", "--config", file]);
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toMatch(/'prot' is not a configuration key of a broker[\s\S]*'port'/);
    const missing = await sluice(["broker", "--config", `${file}.not`]);
    expect(missing.stderr).toMatch(/broker.yaml.not does not exist/);
  });

  it("says that a port is taken, and a data directory in use", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const data = await temporaryDirectory();
    const taken = await sluice(["dev", "--brokers", "1", "--data", data, "--port", String(port)]);
    expect(taken.status).toBe(1);
    expect(taken.stderr).toMatch(/ADDRESS_IN_USE[\s\S]*sluice dev --port N/);
    const used = await sluice(["dev", "--brokers", "1", "--data", dataDirectory, "--port", "0"]);
    expect(used.status).toBe(1);
    expect(used.stderr).toMatch(/DATA_DIRECTORY_IN_USE/);
  });

  it("removes temporary data, and stops within a bound", async () => {
    const { child, ended } = start("dev --brokers 1 --temporary --port 0 -o json");
    const { dataDirectory: temporary } = await readyLine(child);
    expect(existsSync(temporary)).toBe(true);
    child.kill("SIGINT");
    expect((await ended).status).toBe(0);
    expect(existsSync(temporary)).toBe(false);
    expect((await sluice(["dev", "--temporary", "--data", "x"])).status).toBe(2);
  });
});

describe("segment and data-dir", () => {
  it("look at the files of a running broker, and change none of them", async () => {
    await createTopic("looked-at", 1);
    await run("produce looked-at", "a\nb\nc\n");
    const directory = join(dataDirectory, "broker-1");
    const inspected = await sluice(["data-dir", "inspect", directory, "-o", "json"]);
    const reports = [inspected, await sluice(["data-dir", "inspect", join(dataDirectory, "broker-2"), "-o", "json"])];
    const partitions = reports.flatMap(({ stdout }) => (JSON.parse(stdout) as { partitions: object[] }).partitions);
    expect(partitions).toContainEqual(expect.objectContaining({ topic: "looked-at", logEndOffset: 3, problems: [] }));
    expect(inspected).toMatchObject({ status: 0, stdout: expect.stringContaining('"state":"runningOrCrashed"') });
    expect((await sluice(["segment", "verify", dataDirectory])).stdout).toMatch(/none damaged\n$/);
    const { directory: name } = partitions[0] as { directory: string };
    const broker = (JSON.parse(inspected.stdout) as { partitions: unknown[] }).partitions.length > 0 ? 1 : 2;
    const partition = join(dataDirectory, `broker-${broker}`, name);
    const refused = await sluice(["segment", "rebuild-index", partition, "--execute"]);
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringMatching(/DATA_DIRECTORY_IN_USE/) });
    expect((await sluice(["segment", "rebuild-index", partition])).status).toBe(0);
  });

  it("dumps records and verifies files, and finds damage", async () => {
    const data = await temporaryDirectory();
    const local = await startLocalCluster({ brokers: 1, dataDirectory: data, port: 0, logger: silentLogger });
    await using own = new Sluice({ brokers: local.bootstrap });
    await own.admin().createTopics({ topics: [{ topic: "kept", numPartitions: 1 }] });
    await own
      .producer()
      .send({ topic: "kept", messages: [{ key: "k", value: "v", timestamp: 5, headers: { h: "1" } }] });
    await own.producer().send({ topic: "kept", messages: [{ value: Buffer.from([0xff]) }] });
    await own.close();
    await local.close();

    const files = (await readdir(data, { recursive: true })).map((name) => join(data, name));
    const logs = files.filter((name) => name.endsWith(".log"));
    const dumps = await Promise.all(logs.map((log) => sluice(["segment", "dump", log, "-o", "json"])));
    const found = dumps.findIndex(({ stdout }) => stdout.includes('"base64"'));
    const [first, second] = (dumps[found]?.stdout ?? "")
      .split("\n")
      .map((line) => (line === "" ? null : JSON.parse(line)));
    expect(first).toMatchObject({ offset: 0, timestamp: 5, key: "k", value: "v", headers: { h: "1" } });
    expect(second).toMatchObject({ offset: 1, key: null, value: { base64: "/w==" } });

    const log = logs[found] ?? "";
    expect((await sluice(["segment", "dump", log])).stdout).toMatch(/^batch 0\.\.0 /);
    expect((await sluice(["segment", "verify", data])).stdout).toMatch(/files, none damaged\n$/);
    await appendFile(log, "torn");
    expect(await sluice(["segment", "verify", data])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/tornTail/),
    });
    const file = await open(log, "r+");
    await file.write(Buffer.from([0xaa]), 0, 1, 65);
    await file.close();
    const damaged = await sluice(["segment", "verify", data, "-o", "json"]);
    expect(damaged.status).toBe(3);
    expect(JSON.parse(damaged.stdout)).toMatchObject({ damaged: 1 });
    const shown = await sluice(["segment", "dump", log]);
    expect(shown.status).toBe(1);
    expect(shown.stdout).toMatch(/^batch 1\.\.1 /m);
    expect(shown.stderr).toMatch(/is damaged in one place at position 0[\s\S]*sluice segment verify/);
    expect((await sluice(["segment", "dump", `${data}/none.log`])).stderr).toMatch(/FILE_NOT_FOUND/);
    expect((await sluice(["segment", "dump", data])).status).toBe(2);
  });
});
