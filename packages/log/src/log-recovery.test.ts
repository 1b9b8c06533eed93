/** What a start finds after a crash or damage, and what becomes of it; on the in-memory disk. */

import { type FileSystem, isSluiceError, offset, type TopicConfig, topicName } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { verifyLogDirectory } from "./index.js";
import { segmentPaths } from "./partition-directory.js";
import {
  batchOf,
  dataPath,
  epoch,
  openDirectory,
  openLog,
  partitionName,
  partitionPath,
  readAll,
  seededRandom,
  testConfig,
} from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

const smallSegments = { flush: "always", "segment.bytes": 1024 } as const;

/** A log of `count` batches that was closed in order, and the bytes in it. */
async function closedLog(
  count: number,
  config: Partial<TopicConfig> = {},
): Promise<{ fileSystem: MemoryFileSystem; bytes: Buffer }> {
  const fileSystem = new MemoryFileSystem(seededRandom(7));
  const { directory, log } = await openLog(fileSystem, config);
  for (let index = 0; index < count; index += 1)
    log.append(batchOf([`value ${index}`.padEnd(50)], [1000 + index]), epoch);
  await log.flush();
  const bytes = await readAll(log);
  await directory.close();
  return { fileSystem, bytes };
}

async function edit(fileSystem: FileSystem, path: string, change: (bytes: Buffer) => Buffer): Promise<void> {
  const bytes = change(await fileSystem.readFile(path));
  const file = await fileSystem.open(path, "write");
  await file.truncate(0);
  if (bytes.length > 0) await file.write([bytes], 0);
  await file.syncData();
  await file.close();
}

function flipBit(position: number): (bytes: Buffer) => Buffer {
  return (bytes) => {
    bytes.writeUInt8(bytes.readUInt8(position) ^ 1, position);
    return bytes;
  };
}

async function expectQuarantine(fileSystem: FileSystem, config: Partial<TopicConfig> = {}): Promise<void> {
  const error: unknown = await openLog(fileSystem, config).catch((reason: unknown) => reason);
  expect(isSluiceError(error, "PARTITION_QUARANTINED"), String(error)).toBe(true);
}

describe("recovery", () => {
  it("cuts a torn tail above the recovery point", async () => {
    const { fileSystem, bytes } = await closedLog(5);
    const opened = await openLog(fileSystem);
    opened.log.append(batchOf(["torn"]), epoch);
    await opened.log.flush();
    const killed = fileSystem.kill();
    await edit(killed, segmentPaths(partitionPath, 0).log, (log) => log.subarray(0, log.length - 1));
    const { log } = await openLog(killed);
    expect(log.logEndOffset).toBe(5);
    expect((await readAll(log)).equals(bytes)).toBe(true);
    expect((await killed.readFile(segmentPaths(partitionPath, 0).log)).equals(bytes)).toBe(true);
  });

  it("cuts zeros that a power loss left at the end, and appends where the log ends", async () => {
    const { fileSystem, bytes } = await closedLog(3);
    await openLog(fileSystem);
    const killed = fileSystem.kill();
    const zeros = Buffer.alloc(3000);
    await edit(killed, segmentPaths(partitionPath, 0).log, (log) => Buffer.concat([log, zeros]));
    const { log } = await openLog(killed);
    const next = batchOf(["next"]);
    expect(log.append(next, epoch)).toEqual({ baseOffset: 3, endOffset: 4 });
    await log.flush();
    expect((await readAll(log)).equals(Buffer.concat([bytes, next]))).toBe(true);
  });

  it("removes segments that follow a cut (flush=os: nothing of them was promised)", async () => {
    const { fileSystem } = await closedLog(30, { flush: "os", "segment.bytes": 1024 });
    // The recovery point goes back to the start, as if no sync had ever ended.
    await edit(fileSystem, `${dataPath}/recovery-point`, () => Buffer.from(`0\n0\ncrc32c ${emptyChecksum}\n`));
    await fileSystem.removeFile(`${dataPath}/clean-shutdown`);
    await edit(fileSystem, segmentPaths(partitionPath, 0).log, flipBit(200));
    const { directory, log } = await openLog(fileSystem, { flush: "os", "segment.bytes": 1024 });
    expect(log.logEndOffset).toBe(1);
    const files = await fileSystem.list(partitionPath);
    expect(files.filter((name) => name.endsWith(".log"))).toEqual(["00000000000000000000.log"]);
    await directory.close();
    expect((await verifyLogDirectory(fileSystem, dataPath)).every((finding) => finding.status === "ok")).toBe(true);
  });

  it("quarantines a bit flip below the recovery point after an unclean stop, and changes nothing", async () => {
    const { fileSystem } = await closedLog(20);
    await openLog(fileSystem);
    const killed = fileSystem.kill();
    const path = segmentPaths(partitionPath, 0).log;
    await edit(killed, path, flipBit(300));
    const before = await killed.readFile(path);
    await expectQuarantine(killed);
    expect((await killed.readFile(path)).equals(before)).toBe(true);
  });

  it("quarantines a bit flip in what a clean start scans", async () => {
    const { fileSystem, bytes } = await closedLog(20);
    await edit(fileSystem, segmentPaths(partitionPath, 0).log, flipBit(bytes.length - 1));
    await expectQuarantine(fileSystem);
  });

  it("quarantines a log that ends below its recovery point", async () => {
    const { fileSystem } = await closedLog(20);
    await edit(fileSystem, segmentPaths(partitionPath, 0).log, (log) => log.subarray(0, log.length / 2));
    await expectQuarantine(fileSystem);
  });

  it("quarantines a log whose files are gone, or one of its segments", async () => {
    const one = await closedLog(3);
    await one.fileSystem.removeFile(segmentPaths(partitionPath, 0).log);
    await expectQuarantine(one.fileSystem);
    const many = await closedLog(30, smallSegments);
    const logs = (await many.fileSystem.list(partitionPath)).filter((name) => name.endsWith(".log"));
    expect(logs.length).toBeGreaterThan(2);
    await many.fileSystem.removeFile(`${partitionPath}/${logs[1]}`);
    await expectQuarantine(many.fileSystem, smallSegments);
  });

  it("quarantines a torn tail when the recovery points are lost: it may have been promised", async () => {
    const { fileSystem } = await closedLog(3);
    await edit(fileSystem, `${dataPath}/recovery-point`, flipBit(5));
    await edit(fileSystem, segmentPaths(partitionPath, 0).log, (log) => log.subarray(0, log.length - 1));
    await expectQuarantine(fileSystem);
  });

  it("keeps a partition quarantined after another one has recorded a recovery point in the lost file's place", async () => {
    const { fileSystem } = await closedLog(3);
    await edit(fileSystem, `${dataPath}/recovery-point`, () => Buffer.alloc(0));
    await edit(fileSystem, segmentPaths(partitionPath, 0).log, flipBit(100));
    const directory = await openDirectory(fileSystem);
    const other = { ...partitionName, partition: 1, topic: topicName("flights"), config: testConfig() };
    const log = await directory.openPartition(other);
    log.append(batchOf(["other"]), epoch);
    await directory.close();
    await fileSystem.removeFile(`${dataPath}/clean-shutdown`);
    await expectQuarantine(fileSystem);
  });

  it("does not take a partition made after the loss of the recovery points for one that was promised", async () => {
    const { fileSystem } = await closedLog(3);
    await fileSystem.removeFile(`${dataPath}/recovery-point`);
    const directory = await openDirectory(fileSystem);
    const other = { ...partitionName, partition: 1, topic: topicName("flights"), config: testConfig() };
    const log = await directory.openPartition(other);
    log.append(batchOf(["torn"]), epoch);
    await log.flush();
    const killed = fileSystem.kill();
    const path = `${partitionPath.slice(0, -1)}1/${"0".repeat(20)}.log`;
    await edit(killed, path, (bytes) => bytes.subarray(0, bytes.length - 1));
    const reopened = await (await openDirectory(killed)).openPartition(other);
    expect(reopened.logEndOffset).toBe(0);
  });

  it("opens a whole log when the recovery points are lost", async () => {
    const { fileSystem, bytes } = await closedLog(30, smallSegments);
    await fileSystem.removeFile(`${dataPath}/recovery-point`);
    const { log } = await openLog(fileSystem, smallSegments);
    expect((await readAll(log)).equals(bytes)).toBe(true);
  });

  for (const suffix of ["index", "timeindex"]) {
    const damages: [string, (bytes: Buffer) => Buffer][] = [
      ["empty", () => Buffer.alloc(0)],
      ["cut inside an entry", (bytes) => bytes.subarray(0, bytes.length - 1)],
      ["full of zeros", (bytes) => Buffer.alloc(bytes.length)],
      ["full of noise", (bytes) => Buffer.alloc(bytes.length, 0xa7)],
    ];
    for (const [name, damage] of damages) {
      it(`makes a .${suffix} anew that is ${name}`, async () => {
        const { fileSystem, bytes } = await closedLog(40, smallSegments);
        const names = (await fileSystem.list(partitionPath)).filter((file) => file.endsWith(`.${suffix}`));
        const originals = await Promise.all(names.map((file) => fileSystem.readFile(`${partitionPath}/${file}`)));
        for (const file of names) await edit(fileSystem, `${partitionPath}/${file}`, damage);
        const { directory, log } = await openLog(fileSystem, smallSegments);
        expect((await readAll(log)).equals(bytes)).toBe(true);
        await directory.close();
        for (const [index, file] of names.entries()) {
          expect((await fileSystem.readFile(`${partitionPath}/${file}`)).equals(originals[index] as Buffer)).toBe(true);
        }
      });
    }

    it(`makes a .${suffix} anew that is missing`, async () => {
      const { fileSystem } = await closedLog(40, smallSegments);
      const path = `${partitionPath}/${"0".repeat(20)}.${suffix}`;
      const original = await fileSystem.readFile(path);
      await fileSystem.removeFile(path);
      const { directory, log } = await openLog(fileSystem, smallSegments);
      await readAll(log, 100);
      await directory.close();
      expect((await fileSystem.readFile(path)).equals(original)).toBe(true);
    });
  }

  it("makes an offset index anew that lacks its last entries", async () => {
    const { fileSystem } = await closedLog(40);
    const path = segmentPaths(partitionPath, 0).offsetIndex;
    const original = await fileSystem.readFile(path);
    await edit(fileSystem, path, (bytes) => bytes.subarray(0, 8));
    await (await openLog(fileSystem)).directory.close();
    expect((await fileSystem.readFile(path)).equals(original)).toBe(true);
  });

  it("finds the leader epochs again when their checkpoint is missing or makes no sense", async () => {
    const damages = [
      () => Buffer.alloc(0),
      (bytes: Buffer) => bytes.reverse(),
      () => Buffer.from("0\n0\n"),
      () => Buffer.from("0\n1\n1000 0\n"),
      () => Buffer.from("0\n1\n5 28\n"),
    ];
    for (const damage of damages) {
      const fileSystem = new MemoryFileSystem(seededRandom(1));
      const opened = await openLog(fileSystem, smallSegments);
      for (let index = 0; index < 30; index += 1) {
        opened.log.append(batchOf([`${index}`.padEnd(60)]), (1 + Math.floor(index / 7)) as typeof epoch);
      }
      await opened.directory.close();
      await edit(fileSystem, `${partitionPath}/leader-epoch-checkpoint`, damage);
      const { log } = await openLog(fileSystem, smallSegments);
      expect(log.endOffsetOfEpoch(2 as typeof epoch)).toEqual({ epoch: 2, endOffset: 14 });
      expect(log.latestEpoch).toBe(5);
    }
  });
});

describe("a removal from the start that a crash interrupted", () => {
  it("leaves nothing behind that a later removal, or a read, stumbles over", async () => {
    let interrupted = 0;
    for (let crashAfter = 1; crashAfter < 40; crashAfter += 1) {
      const fileSystem = new MemoryFileSystem(seededRandom(crashAfter));
      const { log } = await openLog(fileSystem, smallSegments);
      for (let index = 0; index < 40; index += 1) log.append(batchOf([`${index}`.padEnd(60)]), epoch);
      await log.flush();
      await log.saveRecoveryPoint();
      log.setHighWatermark(log.logEndOffset);
      fileSystem.crashAtOperation(fileSystem.operationCount + crashAfter);
      await log.deleteRecordsBefore(offset(30)).catch(() => undefined);
      const { directory, log: reopened } = await openLog(fileSystem.kill(), smallSegments);
      if (reopened.logStartOffset === 30) interrupted += 1;
      reopened.setHighWatermark(reopened.logEndOffset);
      await readAll(reopened);
      await reopened.describeSegments();
      await reopened.deleteRecordsBefore(offset(40));
      expect([reopened.logStartOffset, reopened.logEndOffset, reopened.failure]).toEqual([40, 40, undefined]);
      await directory.close();
    }
    expect(interrupted).toBeGreaterThan(5);
  });
});

/** CRC-32C of "0\n0\n", the body of an empty checkpoint. */
const emptyChecksum = crcOfEmptyCheckpoint();

function crcOfEmptyCheckpoint(): string {
  let crc = 0xffffffff;
  for (const byte of Buffer.from("0\n0\n")) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ((crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, "0");
}
