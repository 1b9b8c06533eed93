import { isSluiceError } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { type DumpedBatch, dumpOffsetIndex, dumpSegment, dumpTimeIndex, verifyLogDirectory } from "./index.js";
import { segmentPaths } from "./partition-directory.js";
import { batchOf, dataPath, epoch, openLog, partitionPath, seededRandom } from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

const paths = segmentPaths(partitionPath, 0);

async function writtenLog(): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem(seededRandom(1));
  const { directory, log } = await openLog(fileSystem);
  for (let index = 0; index < 10; index += 1) log.append(batchOf([`${index}`.padEnd(100), "b"], [index, index]), epoch);
  await directory.close();
  return fileSystem;
}

async function editAt(fileSystem: MemoryFileSystem, path: string, position: number, bytes: Buffer): Promise<void> {
  const file = await fileSystem.open(path, "write");
  await file.write([bytes], position);
  await file.close();
}

async function dumpAll(fileSystem: MemoryFileSystem, path: string): Promise<DumpedBatch[]> {
  const batches: DumpedBatch[] = [];
  for await (const batch of dumpSegment(fileSystem, path)) batches.push(batch);
  return batches;
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.catch((reason: unknown) => reason);
  return isSluiceError(error) ? error.code : String(error);
}

describe("dumpSegment and the dumps of indexes", () => {
  it("give every batch with its position and records, and index entries that lead to batches", async () => {
    const fileSystem = await writtenLog();
    const batches = await dumpAll(fileSystem, paths.log);
    expect(batches.flatMap((batch) => batch.records).map((record) => record.offset)).toEqual([...Array(20).keys()]);
    const lastOffsets = new Map(batches.map((batch) => [batch.position, batch.lastOffset]));
    const entries = await dumpOffsetIndex(fileSystem, paths.offsetIndex);
    expect(entries.length).toBeGreaterThan(2);
    for (const { offset, position } of entries) expect(lastOffsets.get(position)).toBe(offset);
    expect((await dumpTimeIndex(fileSystem, paths.timeIndex)).at(-1)).toEqual({ timestampMs: 9, offset: 19 });
  });

  it("mark a batch whose checksum does not fit, and end with an error at bytes that are no batch", async () => {
    const fileSystem = await writtenLog();
    const size = (await fileSystem.readFile(paths.log)).length;
    await editAt(fileSystem, paths.log, size - 1, Buffer.from([0x55]));
    expect((await dumpAll(fileSystem, paths.log)).map((batch) => batch.isChecksumValid)).toEqual([
      ...Array(9).fill(true),
      false,
    ]);
    await editAt(fileSystem, paths.log, size, Buffer.alloc(100));
    expect(await codeOf(dumpAll(fileSystem, paths.log))).toBe("CORRUPT_FILE");
  });

  it("say what is missing or no segment file", async () => {
    const fileSystem = await writtenLog();
    expect(await codeOf(dumpAll(fileSystem, `${partitionPath}/${"1".padStart(20, "0")}.log`))).toBe("FILE_NOT_FOUND");
    expect(await codeOf(dumpAll(fileSystem, `${dataPath}/meta`))).toBe("CORRUPT_FILE");
    expect(await codeOf(dumpOffsetIndex(fileSystem, paths.log))).toBe("CORRUPT_FILE");
  });
});

describe("verifyLogDirectory", () => {
  it("finds the files of a log in order, from its own directory or from any above", async () => {
    const fileSystem = await writtenLog();
    for (const path of [partitionPath, dataPath, "/data", "/"]) {
      const findings = await verifyLogDirectory(fileSystem, path);
      expect(findings.map((finding) => finding.status)).toEqual(["ok", "ok", "ok"]);
    }
  });

  it("tells a torn tail of the last segment from damage, and from an index that leads astray", async () => {
    const fileSystem = await writtenLog();
    const log = await fileSystem.readFile(paths.log);
    await editAt(fileSystem, paths.log, log.length, log.subarray(0, 90));
    expect((await verifyLogDirectory(fileSystem, dataPath))[0]?.status).toBe("corrupt");
    const next = Buffer.from(log.subarray(0, 90));
    next.writeBigInt64BE(20n, 0);
    await editAt(fileSystem, paths.log, log.length, next);
    const statuses = (await verifyLogDirectory(fileSystem, dataPath)).map((finding) => finding.status);
    expect(statuses).toEqual(["tornTail", "ok", "ok"]);
    await editAt(fileSystem, paths.offsetIndex, 7, Buffer.from([1]));
    await editAt(fileSystem, paths.log, 200, Buffer.from([0xee]));
    const damaged = await verifyLogDirectory(fileSystem, dataPath);
    expect(damaged.map((finding) => finding.status)).toContain("corrupt");
  });

  it("reports an offset index entry that leads to no batch", async () => {
    const fileSystem = await writtenLog();
    const [first] = await dumpOffsetIndex(fileSystem, paths.offsetIndex);
    const position = Buffer.alloc(4);
    position.writeInt32BE((first?.position ?? 0) - 1);
    await editAt(fileSystem, paths.offsetIndex, 4, position);
    const findings = await verifyLogDirectory(fileSystem, dataPath);
    expect(findings.find((finding) => finding.path === paths.offsetIndex)?.status).toBe("corrupt");
  });

  it("reports where there is nothing to verify", async () => {
    const fileSystem = await writtenLog();
    expect(await codeOf(verifyLogDirectory(fileSystem, "/no"))).toBe("FILE_NOT_FOUND");
    await fileSystem.makeDirectory("/empty");
    expect(await codeOf(verifyLogDirectory(fileSystem, "/empty"))).toBe("FILE_NOT_FOUND");
  });
});
