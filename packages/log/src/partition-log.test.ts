import { type FileHandle, isSluiceError, leaderEpoch, offset } from "@sluice/model";
import { batchesIn, recordsIn } from "@sluice/record";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { propertyRuns } from "../../../test/support/property-runs.js";
import { batchOf, epoch, openLog, readAll, seededRandom } from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

function memory(): MemoryFileSystem {
  return new MemoryFileSystem(seededRandom(3));
}

describe("append", () => {
  it("gives offsets and stamps at once, and reports what is written and flushed", async () => {
    const { log } = await openLog(memory());
    const advances: [number, number][] = [];
    log.onAdvanced = (written, flushed) => advances.push([written, flushed]);
    expect(log.append(batchOf(["a", "b"]), epoch)).toEqual({ baseOffset: 0, endOffset: 2 });
    expect(log.append(batchOf(["c"]), leaderEpoch(4))).toEqual({ baseOffset: 2, endOffset: 3 });
    expect([log.logEndOffset, log.writtenOffset, log.flushedOffset]).toEqual([3, 0, 0]);
    await log.flush();
    expect(advances).toEqual([
      [3, 0],
      [3, 3],
    ]);
    const values = [...batchesIn(await readAll(log))].flatMap((batch) => [...recordsIn(batch)]);
    expect(values.map((record) => [record.offset, record.value?.toString()])).toEqual([
      [0, "a"],
      [1, "b"],
      [2, "c"],
    ]);
    expect(log.endOffsetOfEpoch(epoch)).toEqual({ epoch, endOffset: 2 });
    expect(log.endOffsetOfEpoch(leaderEpoch(3))).toEqual({ epoch: 1, endOffset: 2 });
    expect(log.endOffsetOfEpoch(leaderEpoch(9))).toBeUndefined();
  });

  it("covers all that came while a write was under way with one write and one sync", async () => {
    const fileSystem = memory();
    const { log } = await openLog(fileSystem);
    const before = fileSystem.operationCount;
    log.append(batchOf(["first"]), epoch);
    await Promise.resolve();
    for (let index = 0; index < 100; index += 1) log.append(batchOf([`${index}`]), epoch);
    await log.flush();
    expect(fileSystem.operationCount - before).toBe(4);
  });

  it("syncs nothing under flush=os until it is asked to", async () => {
    const fileSystem = memory();
    const { log } = await openLog(fileSystem, { flush: "os" });
    const before = fileSystem.operationCount;
    const written = new Promise<void>((resolve) => {
      log.onAdvanced = () => resolve();
    });
    log.append(batchOf(["a"]), epoch);
    await written;
    expect([log.writtenOffset, log.flushedOffset, fileSystem.operationCount - before]).toEqual([1, 0, 1]);
    await log.flush();
    expect(log.flushedOffset).toBe(1);
  });

  it("reports nothing flushed before its fdatasync: cut the power at any operation, and what was reported is there", async () => {
    for (let crashAt = 1; crashAt <= 60; crashAt += 1) {
      const fileSystem = new MemoryFileSystem(seededRandom(crashAt));
      const config = { flush: "always", "segment.bytes": 1024 } as const;
      const { log } = await openLog(fileSystem, config);
      fileSystem.crashAtOperation(fileSystem.operationCount + crashAt);
      let reported = 0;
      const offline = new Promise<void>((resolve) => {
        log.onFailed = () => resolve();
      });
      log.onAdvanced = (_, flushed) => {
        reported = flushed;
        if (!fileSystem.isDown) log.append(batchOf(["x".repeat(300), "y"]), epoch);
      };
      log.append(batchOf(["first"]), epoch);
      await offline;
      const survivor = await openLog(fileSystem.crash(), config);
      expect(survivor.log.logEndOffset).toBeGreaterThanOrEqual(reported);
      expect((await readAll(survivor.log)).length).toBe(survivor.log.sizeBytes);
    }
  });

  for (const operation of ["write", "syncData"] as const) {
    it(`goes offline with the first failed ${operation}, for good, and is still read`, async () => {
      const fileSystem = memory();
      const { directory, log } = await openLog(fileSystem);
      log.append(batchOf(["kept"]), epoch);
      await log.flush();
      const failures: string[] = [];
      log.onFailed = (error) => failures.push(error.code);
      fileSystem.failNext(operation, "EIO");
      log.append(batchOf(["lost"]), epoch);
      await expect(log.flush()).rejects.toSatisfy((error) => isSluiceError(error, "DISK_FAILED"));
      expect(() => log.append(batchOf(["refused"]), epoch)).toThrow("failed");
      expect(failures).toEqual(["DISK_FAILED"]);
      expect(log.flushedOffset).toBe(1);
      const bytes = await log.read(offset(0), { upToOffset: offset(1), sizeBytesMax: 1000 });
      expect([...recordsIn(bytes)][0]?.value?.toString()).toBe("kept");
      await directory.close();
      const reopened = await openLog(fileSystem);
      expect(reopened.directory.wasClean).toBe(false);
      expect(reopened.log.logEndOffset).toBe(operation === "write" ? 1 : 2);
    });
  }

  it("refuses appends after close", async () => {
    const { log } = await openLog(memory());
    await log.close();
    expect(() => log.append(batchOf(["a"]), epoch)).toThrow("closed");
  });
});

describe("read", () => {
  it("gives the batch that holds the offset, whole, even when it is larger than asked for", async () => {
    const { log } = await openLog(memory());
    const batches = [batchOf(["a", "b", "c"]), batchOf(["d".repeat(500)])];
    for (const batch of batches) log.append(batch, epoch);
    await log.flush();
    const upToOffset = log.logEndOffset;
    expect((await log.read(offset(1), { upToOffset, sizeBytesMax: 1 })).equals(batches[0] as Buffer)).toBe(true);
    expect((await log.read(offset(3), { upToOffset, sizeBytesMax: 1 })).equals(batches[1] as Buffer)).toBe(true);
  });

  it("gives nothing of a batch that reaches the bound, and nothing beyond what is written", async () => {
    const { log } = await openLog(memory());
    log.append(batchOf(["a", "b"]), epoch);
    expect(await log.read(offset(0), { upToOffset: offset(2), sizeBytesMax: 1000 })).toHaveLength(0);
    await log.flush();
    expect(await log.read(offset(0), { upToOffset: offset(1), sizeBytesMax: 1000 })).toHaveLength(0);
    expect(await log.read(offset(2), { upToOffset: offset(9), sizeBytesMax: 1000 })).toHaveLength(0);
  });
});

class CountingFileSystem extends MemoryFileSystem {
  readCount = 0;

  override async open(path: string, mode: "read" | "write" | "create"): Promise<FileHandle> {
    const file = await super.open(path, mode);
    const read = file.read.bind(file);
    file.read = (buffer, position) => {
      this.readCount += 1;
      return read(buffer, position);
    };
    return file;
  }
}

describe("reading on", () => {
  it("costs one read of the file where the last read ended", async () => {
    const fileSystem = new CountingFileSystem(seededRandom(1));
    const { log } = await openLog(fileSystem);
    for (let index = 0; index < 100; index += 1) log.append(batchOf([`${index}`.padEnd(100)]), epoch);
    await log.flush();
    const limits = { upToOffset: log.logEndOffset, sizeBytesMax: 1900 };
    const readFrom = (from: number): Promise<Buffer> => log.read(offset(from), limits);
    await readFrom(30);
    const perRead = (await readFrom(30)).length / batchOf(["".padEnd(100)]).length;
    expect(perRead).toBe(11);
    const before = fileSystem.readCount;
    await readFrom(41);
    await readFrom(52);
    expect(fileSystem.readCount - before).toBe(2);
  });
});

describe("offsetForTimestamp", () => {
  it("is exact to the record, as a look at every record says", async () => {
    const batches = fc.array(fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 4 }), {
      maxLength: 40,
      size: "max",
    });
    const property = fc.asyncProperty(
      batches,
      fc.boolean(),
      fc.nat({ max: 160 }),
      async (timestamps, isReopened, bound) => {
        const fileSystem = memory();
        const config = { flush: "os", "segment.bytes": 1024 } as const;
        let { directory, log } = await openLog(fileSystem, config);
        for (const batch of timestamps) log.append(batchOf(batch.map(String), batch), epoch);
        await log.flush();
        if (isReopened) {
          await directory.close();
          ({ directory, log } = await openLog(fileSystem, config));
        }
        const records = timestamps.flat().map((timestampMs, index) => ({ offset: index, timestampMs }));
        for (const target of [0, 1, 17, 30, 59, 60, 61]) {
          const first = records.find((record) => record.timestampMs >= target);
          const expected = first !== undefined && first.offset < bound ? first : undefined;
          expect(await log.offsetForTimestamp(target, offset(bound))).toEqual(expected);
        }
      },
    );
    await fc.assert(property, { numRuns: propertyRuns({ usual: 200, long: 4000 }) });
  });
});
