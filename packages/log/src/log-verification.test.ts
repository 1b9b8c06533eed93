import { type FileSystem, isSluiceError } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { formatCheckpoint } from "./checkpoint-file.js";
import { verifyLogDirectory } from "./log-verification.js";
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
import type { VerificationFinding } from "./verification-finding.js";

const metadata = `version: 0\ntopic_id: ${name.slice(0, -2)}\ntopic: flights\npartition: 0\n`;
const checked = { hasChecksum: true };

/** Three segments of ten batches, 20 offsets each: epoch 1 up to offset 40, then epoch 2; and the small files. */
async function wholePartition(): Promise<MemoryFileSystem> {
  const fileSystem = memoryFiles();
  for (const baseOffset of [0, 20, 40]) {
    const batches = stampedBatches(baseOffset, 10, { epoch: baseOffset < 40 ? 1 : 2 });
    await putSegment(fileSystem, partitionPath, baseOffset, batches);
  }
  await putFile(fileSystem, `${partitionPath}/partition.metadata`, metadata);
  const epochs = formatCheckpoint(["1 0", "2 40"], { hasChecksum: false });
  await putFile(fileSystem, `${partitionPath}/leader-epoch-checkpoint`, epochs);
  await putFile(fileSystem, `${dataPath}/meta`, '{"clusterId":"c","brokerId":1,"directoryId":"d"}\n');
  await putFile(fileSystem, `${dataPath}/recovery-point`, formatCheckpoint([`${name} 40 os`], checked));
  return fileSystem;
}

/** Findings that are not `ok`, by the last part of the path. */
async function doubts(fileSystem: FileSystem, path = dataPath, options = {}): Promise<Record<string, string>> {
  const findings = await verifyLogDirectory(fileSystem, path, options);
  const shown = findings.filter((finding) => finding.status !== "ok");
  return Object.fromEntries(shown.map((each) => [lastPart(each), `${each.status}: ${each.problem}`]));
}

function lastPart({ path }: VerificationFinding): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.catch((reason: unknown) => reason);
  return isSluiceError(error) ? error.code : String(error);
}

const log = (baseOffset: number): string => segmentPaths(partitionPath, baseOffset).log;
const lastNameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

describe("a whole partition", () => {
  it("has nothing to be said of it, from its own directory or from any above", async () => {
    const fileSystem = await wholePartition();
    for (const path of [partitionPath, dataPath, "/data", "/"]) expect(await doubts(fileSystem, path)).toEqual({});
    expect((await verifyLogDirectory(fileSystem, partitionPath)).map(lastPart)).toEqual([
      ...[0, 20, 40].flatMap((base) => Object.values(segmentPaths("", base)).map((path) => path.slice(1))),
      "leader-epoch-checkpoint",
      "partition.metadata",
    ]);
    expect((await verifyLogDirectory(fileSystem, dataPath)).map(lastPart)).toContain("recovery-point");
  });

  it("can be checked by one file of it", async () => {
    const fileSystem = await wholePartition();
    for (const path of Object.values(segmentPaths(partitionPath, 20))) {
      const findings = await verifyLogDirectory(fileSystem, path);
      expect(findings.map((finding) => finding.path)).toEqual(Object.values(segmentPaths(partitionPath, 20)));
      expect(findings.every(({ status }) => status === "ok")).toBe(true);
    }
    const epochs = await verifyLogDirectory(fileSystem, `${partitionPath}/leader-epoch-checkpoint`);
    expect(epochs).toEqual([{ path: `${partitionPath}/leader-epoch-checkpoint`, status: "ok", problem: "" }]);
  });

  it("may be one that Kafka wrote, in a directory of its own name and with less in its metadata", async () => {
    const fileSystem = memoryFiles();
    await putSegment(fileSystem, "/kafka/orders-0", 0, stampedBatches(0, 5, { epoch: 0 }));
    await putFile(fileSystem, "/kafka/orders-0/partition.metadata", "version: 0\ntopic_id: 9ukqPGdhQ4a\n");
    await putFile(fileSystem, "/kafka/orders-0/leader-epoch-checkpoint", "0\n1\n0 0\n");
    expect(await doubts(fileSystem, "/kafka")).toEqual({});
  });

  it("is not there where nothing is, and a file of another kind is none of a log", async () => {
    const fileSystem = await wholePartition();
    expect(await codeOf(verifyLogDirectory(fileSystem, "/no"))).toBe("FILE_NOT_FOUND");
    expect(await codeOf(verifyLogDirectory(fileSystem, log(60)))).toBe("FILE_NOT_FOUND");
    await fileSystem.makeDirectory("/empty");
    expect(await codeOf(verifyLogDirectory(fileSystem, "/empty"))).toBe("FILE_NOT_FOUND");
    await putFile(fileSystem, `${dataPath}/notes`, "x");
    expect(await codeOf(verifyLogDirectory(fileSystem, `${dataPath}/notes`))).toBe("CORRUPT_FILE");
  });
});

describe("damage in a log file", () => {
  it("is found at every byte of a middle segment, with its place, and blames no index", async () => {
    const fileSystem = await wholePartition();
    const bytes = await fileSystem.readFile(log(20));
    for (let position = 0; position < bytes.length; position += 1) {
      // A higher epoch of the last batch has nothing behind it in the segment to be told by; the checkpoint tells.
      const changed = Buffer.from([(bytes[position] ?? 0) ^ 0x40]);
      await editFile(fileSystem, log(20), position, changed);
      const found = await doubts(fileSystem, partitionPath);
      const problem = found[lastNameOf(log(20))] ?? found["leader-epoch-checkpoint"];
      expect(problem, `byte ${position}`).toMatch(/^corrupt: /);
      expect(Object.keys(found).filter((file) => file.includes("index"))).toEqual([]);
      await editFile(fileSystem, log(20), position, bytes.subarray(position, position + 1));
    }
  });

  it("is counted, and the first of it is named", async () => {
    const fileSystem = await wholePartition();
    await editFile(fileSystem, log(0), 70, Buffer.from([0xee]));
    await editFile(fileSystem, log(0), 700, Buffer.from([0xee]));
    expect((await doubts(fileSystem))[lastNameOf(log(0))]).toMatch(
      /^corrupt: at position 0: the checksum of the batch at offset 0 .*\(the first of 2 damaged places\)$/,
    );
  });

  it("is told from the torn tail of the last segment, and in no other segment is a tail torn", async () => {
    const fileSystem = await wholePartition();
    const torn = stampedBatch({ baseOffset: 60, epoch: 2, valueBytes: 30 }).subarray(0, 90);
    const size = await fileSystem.size(log(40));
    await editFile(fileSystem, log(40), size, torn);
    expect((await doubts(fileSystem))[lastNameOf(log(40))]).toMatch(
      new RegExp(`^tornTail: at position ${size}: the file ends inside a batch`),
    );
    const middle = stampedBatch({ baseOffset: 40, epoch: 2, valueBytes: 30 }).subarray(0, 90);
    await editFile(fileSystem, log(20), await fileSystem.size(log(20)), middle);
    expect((await doubts(fileSystem))[lastNameOf(log(20))]).toMatch(/^corrupt: .*the file ends inside a batch/);
  });

  it("is a gap between segments", async () => {
    const fileSystem = await wholePartition();
    await fileSystem.removeFile(log(20));
    const found = await doubts(fileSystem, partitionPath);
    expect(found[lastNameOf(log(40))]).toBe("corrupt: the segment begins at offset 40 where 20 follows");
    expect(found["00000000000000000020.index"]).toMatch(/^leftover: there is no log file/);
  });

  it("is a log that ends below the recovery point", async () => {
    const fileSystem = await wholePartition();
    await putFile(fileSystem, `${dataPath}/recovery-point`, formatCheckpoint([`${name} 61 os`], checked));
    expect((await doubts(fileSystem))[name]).toBe(
      "corrupt: what is good of the log ends at offset 60, and all below offset 61 was durable",
    );
    await putFile(fileSystem, `${dataPath}/recovery-point`, formatCheckpoint([`${name} unknown os`], checked));
    expect(await doubts(fileSystem)).toEqual({});
  });
});

describe("a compaction that a crash ended in the middle of its swap", () => {
  it("is left over, and no damage, at every step of it", async () => {
    const fileSystem = await wholePartition();
    const epoch = { epoch: 1 };
    await putSegment(fileSystem, "/made", 0, [...stampedBatches(0, 10, epoch), ...stampedBatches(20, 10, epoch)]);
    const steps: (() => Promise<void>)[] = [];
    for (const kind of ["offsetIndex", "timeIndex", "log"] as const) {
      const [made, target] = [segmentPaths("/made", 0)[kind], segmentPaths(partitionPath, 0)[kind]];
      const bytes = await fileSystem.readFile(made);
      steps.push(() => putFile(fileSystem, `${target}.swap`, bytes));
    }
    for (const path of Object.values(segmentPaths(partitionPath, 20))) {
      steps.push(() => fileSystem.rename(path, `${path}.deleted`));
    }
    for (const kind of ["offsetIndex", "timeIndex", "log"] as const) {
      const path = segmentPaths(partitionPath, 0)[kind];
      steps.push(() => fileSystem.rename(`${path}.swap`, path));
    }
    for (const step of steps) {
      await step();
      for (const problem of Object.values(await doubts(fileSystem))) expect(problem).toMatch(/^(leftover|missing): /);
    }
    expect(Object.keys(await doubts(fileSystem)).every((file) => file.endsWith(".deleted"))).toBe(true);
  });
});

it("leaves the lost+found of a file system alone", async () => {
  const fileSystem = await wholePartition();
  await putFile(fileSystem, `${dataPath}/lost+found/00000000000000000000.log`, "damaged");
  expect(await doubts(fileSystem)).toEqual({});
});

describe("gaps inside segments", () => {
  async function compacted(): Promise<MemoryFileSystem> {
    const fileSystem = await wholePartition();
    const kept = stampedBatches(20, 10).filter((_, index) => index % 3 === 0);
    await putSegment(fileSystem, partitionPath, 20, kept);
    return fileSystem;
  }
  const checkpoint = (gapsBelow: number): Buffer => {
    return formatCheckpoint([`gaps-below ${gapsBelow}`, "cleaned-to 40", "tombstones-dropped-to -1"], checked);
  };

  it("are damage without a compaction checkpoint, and below what it says they are not", async () => {
    const fileSystem = await compacted();
    expect((await doubts(fileSystem))[lastNameOf(log(20))]).toMatch(/^corrupt: .*base offset 26 where 22 follows/);
    expect(await doubts(fileSystem, dataPath, { isCompacted: true })).toEqual({});
    await putFile(fileSystem, `${partitionPath}/compaction-checkpoint`, checkpoint(40));
    expect(await doubts(fileSystem)).toEqual({});
    await putFile(fileSystem, `${partitionPath}/compaction-checkpoint`, checkpoint(30));
    expect((await doubts(fileSystem))[lastNameOf(log(20))]).toMatch(/^corrupt: .*base offset 32 where 28 follows/);
  });

  it("are taken as compaction's where the checkpoint is there and makes no sense", async () => {
    const fileSystem = await compacted();
    await putFile(fileSystem, `${partitionPath}/compaction-checkpoint`, checkpoint(40).subarray(1));
    expect(Object.keys(await doubts(fileSystem))).toEqual(["compaction-checkpoint"]);
  });
});

describe("indexes", () => {
  const { offsetIndex, timeIndex } = segmentPaths(partitionPath, 20);

  it("are damaged where any byte of an entry is changed", async () => {
    const fileSystem = await wholePartition();
    for (const path of [offsetIndex, timeIndex]) {
      const bytes = await fileSystem.readFile(path);
      expect(bytes.length).toBeGreaterThan(24);
      for (let position = 0; position < bytes.length; position += 1) {
        for (const bit of [0x01, 0x80]) {
          await editFile(fileSystem, path, position, Buffer.from([(bytes[position] ?? 0) ^ bit]));
          const found = await doubts(fileSystem, partitionPath);
          // The offset of a time index entry may be any of its batch: it leads to the same place.
          if (Object.keys(found).length > 0 || path === offsetIndex || position % 12 !== 11) {
            expect(Object.keys(found), `byte ${position} of ${path}`).toEqual([lastNameOf(path)]);
          }
        }
        await editFile(fileSystem, path, position, bytes.subarray(position, position + 1));
      }
    }
  });

  it("may be missing, and the last segment's may end early", async () => {
    const fileSystem = await wholePartition();
    await fileSystem.removeFile(offsetIndex);
    expect(await doubts(fileSystem)).toEqual({ [lastNameOf(offsetIndex)]: "missing: the next start makes it anew" });
    await putFile(fileSystem, segmentPaths(partitionPath, 40).timeIndex, "");
    expect(Object.keys(await doubts(fileSystem))).toEqual([lastNameOf(offsetIndex)]);
    await putFile(fileSystem, timeIndex, "");
    expect((await doubts(fileSystem))[lastNameOf(timeIndex)]).toMatch(/^corrupt: it ends before the largest timestamp/);
  });
});

describe("the epoch checkpoint", () => {
  const path = `${partitionPath}/leader-epoch-checkpoint`;
  const put = (fileSystem: FileSystem, lines: string[]): Promise<void> =>
    putFile(fileSystem, path, formatCheckpoint(lines, { hasChecksum: false }));

  it.each([
    [["1 0", "2 42"], /says epoch 1 of offset 40, and the batch says 2/],
    [["1 0", "2 38"], /says that epoch 2 begins at offset 38, and the batch there says 1/],
    [["1 2", "2 40"], /says epoch none of offset 0/],
    [["1 0", "3 40"], /says epoch 3 of offset 40/],
    [["1 0", "2 40", "3 61"], /epoch 3 begins at offset 61, and the log ends at 60/],
    [["2 0", "1 40"], /entry 2 is not above/],
    [["1 x"], /entry 1 makes no sense/],
  ])("%j is damaged", async (lines, problem) => {
    const fileSystem = await wholePartition();
    await put(fileSystem, lines);
    const found = await doubts(fileSystem);
    expect(Object.keys(found)).toEqual(["leader-epoch-checkpoint"]);
    expect(found["leader-epoch-checkpoint"]).toMatch(problem);
  });

  it("may lack epochs that begin above the recovery point, and no others", async () => {
    const fileSystem = await wholePartition();
    await put(fileSystem, ["1 0"]);
    expect(await doubts(fileSystem)).toEqual({});
    await putFile(fileSystem, `${dataPath}/recovery-point`, formatCheckpoint([`${name} 41 os`], checked));
    expect(Object.keys(await doubts(fileSystem))).toEqual(["leader-epoch-checkpoint"]);
    await fileSystem.removeFile(path);
    expect((await doubts(fileSystem))["leader-epoch-checkpoint"]).toMatch(/^missing/);
  });
});

describe("other files", () => {
  it("are damaged wherever they make no sense", async () => {
    const fileSystem = await wholePartition();
    await putFile(fileSystem, `${dataPath}/meta`, "{}");
    await putFile(fileSystem, `${dataPath}/recovery-point`, "0\n5\n");
    await putFile(fileSystem, `${dataPath}/log-start-offset`, formatCheckpoint([`${name} x`], checked));
    await putFile(fileSystem, `${partitionPath}/partition.metadata`, metadata.replace("partition: 0", "partition: 1"));
    await putFile(fileSystem, `${partitionPath}/00000000000000000020.snapshot`, Buffer.alloc(50));
    expect(await doubts(fileSystem)).toMatchObject({
      meta: "corrupt: clusterId, brokerId, directoryId is missing",
      "recovery-point": expect.stringMatching(/^corrupt: /),
      "log-start-offset": "corrupt: entry 1 makes no sense",
      "partition.metadata": expect.stringMatching(/^corrupt: it is of partition .*-1$/),
      "00000000000000000020.snapshot": expect.stringMatching(/^corrupt: it is of version 0/),
    });
  });

  it("are left over where a crash left them, which is no damage", async () => {
    const fileSystem = await wholePartition();
    const leftovers = ["00000000000000000020.log.swap", "00000000000000000020.index.cleaned", "x.tmp"];
    for (const file of leftovers) await putFile(fileSystem, `${partitionPath}/${file}`, "?");
    await putFile(fileSystem, `${dataPath}/${name.slice(0, -1)}1.deleted/00000000000000000000.log`, "?");
    const found = await doubts(fileSystem);
    expect(Object.keys(found).sort()).toEqual([...leftovers, `${name.slice(0, -1)}1.deleted`].sort());
    for (const problem of Object.values(found)) expect(problem).toMatch(/^leftover: /);
  });
});

describe("a directory that changes under the check", () => {
  it("is not blamed for a file that goes away, nor for one that is replaced", async () => {
    const fileSystem = await wholePartition();
    const swapped = new Proxy(fileSystem, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property);
        if (property !== "open") return typeof value === "function" ? value.bind(target) : value;
        // Between the indexes and the log of the first segment compaction puts another segment in their place.
        return async (path: string, mode: "read") => {
          if (path === log(0) && (await target.exists(log(20)))) {
            await putSegment(target, partitionPath, 0, [...stampedBatches(0, 5), ...stampedBatches(10, 15)]);
            for (const each of Object.values(segmentPaths(partitionPath, 20))) await target.removeFile(each);
          }
          return target.open(path, mode);
        };
      },
    });
    expect(await doubts(swapped)).toEqual({});
  });
});
