import { isSluiceError, topicId } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { formatCheckpoint } from "./checkpoint-file.js";
import { KnownEpochs } from "./known-epochs.js";
import { leftoverOf, parseStoredFileName } from "./stored-file-name.js";
import { memoryFiles, putFile } from "./testing/partition-files.js";
import { dumpTextFile, parseTextFile } from "./text-file-dump.js";

const checked = { hasChecksum: true };
const someTopic = topicId("5b0f2c4e-1d2a-4c3b-9e8f-0a1b2c3d4e5f");

describe("the entries of a text file", () => {
  it.each([
    ["recovery-point", ["a-0 12 always", "a-1 unknown os"], { partition: "a-0", offset: 12, flush: "always" }],
    ["log-start-offset", ["a-0 12"], { partition: "a-0", offset: 12 }],
    ["lossy", ["a-0 12"], { partition: "a-0", offset: 12 }],
    ["clean-shutdown", ["broker-epoch none", "a-0 producers"], { name: "broker-epoch", value: "none" }],
    ["compaction-checkpoint", ["gaps-below 9", "tombstones-dropped-to -1"], { name: "gaps-below", offset: 9 }],
  ] as const)("of %s are its lines, column by column", (name, lines, first) => {
    const bytes = formatCheckpoint(lines, checked);
    const { entries, problem } = parseTextFile(name, bytes);
    expect(problem).toBe(undefined);
    expect(entries.length).toBe(lines.length);
    expect(entries[0]).toEqual(first);
    for (let position = 0; position < bytes.length; position += 1) {
      const changed = Buffer.from(bytes);
      changed[position] = (changed[position] ?? 0) ^ 0x01;
      expect(parseTextFile(name, changed).problem, `byte ${position}`).toBeTypeOf("string");
      expect(parseTextFile(name, bytes.subarray(0, position)).problem, `${position} bytes`).toBeTypeOf("string");
    }
  });

  it("of the epoch checkpoint need no checksum, as Kafka's has none", () => {
    const bytes = formatCheckpoint(["1 0", "4 17"], { hasChecksum: false });
    expect(parseTextFile("leader-epoch-checkpoint", bytes)).toEqual({
      name: "leader-epoch-checkpoint",
      entries: [
        { epoch: 1, startOffset: 0 },
        { epoch: 4, startOffset: 17 },
      ],
      problem: undefined,
    });
    const short = formatCheckpoint(["1 0", "4"], { hasChecksum: false });
    expect(parseTextFile("leader-epoch-checkpoint", short).problem).toBe("entry 2 makes no sense");
  });

  it("of what was acted upon are those of the blocks that are whole", async () => {
    const fileSystem = memoryFiles();
    const known = await KnownEpochs.load(fileSystem, "/known-epochs", []);
    known.note({ topicId: someTopic, partition: 1 }, { leaderEpoch: 4, leaderBrokerEpoch: 17 });
    await known.save();
    known.noteRevision(20);
    await known.save();
    const bytes = await fileSystem.readFile("/known-epochs");
    const history = { name: "history", history: 0, revision: 0, brokerEpoch: 0, state: "trusted" };
    const entries = [history, { partition: `${someTopic}-1`, epoch: 4, brokerEpoch: 17 }, { ...history, revision: 20 }];
    expect(parseTextFile("known-epochs", bytes)).toEqual({ name: "known-epochs", entries, problem: undefined });
    // What was being written when the power went.
    expect(parseTextFile("known-epochs", bytes.subarray(0, -1)).problem).toBeUndefined();
    bytes[3] = 0;
    const damaged = parseTextFile("known-epochs", bytes);
    expect(damaged).toMatchObject({
      entries: [{ revision: 20 }],
      problem: expect.stringContaining("checksum") as string,
    });
  });

  it("of JSON and of metadata are what they say, and what is missing is named", () => {
    const meta = { clusterId: "c", brokerId: 1, directoryId: "d" };
    expect(parseTextFile("meta", Buffer.from(JSON.stringify(meta)))).toEqual({
      name: "meta",
      entries: [meta],
      problem: undefined,
    });
    expect(parseTextFile("life", Buffer.from('{"brokerEpoch":1}')).problem).toBe("incarnation, bootId is missing");
    const broken = parseTextFile("meta", Buffer.from("{oops\n"));
    expect(broken).toMatchObject({ entries: [{ line: "{oops" }], problem: "it is not a JSON object" });
    const metadata = parseTextFile(
      "partition.metadata",
      Buffer.from("version: 0\ntopic_id: x\ntopic: t\npartition: 0\n"),
    );
    expect(metadata).toMatchObject({ problem: undefined });
    expect(metadata.entries[2]).toEqual({ name: "topic", value: "t" });
    expect(parseTextFile("partition.metadata", Buffer.from("topic: t\n")).problem).toBeTypeOf("string");
  });

  it("are read from files of these names alone", async () => {
    const fileSystem = memoryFiles();
    await putFile(fileSystem, "/d/lossy.tmp", formatCheckpoint(["a-0 1"], checked));
    expect((await dumpTextFile(fileSystem, "/d/lossy.tmp")).entries).toEqual([{ partition: "a-0", offset: 1 }]);
    for (const [path, code] of [
      ["/d/meta", "FILE_NOT_FOUND"],
      ["/d/notes", "CORRUPT_FILE"],
    ] as const) {
      const error: unknown = await dumpTextFile(fileSystem, path).catch((reason: unknown) => reason);
      expect(isSluiceError(error, code)).toBe(true);
    }
  });
});

describe("the name of a stored file", () => {
  it("says what it is, and what it was to become", () => {
    const name = "00000000000000000042";
    expect(parseStoredFileName(`/x/${name}.log`)).toEqual({ kind: "log", baseOffset: 42, leftover: undefined });
    expect(parseStoredFileName(`${name}.timeindex.cleaned`)).toEqual({
      kind: "timeindex",
      baseOffset: 42,
      leftover: "cleaned",
    });
    expect(parseStoredFileName("meta.tmp")).toEqual({ kind: "text", name: "meta", leftover: "tmp" });
    expect(leftoverOf("anything.deleted")).toBe("deleted");
  });

  it.each([
    "42.log",
    "00000000000000000042.txt",
    "x00000000000000000042.log",
    "reserve",
    ".lock",
    "99999999999999999999.log",
  ])("of %s is none that is known", (name) => expect(parseStoredFileName(name)).toBe(undefined));
});
