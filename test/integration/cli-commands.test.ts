/**
 * The commands of `sluice` that look after a cluster, as processes of their own, against a real local one. Every answer with `-o json` is
 * held against the example that docs/command-line.md shows.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LocalCluster, silentLogger, startLocalCluster } from "@sluice/broker";
import { Sluice } from "@sluice/client";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { jsonExamples } from "../support/command-line-json.js";
import { type Finished, finished, repositoryRoot, sluice, until } from "../support/program.js";
import { temporaryDirectory } from "../support/temporary-directory.js";

const bin = join(repositoryRoot, "packages/cli/bin/sluice.js");
let cluster: LocalCluster;
let dataDirectory: string;
let client: Sluice;

beforeAll(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), "sluice-cli-commands-"));
  cluster = await startLocalCluster({ brokers: 2, dataDirectory, port: 0, logger: silentLogger });
  client = new Sluice({ brokers: cluster.bootstrap });
});

afterAll(async () => {
  await client?.close();
  await cluster?.close();
  await rm(dataDirectory, { recursive: true, force: true });
});

function environment(): Record<string, string> {
  return { SLUICE_BROKERS: cluster.bootstrap.join(",") };
}

function run(line: string, input = ""): Promise<Finished> {
  return sluice(line.split(" "), { input, env: environment() });
}

/** The lines that a command prints, each with the members that the documentation promises. */
async function json(line: string, input = "", status = 0): Promise<Record<string, never>[]> {
  const ended = await run(`${line} -o json`, input);
  expect(ended.status, `${line}\n${ended.stderr}`).toBe(status);
  const values = ended.stdout
    .split("\n")
    .filter((text) => text !== "")
    .map((text) => JSON.parse(text) as Record<string, never>);
  const name = Object.keys(jsonExamples).find((each) => line === each || line.startsWith(`${each} `));
  for (const value of values) expectShape(value, name === undefined ? {} : jsonExamples[name], line);
  return values;
}

/** Every member of the example is there, of its kind or null; items of lists too. Free-form objects have no members in common. */
function expectShape(value: unknown, example: unknown, where: string): void {
  if (value === null || example === null) return;
  if (Array.isArray(example)) {
    expect(Array.isArray(value), where).toBe(true);
    for (const item of value as unknown[]) expectShape(item, example[0], `${where}[]`);
  } else if (typeof example === "object") {
    for (const [name, member] of Object.entries(example as object)) {
      if (name === "headers" || name === "next") continue;
      expect(value, `${where} has ${name}`).toHaveProperty([name]);
      expectShape((value as Record<string, unknown>)[name], member, `${where}.${name}`);
    }
  } else expect(typeof value, where).toBe(typeof example);
}

async function createTopic(name: string, partitions: number, values: readonly string[] = []): Promise<void> {
  await client.admin().createTopics({ topics: [{ topic: name, numPartitions: partitions }] });
  const messages = values.map((value, index) => ({
    value,
    partition: index % partitions,
    timestamp: 1000 * (index + 1),
  }));
  if (messages.length > 0) await client.producer().send({ topic: name, messages });
}

async function values(line: string): Promise<unknown[]> {
  return (await json(line)).map(({ value }) => value);
}

describe("context", () => {
  it("names clusters, and commands find them by it", async () => {
    const env = { XDG_CONFIG_HOME: await temporaryDirectory(), SLUICE_BROKERS: "", SLUICE_CONTEXT: "" };
    const context = async (line: string, status = 0): Promise<Finished> => {
      const ended = await sluice(line.split(" "), { env });
      expect(ended.status, `${line}\n${ended.stderr}`).toBe(status);
      return ended;
    };
    const brokers = cluster.bootstrap.join(",");
    const answers: [string, string][] = [
      ["context create", `context create here --brokers ${brokers}`],
      ["context create", "context create nowhere --brokers localhost:1"],
      ["context list", "context list"],
      ["context show", "context show"],
      ["context use", "context use nowhere"],
      ["context delete", "context delete nowhere"],
    ];
    for (const [name, line] of answers)
      expectShape(JSON.parse((await context(`${line} -o json`)).stdout), jsonExamples[name], name);
    await context("context use here");
    await context("cluster info");
    await context("--context here cluster info");
    expect((await context("--context her cluster info", 2)).stderr).toMatch(/Did you mean 'here'/);
    await context("context create nowhere --brokers localhost:1");
    await context("cluster info --context nowhere", 1);
    const both = await sluice(["cluster", "info", "--context", "nowhere"], {
      env: { ...env, SLUICE_BROKERS: brokers },
    });
    expect(both).toMatchObject({ status: 0, stderr: "--context nowhere is not used: SLUICE_BROKERS counts more.\n" });
    expect((await context("context create here --brokers x:1", 2)).stderr).toMatch(/--force/);
    expect((await context("context create bad --brokers x:99999", 2)).stderr).toMatch(/no valid port/);
    expect((await sluice(["context", "show"], { env: { ...env, SLUICE_BROKERS: "e:1" } })).stdout).toBe(
      "e:1  (from SLUICE_BROKERS)\n",
    );
  });

  it("dev writes one of its own, and removes it with its temporary data", async () => {
    const home = await temporaryDirectory();
    const env = { ...process.env, XDG_CONFIG_HOME: home, SLUICE_BROKERS: "" };
    const child = spawn(process.execPath, [bin, "dev", "--brokers", "1", "--temporary", "--port", "0", "-o", "json"], {
      env,
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const ended = finished(child, "");
    await once(child.stdout, "data");
    const answers = await sluice(["topic", "list", "-o", "json"], {
      env: { XDG_CONFIG_HOME: home, SLUICE_BROKERS: "" },
    });
    expect(JSON.parse(answers.stdout)).toEqual({ topics: [] });
    child.kill("SIGTERM");
    expect((await ended).status).toBe(0);
    const left = await sluice(["context", "list", "-o", "json"], { env: { XDG_CONFIG_HOME: home } });
    expect(JSON.parse(left.stdout)).toMatchObject({ contexts: [] });
  });
});

describe("topic", () => {
  it("alters settings, and asks before records may go", async () => {
    await createTopic("altered", 1);
    await json("topic alter altered --set retention.ms=1000 --dry-run", "", 3);
    const refused = await run("topic alter altered --set retention.ms=1000");
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining("--yes") });
    const [done] = await json("topic alter altered --set retention.ms=1000 --set flush=os --yes");
    expect(done).toMatchObject({ executed: true });
    const [again] = await json("topic alter altered --set flush=os --dry-run");
    expect(again).toMatchObject({ executed: false, changes: [] });
    const [reset] = await json("topic alter altered --reset retention.ms");
    expect(reset?.changes).toMatchObject([{ key: "retention.ms", current: "1000", isDefault: true }]);
    expect((await run("topic alter altered --set flsh=os")).stderr).toMatch(/Did you mean 'flush'/);
    expect((await run("topic alter altered")).status).toBe(2);
  });

  it("adds partitions", async () => {
    await createTopic("grown", 1, ["a"]);
    expect(await json("topic add-partitions grown --to 3 --dry-run", "", 3)).toMatchObject([
      { executed: false, after: 3 },
    ]);
    expect(await json("topic add-partitions grown --add 2")).toMatchObject([{ before: 1, after: 3 }]);
    expect((await json("topic describe grown"))[0]?.partitions).toHaveLength(3);
    expect((await run("topic add-partitions grown --to 2")).stderr).toMatch(/INVALID_PARTITION_COUNT/);
    expect(await values("consume grown")).toEqual(["a"]);
  });

  it("trims records, after it has shown which", async () => {
    await createTopic("trimmed", 2, ["a", "b", "c", "d", "e", "f"]);
    expect(await json("topic trim trimmed --before 2 --dry-run", "", 3)).toMatchObject([
      { executed: false, records: 4 },
    ]);
    const refused = await run("topic trim trimmed --before 2");
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining("--yes") });
    expect(await values("consume trimmed")).toHaveLength(6);
    expect(await json("topic trim trimmed --before 2 --partition 0 --yes")).toMatchObject([
      { executed: true, records: 2 },
    ]);
    expect(await json("topic offsets trimmed")).toMatchObject([
      {
        partitions: [
          { start: 2, end: 3 },
          { start: 0, end: 3 },
        ],
      },
    ]);
    expect((await values("consume trimmed")).sort()).toEqual(["b", "d", "e", "f"]);
    await json("topic trim trimmed --before end --yes");
    expect(await values("consume trimmed")).toEqual([]);
    expect(await json("topic trim trimmed --before end --yes")).toMatchObject([{ executed: false, records: 0 }]);
  });

  it("finds offsets", async () => {
    await createTopic("placed", 2, ["a", "b", "c"]);
    const offsets = async (at: string): Promise<unknown> =>
      (await json(`topic offsets placed`))[0] &&
      (JSON.parse((await run(`topic offsets placed --at ${at} -o json`)).stdout) as { partitions: unknown }).partitions;
    expect(await offsets("latest")).toEqual([
      { partition: 0, offset: 2 },
      { partition: 1, offset: 1 },
    ]);
    expect(await offsets("1970-01-01T00:00:03Z")).toEqual([
      { partition: 0, offset: 1 },
      { partition: 1, offset: 1 },
    ]);
    expect(await offsets("max-timestamp")).toEqual([
      { partition: 0, offset: 1, timestamp: 3000 },
      { partition: 1, offset: 0, timestamp: 2000 },
    ]);
    expect((await run("topic offsets placed --at 5")).status).toBe(2);
  });

  it("names what looks like a name that is not there, and asks before it deletes", async () => {
    await createTopic("payments", 1, ["a"]);
    for (const line of ["topic describe paymnets", "consume paymnets", "topic delete paymnets"])
      expect(await run(line)).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/UNKNOWN_TOPIC[\s\S]*Did you mean 'payments'\?\n$/),
      });
    expect(await run("topic delete payments")).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/1 partition and its 1 record'[\s\S]*--yes/),
    });
    expect((await run("topic list -o wide")).stdout).toMatch(/^payments +1 +2 +0 +0 +no +[0-9a-f-]{36}$/m);
    expect((await json("topic create payments --partitions 1 --if-not-exists"))[0]).toMatchObject({ existed: true });
    expect(await json("topic delete payments --yes")).toHaveLength(1);
  });
});

describe("produce and consume", () => {
  it("give every record a key, headers and a partition", async () => {
    await createTopic("dressed", 2);
    await sluice(
      [
        "produce",
        "dressed",
        "-k",
        "ann",
        "-H",
        "a=1",
        "-H",
        "a=2",
        "-H",
        "b=x y",
        "-p",
        "1",
        "--compression",
        "gzip",
        "--format",
        "raw",
        "-q",
      ],
      {
        input: "one\ntwo\n",
        env: environment(),
      },
    );
    const [record] = await json("consume dressed --partition 1");
    expect(record).toMatchObject({ key: "ann", value: "one\ntwo\n", headers: { a: ["1", "2"], b: "x y" } });
    expect(await values("consume dressed --partition 0")).toEqual([]);
  });

  it("name the line that is too long for a record", async () => {
    await client.admin().createTopics({
      topics: [{ topic: "narrow", numPartitions: 1, configEntries: [{ name: "max.message.bytes", value: 1000 }] }],
    });
    const { status, stderr } = await run("produce narrow", `short\nshort\n${"x".repeat(2000)}\nshort\n`);
    expect(status).toBe(1);
    expect(stderr).toMatch(/RECORD_BATCH_TOO_LARGE[\s\S]*Line 3 of the input/);
  });

  it("read several topics, by name or pattern, and only what matches", async () => {
    await createTopic("many-a", 1, ["apple", "pear"]);
    await createTopic("many-b", 1, ["grape", "plum"]);
    expect((await values("consume many-a many-b")).sort()).toEqual(["apple", "grape", "pear", "plum"]);
    expect((await values("consume /^many-/ --grep ap")).sort()).toEqual(["apple", "grape"]);
    expect((await run("consume many-a many-b")).stdout).toMatch(/^TOPIC +PARTITION[\s\S]*^many-b +0 /m);
    expect((await run("consume /^none-/")).stderr).toMatch(/No topic matches/);
    expect((await values("consume /^many-/ -n 3")).length).toBe(3);
    expect((await values("consume /^many-/ --group both")).sort()).toEqual(["apple", "grape", "pear", "plum"]);
    expect(await values("consume /^many-/ --group both")).toEqual([]);
  });

  it("begin at the last ones, and print as they are told", async () => {
    await createTopic("tail", 2, ["a", "b", "c", "d", "e"]);
    expect((await values("consume tail --from -1")).sort()).toEqual(["d", "e"]);
    expect((await values("consume tail --from -2 --to 1 --partition 1")).sort()).toEqual(["b"]);
    const { stdout } = await sluice(["consume", "tail", "--partition", "0", "-f", "%t/%p/%o=%v;"], {
      env: environment(),
    });
    expect(stdout).toBe("tail/0/0=a;tail/0/1=c;tail/0/2=e;");
    expect((await run("consume tail -o yaml -n 1 --partition 0")).stdout).toMatch(/^---\ntopic: tail\npartition: 0\n/);
  });

  it("keep to a rate", async () => {
    await createTopic("slow", 1);
    const [summary] = await json("produce slow --rate 100/s", "x\n".repeat(50));
    expect(summary).toMatchObject({ records: 50 });
    // 50 records at 100 a second; the first piece goes at once.
    expect(Number(summary?.seconds)).toBeGreaterThan(0.4);
  });
});

it("produce says why it waits while the disk of a broker is full", async () => {
  const directory = await temporaryDirectory();
  const config = { diskReserveBytes: Number.MAX_SAFE_INTEGER };
  const full = await startLocalCluster({ brokers: 1, dataDirectory: directory, port: 0, config, logger: silentLogger });
  onTestFinished(() => full.close());
  const env = { ...process.env, SLUICE_BROKERS: full.bootstrap.join(",") };
  expect(
    (await sluice(["topic", "create", "t", "--partitions", "1"], { env: { SLUICE_BROKERS: env.SLUICE_BROKERS } }))
      .status,
  ).toBe(0);
  const child = spawn(process.execPath, [bin, "produce", "t"], { env });
  onTestFinished(() => void child.kill("SIGKILL"));
  let told = "";
  child.stderr.on("data", (text: string) => (told += text));
  const ended = finished(child, "a\nb\n");
  await until(() => told.includes("\n"));
  expect(told).toMatch(
    /^No record was acknowledged for \d+ s: the disk of a broker is full \(DISK_FULL\)\. It goes on trying/,
  );
  child.kill("SIGINT");
  expect(await ended).toMatchObject({ status: 130, stderr: expect.stringMatching(/^0 records, 0 bytes/m) });
});

describe("group", () => {
  it("shows members and lag, and watches", async () => {
    await createTopic("watched", 2, ["a", "b", "c", "d"]);
    expect(await values("consume watched --group watchers")).toHaveLength(4);
    await run("produce watched", "e\nf\n");
    const [lag] = await json("group lag watchers");
    expect(lag).toMatchObject({ lag: 2 });
    expect((await run("group lag watchers")).stdout).toMatch(
      /^TOPIC +PARTITION +COMMITTED +END +LAG +TIME +MEMBER\n[\s\S]*Behind by 2 records/,
    );
    const child = spawn(
      process.execPath,
      [bin, "group", "lag", "watchers", "--watch", "--interval", "100ms", "-o", "json"],
      {
        env: { ...process.env, ...environment() },
      },
    );
    onTestFinished(() => void child.kill("SIGKILL"));
    let seen = "";
    child.stdout.on("data", (text: string) => (seen += text));
    const ended = finished(child, "");
    await until(() => seen.split("\n").length > 2);
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ status: 130, stderr: "" });

    const member = spawn(process.execPath, [bin, "consume", "watched", "--group", "watchers", "--follow"], {
      env: { ...process.env, ...environment() },
    });
    onTestFinished(() => void member.kill("SIGKILL"));
    const left = finished(member, "");
    const owned = async (): Promise<boolean> => {
      const [found] = await json("group members watchers");
      return (found?.members as { partitions: unknown[] }[] | undefined)?.[0]?.partitions.length === 2;
    };
    await until(owned);
    expect((await run("group members watchers -o wide")).stdout).toMatch(/watched-0 watched-1$/m);
    member.kill("SIGTERM");
    expect((await left).status).toBe(143);
  });

  it("resets, exports and imports offsets of several topics", async () => {
    await createTopic("reset-a", 2, ["a", "b", "c", "d"]);
    await createTopic("reset-b", 1, ["x", "y"]);
    expect(await values("consume reset-a reset-b --group mover")).toHaveLength(6);
    const exported = (await run("group export mover")).stdout;
    expect(exported.split("\n").sort()).toEqual(["", "reset-a,0,2", "reset-a,1,2", "reset-b,0,2"]);
    await json("group export mover");

    const planned = await run("group reset mover --all-topics --to -1 --dry-run");
    expect(planned).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/Nothing is changed[\s\S]*would replay 3 records[\s\S]*--execute/),
    });
    expect(planned.stdout).toMatch(/^reset-a +1 +2 +1 +-1$/m);
    expect(await json("group reset mover --topic reset-a:0 --topic reset-b --to earliest --execute")).toMatchObject([
      { executed: true, replayed: 4 },
    ]);
    expect((await values("consume reset-a reset-b --group mover")).sort()).toEqual(["a", "c", "x", "y"]);

    await json("group reset follower --topic reset-a --to group:mover --execute");
    expect((await run("group export follower")).stdout).toBe("reset-a,0,2\nreset-a,1,2\n");
    const file = join(await temporaryDirectory(), "offsets.csv");
    await writeFile(file, "reset-a,0,1\nreset-b,0,0\n");
    expect(await json(`group reset mover --to file:${file}`)).toMatchObject([{ executed: false, replayed: 3 }]);
    expect(await json("group import mover --execute", "reset-a,0,1\nreset-b,0,0\n")).toMatchObject([
      { executed: true },
    ]);
    expect((await values("consume reset-a reset-b --group mover")).sort()).toEqual(["c", "x", "y"]);
    expect((await run("group import mover", "reset-a,0\n")).status).toBe(1);

    expect((await run("group delete-offsets mover --topic reset-b")).status).toBe(2);
    expect(await json("group delete-offsets mover --topic reset-b --yes")).toMatchObject([{ deleted: 1 }]);
    expect((await run("group export mover")).stdout).toBe("reset-a,0,2\nreset-a,1,2\n");
    expect((await run("group delete mover")).status).toBe(2);
    await json("group delete mover --yes");
    expect((await run("group lag movr")).stderr).toMatch(/UNKNOWN_GROUP/);
    expect((await run("group describe folower")).stderr).toMatch(/Did you mean 'follower'/);
  });

  it.each([
    ["group reset g --to earliest", /--topic is missing/],
    ["group reset g --topic t", /--to is missing/],
    ["group reset g --topic t --all-topics --to earliest", /exclude/],
    ["group reset g --topic t --to earliest --dry-run --execute", /exclude/],
    ["group reset g --topic t --to sideways", /It takes earliest/],
  ])("refuses '%s'", async (line, message) => {
    expect(await run(line)).toMatchObject({ status: 2, stderr: expect.stringMatching(message) });
  });
});

describe("cluster, doctor, api and version", () => {
  it("say how the cluster is", async () => {
    expect(await json("cluster health")).toMatchObject([{ healthy: true, brokers: 2, problems: [] }]);
    expect((await json("cluster brokers"))[0]?.brokers).toMatchObject([
      { id: 1, ready: true },
      { id: 2, ready: true },
    ]);
    await json("cluster info");
    const [config] = await json("cluster config --broker 2");
    expect(config?.brokers).toMatchObject([
      { id: 2, configs: expect.arrayContaining([expect.objectContaining({ key: "brokerId", value: "2" })]) },
    ]);
    expect((await run("cluster config --broker 9")).status).toBe(2);
    expect((await json("version"))[0]?.brokers).toHaveLength(2);
    const away = await run("version --brokers localhost:1");
    expect(away).toMatchObject({ status: 0, stderr: expect.stringMatching(/not known: .*BROKER_UNREACHABLE/) });
  });

  it("doctor finds nothing wrong with a cluster that is well, and writes only where it may", async () => {
    const before = await client.admin().listTopics();
    const ended = await run("doctor --write -o json");
    const found = JSON.parse(ended.stdout) as { status: string; checks: { name: string; status: string }[] };
    expectShape(found, jsonExamples.doctor, "doctor");
    // What this machine has of Node and disk is not the cluster's.
    const wrong = found.checks.filter(({ name, status }) => status !== "ok" && name !== "node" && name !== "disk");
    expect(wrong).toEqual([]);
    expect(found.checks.map(({ name }) => name)).toContain("round-trip");
    expect(await client.admin().listTopics()).toEqual(before);
  });

  it("doctor says what to do where nothing listens, where a name is wrong, and where the port is", async () => {
    const refused = await run("doctor --brokers localhost:1");
    expect(refused).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(
        /^fail .*localhost:1 takes no connection: ECONNREFUSED\.\n +Nothing listens there/m,
      ),
    });
    expect(await run("doctor --brokers no-such-host.invalid:9092")).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/^fail .*no-such-host\.invalid has no address/m),
    });
    const [broker] = cluster.brokers;
    expect((await run(`doctor --brokers 127.0.0.1:${broker?.httpPort}`)).stdout).toMatch(/^fail .*WRONG_PORT/m);
    const address = cluster.bootstrap[0] ?? "";
    expect((await run(`doctor --brokers localhost:1,${address} -o yaml`)).stdout).toMatch(
      /bootstrap\.tcp\n +status: warn/,
    );
  });

  it("api calls a method, and says what it does not know", async () => {
    const { stdout } = await sluice(["api", "Cluster.Describe", '{"brokersOnly":true}', "-o", "json"], {
      env: environment(),
    });
    expect(JSON.parse(stdout)).toMatchObject({ brokers: [{ id: 1 }, { id: 2 }], topics: [] });
    expect((await run("api")).stdout).toMatch(/^Groups\.Describe$/m);
    expect((await run("api Cluster.DescribeBroker {} --broker 2 -o json")).stdout).toMatch(/"id":2/);
    expect(await run("api Cluster.Discribe")).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/Did you mean Cluster\.Describe/),
    });
    expect(await run('api Cluster.Describe {"topic":1}')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/no field 'topic'[\s\S]*topics/),
    });
    expect(await run("api Cluster.Describe nonsense")).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/not JSON/),
    });
    expect((await run('api Cluster.DescribeTopic {"name":"none"}')).stderr).toMatch(/UNKNOWN_TOPIC/);
  });
});

describe("bench", () => {
  it("measures, and leaves no topic behind, also when it is stopped", async () => {
    const before = await client.admin().listTopics();
    const [produced] = await json("bench produce --records 5000 --size 100 --producers 2");
    expect(produced).toMatchObject({ records: 5000, bytes: 500_000 });
    const [consumed] = await json("bench consume --records 5000 --size 100 -q");
    expect(consumed).toMatchObject({ records: 5000 });
    const [there] = await json("bench end-to-end --records 100 --rate 1k/s --size 64");
    expect(there).toMatchObject({ records: 100 });
    expect((await run("bench produce --records 100 --rate 10k/s")).stdout).toMatch(/RECORDS\/S[\s\S]*P99\.9/);

    const child = spawn(process.execPath, [bin, "bench", "produce", "--duration", "5m"], {
      env: { ...process.env, ...environment() },
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const ended = finished(child, "");
    await until(async () => (await client.admin().listTopics()).length > before.length);
    child.kill("SIGINT");
    expect((await ended).status).toBe(130);
    expect(await client.admin().listTopics()).toEqual(before);
  });
});

describe("completion", () => {
  it("knows topics and groups, and says nothing where it cannot ask", async () => {
    await createTopic("completed", 1);
    const complete = async (words: readonly string[], env = environment()): Promise<string[]> => {
      const { status, stdout, stderr } = await sluice(["__complete", "--", ...words], { env });
      expect([status, stderr]).toEqual([0, ""]);
      return stdout.split("\n").map((line) => line.split("\t")[0] ?? "");
    };
    // A broker that has no time to answer is not waited for, as when tests share a machine.
    await until(async () => (await complete(["topic", "describe", "comp"])).includes("completed"));
    expect(await complete(["topic", "describe", "comp"], { SLUICE_BROKERS: "localhost:1" })).toEqual([""]);
    expect(await complete(["topic", "describe", "comp"], { SLUICE_BROKERS: "::::" })).toEqual([""]);
  });

  it("works in bash", async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, "sluice"), `#!/bin/sh\nexec ${process.execPath} ${bin} "$@"\n`, { mode: 0o755 });
    const script = `source <(sluice generate completion bash)
COMP_WORDS=(sluice topic des); COMP_CWORD=2; _sluice; echo "\${COMPREPLY[@]}"
COMP_WORDS=(sluice produce t --compression ""); COMP_CWORD=4; _sluice; echo "\${COMPREPLY[@]}"`;
    const env = { ...process.env, PATH: `${directory}:${process.env.PATH}` };
    const { stdout, stderr } = await finished(spawn("bash", ["-c", script], { env }), "");
    expect(stdout).toBe("describe\nnone gzip snappy lz4 zstd\n");
    expect(stderr).toBe("");
    for (const shell of ["zsh", "fish", "powershell"])
      expect((await run(`generate completion ${shell}`)).stdout).toMatch(/__complete/);
    expect((await run("generate completion tcsh")).status).toBe(2);
  });
});

describe("every command", () => {
  it("ends with 4 where a broker takes too long", async () => {
    const server = createServer();
    onTestFinished(() => void server.close());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const { status, stderr } = await run(`topic list --timeout 200ms --brokers 127.0.0.1:${port}`);
    expect(stderr).toMatch(/within 200 ms/);
    expect(status).toBe(4);
  });

  it("keeps quiet with -q, takes options before its name, and says what it asks with -v", async () => {
    await createTopic("quiet", 1);
    const quiet = await run("-q produce quiet", "a\n");
    expect(quiet).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect((await run("-o json topic list")).stdout).toMatch(/^\{"topics"/);
    expect((await run("cheat")).stdout).toMatch(/sluice doctor/);
  });
});
