import { MemoryFileSystem } from "@sluice/log/testing";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { expect, it } from "vitest";
import { DiskCounters, MeasuredFileSystem } from "./measured-file-system.js";

it("times writes and flushes, counts those under way and those that fail, and changes nothing", async () => {
  const fileSystem = new MemoryFileSystem(new SeededRandom(1));
  const counters = new DiskCounters();
  const files = new MeasuredFileSystem({ fileSystem, counters, clock: new VirtualClock() });
  await files.makeDirectory("/d");
  const file = await files.open("/d/f", "create");
  const write = file.write([Buffer.from("ab"), Buffer.from("c")], 0);
  expect(counters.writesInProgress).toBe(1);
  await write;
  await file.syncData();
  const read = Buffer.alloc(3);
  expect(await file.read(read, 0)).toBe(3);
  expect(String(read)).toBe("abc");
  expect(counters).toMatchObject({ writesInProgress: 0, flushesInProgress: 0, bytesWritten: 3, writeErrors: 0 });
  expect([counters.write, counters.flush].map(({ counts }) => counts[0])).toEqual([1, 1]);
  await file.close();
  await expect(file.write([Buffer.from("x")], 0)).rejects.toThrow();
  await expect(file.syncData()).rejects.toThrow();
  expect(counters).toMatchObject({ writeErrors: 1, flushErrors: 1, writesInProgress: 0, flushesInProgress: 0 });
});
