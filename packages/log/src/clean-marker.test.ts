import { describe, expect, it } from "vitest";
import { type CleanMarker, readCleanMarker, removeCleanMarker, writeCleanMarker } from "./clean-marker.js";
import { seededRandom } from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

const marker: CleanMarker = {
  brokerEpoch: 17,
  partitions: new Map([
    ["a-0", { hasProducers: true }],
    ["a-1", { hasProducers: false }],
  ]),
};

async function newFileSystem(): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem(seededRandom(1));
  await fileSystem.makeDirectory("/d");
  await fileSystem.syncDirectory("/");
  return fileSystem;
}

describe("clean marker", () => {
  it("says after a power loss what was written, also of a life that never registered", async () => {
    const fileSystem = await newFileSystem();
    await writeCleanMarker(fileSystem, "/d", marker);
    expect(await readCleanMarker(fileSystem, "/d")).toEqual(marker);
    await writeCleanMarker(fileSystem, "/d", { ...marker, brokerEpoch: undefined });
    expect(await readCleanMarker(fileSystem.crash(), "/d")).toEqual({ ...marker, brokerEpoch: undefined });
  });

  it("is gone for good when it is removed", async () => {
    const fileSystem = await newFileSystem();
    await writeCleanMarker(fileSystem, "/d", marker);
    await removeCleanMarker(fileSystem, "/d");
    expect(await readCleanMarker(fileSystem.crash(), "/d")).toBeUndefined();
  });

  it("is not trusted when a byte of it is wrong", async () => {
    const fileSystem = await newFileSystem();
    await writeCleanMarker(fileSystem, "/d", marker);
    const bytes = await fileSystem.readFile("/d/clean-shutdown");
    const file = await fileSystem.open("/d/clean-shutdown", "write");
    for (let at = 0; at < bytes.length; at += 1) {
      await file.write([Buffer.from(bytes.map((byte, index) => (index === at ? byte ^ 2 : byte)))], 0);
      expect(await readCleanMarker(fileSystem, "/d"), `byte ${at}`).toBeUndefined();
    }
    await file.close();
  });
});
