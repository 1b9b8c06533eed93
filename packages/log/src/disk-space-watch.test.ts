import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { describe, expect, it } from "vitest";
import { DiskSpaceWatch, farSampleIntervalMs, nearSampleIntervalMs } from "./disk-space-watch.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

const mebibyte = 1024 * 1024;
const directory = "/data";
const reserveBytes = 64_000;
const minimumFreeBytes = 100_000;
const resumeFreeBytes = 200_000;
/** Free bytes that are far from every limit, with the reserve on the disk. */
const plenty = 10_000_000;

/** A disk that counts how often it was asked for its free bytes, and may refuse to say. */
class AskedDisk extends MemoryFileSystem {
  sampleCount = 0;
  isSilent = false;
  /** Samples under way at one time, at most. */
  overlap = 0;
  #underWay = 0;

  override async freeBytes(path: string): Promise<number> {
    this.sampleCount += 1;
    this.#underWay += 1;
    this.overlap = Math.max(this.overlap, this.#underWay);
    try {
      if (this.isSilent) throw new Error("EIO: statfs");
      return await super.freeBytes(path);
    } finally {
      this.#underWay -= 1;
    }
  }

  /** Leaves so many bytes free. */
  setFree(freeBytes: number): void {
    this.setCapacity(this.usedBytes + freeBytes);
  }
}

/** All that waits for nothing but microtasks is done after this. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

class Fixture {
  readonly clock = new VirtualClock();
  readonly disk = new AskedDisk(new SeededRandom(1));
  /** What was told, in order. */
  readonly told: string[] = [];
  /** Bytes in use on the disk when it was last told that there is room. */
  usedWhenRoomBytes = 0;
  readonly watch: DiskSpaceWatch;

  constructor(options: { readonly reserveBytes?: number } = {}) {
    this.watch = new DiskSpaceWatch(
      { directory, reserveBytes, minimumFreeBytes, resumeFreeBytes, ...options },
      {
        fileSystem: this.disk,
        clock: this.clock,
        onFull: () => void this.told.push("full"),
        onRoom: () => {
          this.told.push("room");
          this.usedWhenRoomBytes = this.disk.usedBytes;
        },
        onReserveFailed: (error) => void this.told.push(`reserve failed: ${String(error)}`),
      },
    );
  }

  static async start(freeBytes: number): Promise<Fixture> {
    const fixture = new Fixture();
    await fixture.disk.makeDirectory(directory);
    fixture.disk.setFree(freeBytes);
    fixture.watch.start();
    await settled();
    return fixture;
  }

  async pass(durationMs: number): Promise<void> {
    this.clock.advance(durationMs);
    await settled();
  }

  async reserveOnDisk(): Promise<number> {
    return (await this.disk.exists(`${directory}/reserve`)) ? this.disk.size(`${directory}/reserve`) : 0;
  }
}

describe("DiskSpaceWatch", () => {
  it("makes the reserve at the start, tells nothing, and samples every ten seconds", async () => {
    const fixture = await Fixture.start(plenty);
    expect([fixture.disk.sampleCount, fixture.clock.nextTimerMs]).toEqual([1, farSampleIntervalMs]);
    expect(await fixture.reserveOnDisk()).toBe(reserveBytes);
    await fixture.pass(farSampleIntervalMs);
    expect(fixture.disk.sampleCount).toBe(2);
    expect([fixture.told, fixture.watch.isFull]).toEqual([[], false]);
    await fixture.watch.close();
  });

  it("samples every second while the limit is near", async () => {
    const fixture = await Fixture.start(2 * resumeFreeBytes + reserveBytes - 1);
    expect(fixture.clock.nextTimerMs).toBe(nearSampleIntervalMs);
    await fixture.pass(nearSampleIntervalMs);
    expect(fixture.disk.sampleCount).toBe(2);
    expect(fixture.told).toEqual([]);
    await fixture.watch.close();
  });

  it("tells that the disk is full, gives up the reserve, and takes what that frees for no room", async () => {
    const fixture = await Fixture.start(plenty);
    fixture.disk.setFree(minimumFreeBytes - 1);
    await fixture.pass(farSampleIntervalMs);
    expect([fixture.told, fixture.watch.isFull]).toEqual([["full"], true]);
    expect(await fixture.reserveOnDisk()).toBe(0);
    // With the reserve given up more is free than the minimum, and the same is free of what appends may have.
    expect(await fixture.disk.freeBytes(directory)).toBeGreaterThan(minimumFreeBytes);
    await fixture.pass(nearSampleIntervalMs);
    expect(fixture.told).toEqual(["full"]);
    expect(fixture.watch.freeBytes).toBeLessThan(resumeFreeBytes);
    await fixture.watch.close();
  });

  it("makes the reserve again before it tells that there is room", async () => {
    const fixture = await Fixture.start(minimumFreeBytes);
    expect([fixture.told, await fixture.reserveOnDisk()]).toEqual([["full"], 0]);
    fixture.disk.setFree(resumeFreeBytes + reserveBytes - 1);
    await fixture.pass(nearSampleIntervalMs);
    expect([fixture.told, await fixture.reserveOnDisk()]).toEqual([["full"], 0]);
    fixture.disk.setFree(resumeFreeBytes + reserveBytes);
    const before = fixture.disk.usedBytes;
    await fixture.pass(nearSampleIntervalMs);
    expect([fixture.told, fixture.watch.isFull]).toEqual([["full", "room"], false]);
    expect(fixture.usedWhenRoomBytes - before).toBeGreaterThanOrEqual(reserveBytes);
    await fixture.watch.close();
  });

  it("tells of a writer that fills the disk between two samples inside its call, and asks the disk at once", async () => {
    const fixture = await Fixture.start(plenty);
    const { operationCount } = fixture.disk;
    fixture.watch.wrote(plenty - reserveBytes - minimumFreeBytes + 1);
    expect([fixture.told, fixture.watch.isFull]).toEqual([["full"], true]);
    expect(fixture.disk.sampleCount).toBe(1);
    await settled();
    // Nothing was written really: the disk says so, and the reserve was never given up.
    expect(fixture.disk.sampleCount).toBe(2);
    expect([fixture.told, fixture.watch.isFull]).toEqual([["full", "room"], false]);
    expect(fixture.disk.operationCount).toBe(operationCount);
    await fixture.watch.close();
  });

  it("asks the disk at once when half of the room is written", async () => {
    const fixture = await Fixture.start(plenty);
    fixture.watch.wrote((plenty - minimumFreeBytes) / 2 - reserveBytes);
    await settled();
    expect(fixture.disk.sampleCount).toBe(1);
    fixture.watch.wrote(reserveBytes);
    await settled();
    expect([fixture.disk.sampleCount, fixture.told]).toEqual([2, []]);
    await fixture.watch.close();
  });

  it("gives up the reserve at once when a write failed", async () => {
    const fixture = await Fixture.start(plenty);
    fixture.disk.setFree(0);
    fixture.watch.writeFailed();
    expect(fixture.told).toEqual(["full"]);
    await settled();
    expect(await fixture.reserveOnDisk()).toBe(0);
    expect(await fixture.disk.freeBytes(directory)).toBeGreaterThanOrEqual(reserveBytes);
    fixture.disk.setFree(plenty);
    await fixture.pass(nearSampleIntervalMs);
    expect(fixture.told).toEqual(["full", "room"]);
    await fixture.watch.close();
  });

  it("ends the making of the reserve when a write fails meanwhile, and when it is closed", async () => {
    const makeSome = async (): Promise<Fixture> => {
      const fixture = new Fixture({ reserveBytes: 50 * mebibyte });
      await fixture.disk.makeDirectory(directory);
      fixture.watch.start();
      while ((await fixture.reserveOnDisk()) === 0) await Promise.resolve();
      return fixture;
    };
    const failed = await makeSome();
    const { operationCount } = failed.disk;
    failed.watch.writeFailed();
    await settled();
    expect([failed.told, await failed.reserveOnDisk()]).toEqual([["full"], 0]);
    // A chunk, its sync, and the removal: making all of it takes more than twenty operations.
    expect(failed.disk.operationCount - operationCount).toBeLessThan(10);
    await failed.watch.close();

    const closed = await makeSome();
    await closed.watch.close();
    expect(await closed.reserveOnDisk()).toBeLessThan(20 * mebibyte);
    expect(closed.told).toEqual([]);
  });

  it("stays full where the disk refuses the reserve, whatever its free bytes say", async () => {
    const fixture = await Fixture.start(minimumFreeBytes);
    fixture.disk.setFree(plenty);
    fixture.disk.failAlways("write", "EDQUOT");
    await fixture.pass(nearSampleIntervalMs);
    for (let second = 0; second < 20; second += 1) await fixture.pass(nearSampleIntervalMs);
    expect([fixture.told, fixture.watch.isFull, await fixture.reserveOnDisk()]).toEqual([["full"], true, 0]);
    fixture.disk.clearFailures();
    for (let second = 0; second < 64; second += 1) await fixture.pass(nearSampleIntervalMs);
    expect([fixture.told, await fixture.reserveOnDisk()]).toEqual([["full", "room"], reserveBytes]);
    await fixture.watch.close();
  });

  it("keeps its state while the disk does not say, and goes on asking", async () => {
    const fixture = await Fixture.start(plenty);
    fixture.disk.isSilent = true;
    fixture.disk.setFree(0);
    await fixture.pass(farSampleIntervalMs);
    await fixture.pass(farSampleIntervalMs);
    expect([fixture.disk.sampleCount, fixture.told]).toEqual([3, []]);
    fixture.disk.isSilent = false;
    await fixture.pass(farSampleIntervalMs);
    expect(fixture.told).toEqual(["full"]);
    fixture.disk.isSilent = true;
    fixture.disk.setFree(plenty);
    await fixture.pass(nearSampleIntervalMs);
    expect(fixture.told).toEqual(["full"]);
    fixture.disk.isSilent = false;
    await fixture.pass(nearSampleIntervalMs);
    expect(fixture.told).toEqual(["full", "room"]);
    await fixture.watch.close();
  });

  it("waits between samples also where the disk never says", async () => {
    const fixture = new Fixture();
    await fixture.disk.makeDirectory(directory);
    fixture.disk.isSilent = true;
    fixture.watch.start();
    await settled();
    expect([fixture.disk.sampleCount, fixture.clock.nextTimerMs]).toEqual([1, nearSampleIntervalMs]);
    await fixture.watch.close();
  });

  it("tells once when the reserve fails otherwise, and goes on without one", async () => {
    const fixture = new Fixture();
    await fixture.disk.makeDirectory(directory);
    fixture.disk.setFree(plenty);
    fixture.disk.failAlways("syncData", "EIO");
    fixture.watch.start();
    await settled();
    expect(fixture.told).toEqual([expect.stringContaining("reserve failed: Error: EIO")]);
    fixture.disk.setFree(0);
    await fixture.pass(farSampleIntervalMs);
    fixture.disk.setFree(plenty);
    await fixture.pass(nearSampleIntervalMs);
    expect(fixture.told.slice(1)).toEqual(["full", "room"]);
    await fixture.watch.close();
  });

  it("completes at the start what an earlier life left of the reserve, and counts it as held", async () => {
    const fixture = new Fixture();
    await fixture.disk.makeDirectory(directory);
    const file = await fixture.disk.open(`${directory}/reserve`, "write");
    await file.write([Buffer.alloc(reserveBytes)], 0);
    await file.close();
    fixture.disk.setFree(minimumFreeBytes);
    fixture.watch.start();
    await settled();
    expect([fixture.told, fixture.watch.freeBytes]).toEqual([[], minimumFreeBytes]);
    await fixture.watch.close();
  });

  it("never takes two samples at a time", async () => {
    const fixture = await Fixture.start(plenty);
    for (let round = 0; round < 50; round += 1) {
      fixture.watch.wrote(plenty / 3);
      if (round % 7 === 0) fixture.watch.writeFailed();
      fixture.clock.advance(round * 100);
      if (round % 3 === 0) await settled();
    }
    await settled();
    expect(fixture.disk.sampleCount).toBeGreaterThan(10);
    expect(fixture.disk.overlap).toBe(1);
    await fixture.watch.close();
  });

  it("leaves no timer and tells nothing after it was closed, whenever that is", async () => {
    for (const turns of [0, 1, 2, 3, 5, 8, 13, 1000]) {
      const fixture = new Fixture();
      await fixture.disk.makeDirectory(directory);
      fixture.disk.setFree(plenty);
      fixture.watch.start();
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      await fixture.watch.close();
      fixture.watch.writeFailed();
      fixture.watch.wrote(plenty);
      await fixture.pass(farSampleIntervalMs);
      expect([fixture.clock.timerCount, fixture.told, fixture.disk.sampleCount <= 1]).toEqual([0, [], true]);
    }
  });
});
