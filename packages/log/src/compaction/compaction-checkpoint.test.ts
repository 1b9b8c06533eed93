import { expect, it } from "vitest";
import { MemoryFileSystem } from "../testing/index.js";
import { seededRandom } from "../testing/log-fixture.js";
import {
  assumedCheckpoint,
  loadCompactionCheckpoint,
  neverCompacted,
  parseCompactionCheckpoint,
  saveCompactionCheckpoint,
} from "./compaction-checkpoint.js";

it("comes back as it was saved, also after a power loss", async () => {
  const fileSystem = new MemoryFileSystem(seededRandom(1));
  await fileSystem.makeDirectory("/log");
  await fileSystem.syncDirectory("/");
  expect(await loadCompactionCheckpoint(fileSystem, "/log")).toBeUndefined();
  for (const checkpoint of [neverCompacted, { gapsBelow: 2 ** 40, cleanedTo: 77, tombstonesDroppedTo: 5 }]) {
    await saveCompactionCheckpoint(fileSystem, "/log", checkpoint);
    expect(await loadCompactionCheckpoint(fileSystem, "/log")).toEqual(checkpoint);
  }
  expect((await loadCompactionCheckpoint(fileSystem.crash(), "/log"))?.cleanedTo).toBe(77);
});

it("takes no byte for another", async () => {
  const fileSystem = new MemoryFileSystem(seededRandom(1));
  await fileSystem.makeDirectory("/log");
  await saveCompactionCheckpoint(fileSystem, "/log", { gapsBelow: 90, cleanedTo: 80, tombstonesDroppedTo: -1 });
  const bytes = await fileSystem.readFile("/log/compaction-checkpoint");
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    expect(parseCompactionCheckpoint(changed), `byte ${at}`).toBeUndefined();
    expect(parseCompactionCheckpoint(bytes.subarray(0, at)), `cut at ${at}`).toBeUndefined();
  }
});

it("assumes gaps below the last segment of a compacted topic only", () => {
  expect(assumedCheckpoint({ isCompacted: false, lastBaseOffset: 50 })).toEqual(neverCompacted);
  expect(assumedCheckpoint({ isCompacted: true, lastBaseOffset: 50 })).toEqual({
    gapsBelow: 50,
    cleanedTo: 0,
    tombstonesDroppedTo: 49,
  });
});
