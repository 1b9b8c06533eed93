import { isSluiceError } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { formatCheckpoint } from "./checkpoint-file.js";
import { type DataDirectoryReport, inspectDataDirectory } from "./data-directory-report.js";
import { segmentPaths } from "./partition-directory.js";
import type { MemoryFileSystem } from "./testing/memory-file-system.js";
import {
  filesDataPath as dataPath,
  editFile,
  memoryFiles,
  filesPartitionName as name,
  filesPartitionPath as partitionPath,
  putFile,
  putSegment,
  stampedBatch,
  stampedBatches,
} from "./testing/partition-files.js";

const topicId = name.slice(0, -2);
const checked = { hasChecksum: true };
const meta = { clusterId: "c", brokerId: 1, directoryId: "d" };
const lastLog = segmentPaths(partitionPath, 40).log;

async function wholeDirectory(): Promise<MemoryFileSystem> {
  const fileSystem = memoryFiles();
  for (const base of [20, 40]) await putSegment(fileSystem, partitionPath, base, stampedBatches(base, 10));
  await putFile(
    fileSystem,
    `${partitionPath}/partition.metadata`,
    `version: 0\ntopic_id: ${topicId}\ntopic: flights\npartition: 0\n`,
  );
  await putFile(
    fileSystem,
    `${partitionPath}/leader-epoch-checkpoint`,
    formatCheckpoint(["0 0", "1 20"], { hasChecksum: false }),
  );
  await putFile(fileSystem, `${dataPath}/meta`, JSON.stringify(meta));
  await putFile(fileSystem, `${dataPath}/life`, '{"brokerEpoch":4,"incarnation":"i","bootId":"b"}');
  await putFile(fileSystem, `${dataPath}/recovery-point`, formatCheckpoint([`${name} 50 os`], checked));
  await putFile(fileSystem, `${dataPath}/log-start-offset`, formatCheckpoint([`${name} 23`], checked));
  return fileSystem;
}

async function onlyPartition(fileSystem: MemoryFileSystem): Promise<DataDirectoryReport["partitions"][0] | undefined> {
  return (await inspectDataDirectory(fileSystem, dataPath)).partitions[0];
}

describe("the report of a data directory", () => {
  it("says whose it is, and of every partition what it holds", async () => {
    const fileSystem = await wholeDirectory();
    const report = await inspectDataDirectory(fileSystem, dataPath);
    const sizes = await Promise.all(
      (await fileSystem.list(partitionPath)).map((file) => fileSystem.size(`${partitionPath}/${file}`)),
    );
    expect(report).toMatchObject({ path: dataPath, meta, life: { brokerEpoch: 4 }, problems: [], leftovers: [] });
    expect(report.partitions).toEqual([
      {
        topic: "flights",
        topicId,
        partition: 0,
        directory: name,
        segmentCount: 2,
        sizeBytes: sizes.reduce((sum, size) => sum + size, 0),
        logStartOffset: 23,
        logEndOffset: 60,
        isTorn: false,
        recoveryPoint: 50,
        lossyEndOffset: undefined,
        wasClosed: undefined,
        epochs: [
          { epoch: 0, startOffset: 0 },
          { epoch: 1, startOffset: 20 },
        ],
        producerCount: undefined,
        snapshotOffset: undefined,
        compaction: undefined,
        leftovers: [],
        problems: [],
      },
    ]);
    expect(report.totals).toMatchObject({ partitions: 1, segments: 2, withProblems: 0 });
  });

  it("changes nothing and takes no lock", async () => {
    const fileSystem = await wholeDirectory();
    const lock = await fileSystem.lock(`${dataPath}/.lock`);
    const count = fileSystem.operationCount;
    await inspectDataDirectory(fileSystem, dataPath);
    expect(fileSystem.operationCount).toBe(count);
    expect(lock).not.toBe(undefined);
  });

  it("knows a directory whose last life ended in order by the marker", async () => {
    const fileSystem = await wholeDirectory();
    expect((await inspectDataDirectory(fileSystem, dataPath)).state).toBe("runningOrCrashed");
    const marker = formatCheckpoint(["broker-epoch 4", `${name} none`], checked);
    await putFile(fileSystem, `${dataPath}/clean-shutdown`, marker);
    expect((await inspectDataDirectory(fileSystem, dataPath)).state).toBe("stopped");
    await putFile(fileSystem, `${dataPath}/clean-shutdown`, marker.subarray(3));
    const report = await inspectDataDirectory(fileSystem, dataPath);
    expect([report.state, report.problems.length]).toEqual(["runningOrCrashed", 1]);
  });

  it("gives one topic by its name or id", async () => {
    const fileSystem = await wholeDirectory();
    const other = name.replace(/^5b/, "6c");
    await putSegment(fileSystem, `${dataPath}/${other}`, 0, stampedBatches(0, 2));
    const directories = async (topic: string): Promise<string[]> =>
      (await inspectDataDirectory(fileSystem, dataPath, { topic })).partitions.map(({ directory }) => directory);
    expect(await directories("flights")).toEqual([name]);
    expect(await directories(other.slice(0, -2))).toEqual([other]);
    expect(await directories("no-such-topic")).toEqual([]);
    expect((await inspectDataDirectory(fileSystem, dataPath)).totals.partitions).toBe(2);
  });

  it("is refused where there is no data directory", async () => {
    const fileSystem = await wholeDirectory();
    for (const path of ["/no", "/data", `${dataPath}/meta`]) {
      const error: unknown = await inspectDataDirectory(fileSystem, path).catch((reason: unknown) => reason);
      expect(isSluiceError(error, "FILE_NOT_FOUND"), path).toBe(true);
    }
  });
});

describe("the end of a log", () => {
  it("is found whatever the index says", async () => {
    const { offsetIndex } = segmentPaths(partitionPath, 40);
    const fileSystem = await wholeDirectory();
    const bytes = await fileSystem.readFile(offsetIndex);
    const misleading = Buffer.from(bytes);
    misleading.writeInt32BE(bytes.readInt32BE(bytes.length - 4) + 1, bytes.length - 4);
    const lying = Buffer.from(bytes);
    lying.writeInt32BE(bytes.readInt32BE(bytes.length - 8) + 1, bytes.length - 8);
    for (const index of [bytes, misleading, lying, Buffer.alloc(0), bytes.subarray(1), Buffer.alloc(800)]) {
      await putFile(fileSystem, offsetIndex, index);
      expect(await onlyPartition(fileSystem)).toMatchObject({ logEndOffset: 60, problems: [] });
    }
    await fileSystem.removeFile(offsetIndex);
    expect(await onlyPartition(fileSystem)).toMatchObject({ logEndOffset: 60, problems: [] });
  });

  it("is where a torn tail begins, and that is no problem", async () => {
    const fileSystem = await wholeDirectory();
    const torn = stampedBatch({ baseOffset: 60, valueBytes: 40 }).subarray(0, 80);
    await editFile(fileSystem, lastLog, await fileSystem.size(lastLog), torn);
    expect(await onlyPartition(fileSystem)).toMatchObject({ logEndOffset: 60, isTorn: true, problems: [] });
  });

  it("is not known where the last segment is damaged", async () => {
    const fileSystem = await wholeDirectory();
    const size = await fileSystem.size(lastLog);
    await editFile(fileSystem, lastLog, size - 1, Buffer.from([0xee]));
    const partition = await onlyPartition(fileSystem);
    expect(partition).toMatchObject({ logEndOffset: undefined, isTorn: false });
    expect(partition?.problems).toEqual([expect.stringMatching(/^00000000000000000040\.log: at position /)]);
  });

  it("below the recovery point is a problem, and so is a partition that promised records and has no segment", async () => {
    const fileSystem = await wholeDirectory();
    await putFile(fileSystem, `${dataPath}/recovery-point`, formatCheckpoint([`${name} 61 os`], checked));
    expect((await onlyPartition(fileSystem))?.problems).toEqual([
      expect.stringMatching(/ends at offset 60.*below offset 61/),
    ]);
    for (const base of [20, 40]) await fileSystem.removeFile(segmentPaths(partitionPath, base).log);
    expect((await onlyPartition(fileSystem))?.problems).toEqual([expect.stringMatching(/^there is no segment file/)]);
  });
});

describe("the small files", () => {
  it("say what compaction did, and what may be lost", async () => {
    const fileSystem = await wholeDirectory();
    const lines = ["gaps-below 40", "cleaned-to 41", "tombstones-dropped-to 7"];
    await putFile(fileSystem, `${partitionPath}/compaction-checkpoint`, formatCheckpoint(lines, checked));
    await putFile(fileSystem, `${dataPath}/lossy`, formatCheckpoint([`${name} 58`], checked));
    await putFile(fileSystem, `${dataPath}/reserve`, Buffer.alloc(100));
    expect(await inspectDataDirectory(fileSystem, dataPath)).toMatchObject({
      reserveBytes: 100,
      partitions: [{ compaction: { gapsBelow: 40, cleanedTo: 41, tombstonesDroppedTo: 7 }, lossyEndOffset: 58 }],
    });
  });

  it("say after a clean stop which partitions were closed in order", async () => {
    const fileSystem = await wholeDirectory();
    const stopWith = (lines: string[]): Promise<void> =>
      putFile(fileSystem, `${dataPath}/clean-shutdown`, formatCheckpoint(["broker-epoch 4", ...lines], checked));
    await stopWith([`${name} none`]);
    expect(await inspectDataDirectory(fileSystem, dataPath)).toMatchObject({
      state: "stopped",
      partitions: [{ wasClosed: true }],
    });
    await stopWith([]);
    expect(await onlyPartition(fileSystem)).toMatchObject({ wasClosed: false, problems: [] });
  });

  it("are problems where they make no sense, and where they are missing and should not be", async () => {
    const fileSystem = await wholeDirectory();
    for (const file of ["meta", "life", "recovery-point", "log-start-offset"]) {
      await putFile(fileSystem, `${dataPath}/${file}`, "?");
    }
    for (const file of ["partition.metadata", "leader-epoch-checkpoint", "00000000000000000060.snapshot"]) {
      await putFile(fileSystem, `${partitionPath}/${file}`, "?");
    }
    const report = await inspectDataDirectory(fileSystem, dataPath);
    const namesOf = (problems: readonly string[]): string[] => problems.map((problem) => problem.split(":")[0] ?? "");
    expect(namesOf(report.problems)).toEqual(["meta", "life", "recovery-point", "log-start-offset"]);
    expect(namesOf(report.partitions[0]?.problems ?? []).sort()).toEqual([
      "00000000000000000060.snapshot",
      "leader-epoch-checkpoint",
      "partition.metadata",
    ]);
    expect(report.partitions[0]).toMatchObject({ recoveryPoint: undefined, logStartOffset: 20, logEndOffset: 60 });
    await fileSystem.removeFile(`${dataPath}/meta`);
    expect((await inspectDataDirectory(fileSystem, dataPath)).problems).toContain("meta: it is missing");
  });

  it("that a crash left behind are listed", async () => {
    const fileSystem = await wholeDirectory();
    await putFile(fileSystem, `${partitionPath}/00000000000000000020.log.swap`, "");
    await putFile(fileSystem, `${dataPath}/${name.slice(0, -1)}3.deleted/00000000000000000000.log`, "");
    const report = await inspectDataDirectory(fileSystem, dataPath);
    expect(report.leftovers).toEqual([`${name.slice(0, -1)}3.deleted`]);
    expect(report.partitions[0]?.leftovers).toEqual(["00000000000000000020.log.swap"]);
    expect(report.totals.withProblems).toBe(0);
  });
});

it("a partition that goes away under the report is left out", async () => {
  const fileSystem = await wholeDirectory();
  const leaving = new Proxy(fileSystem, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (property !== "list") return typeof value === "function" ? value.bind(target) : value;
      return async (path: string) => {
        const names = await target.list(path);
        if (path === dataPath) await target.removeDirectory(partitionPath);
        return names;
      };
    },
  });
  expect((await inspectDataDirectory(leaving, dataPath)).partitions).toEqual([]);
});
