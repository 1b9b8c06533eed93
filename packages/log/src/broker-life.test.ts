/** What a data directory knows of the lives that wrote in it, and of what they may have lost. */

import { topicName } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { LogDirectory } from "./index.js";
import {
  batchOf,
  dataPath,
  epoch,
  partitionName,
  partitionPath,
  seededRandom,
  stillClock,
  testConfig,
} from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

const name = partitionPath.slice(dataPath.length + 1);

async function openLife(
  fileSystem: MemoryFileSystem,
  bootId: string,
  flush: "always" | "os",
  lastBrokerEpoch?: number,
) {
  const dependencies = { fileSystem, clock: stillClock, random: seededRandom(1) };
  const options = { path: dataPath, brokerId: 1, clusterId: "test", bootId };
  const directory = await LogDirectory.open(
    lastBrokerEpoch === undefined ? options : { ...options, lastBrokerEpoch },
    dependencies,
  );
  await directory.beginLife({ brokerEpoch: 7, incarnation: "x" });
  const config = testConfig({ flush });
  const log = await directory.openPartition({ ...partitionName, topic: topicName("flights"), config });
  return { directory, log };
}

async function writeSome(fileSystem: MemoryFileSystem, flush: "always" | "os"): Promise<LogDirectory> {
  const { directory, log } = await openLife(fileSystem, "boot-1", flush);
  for (let index = 0; index < 5; index += 1) log.append(batchOf(["a", "b"]), epoch);
  await log.flush();
  return directory;
}

describe("the life of a data directory", () => {
  it("is recorded durably before anything is written in it", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    await openLife(fileSystem, "boot-1", "always");
    const life = JSON.parse((await fileSystem.crash().readFile(`${dataPath}/life`)).toString()) as unknown;
    expect(life).toEqual({ brokerEpoch: 7, incarnation: "x", bootId: "boot-1" });
  });

  it("is named by the marker of its clean stop", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    const directory = await writeSome(fileSystem, "always");
    await directory.close();
    expect((await fileSystem.readFile(`${dataPath}/clean-shutdown`)).toString()).toContain("broker-epoch 7\n");
  });

  it.each([
    ["a killed process, flush=os", "kill", "boot-1", "os", false],
    ["a power loss, flush=os", "crash", "boot-2", "os", true],
    ["a power loss, flush=always", "crash", "boot-2", "always", false],
  ] as const)("tells whether something may be lost after %s", async (_, end, bootId, flush, isLossy) => {
    const fileSystem = new MemoryFileSystem(seededRandom(2));
    await writeSome(fileSystem, flush);
    const { directory } = await openLife(fileSystem[end](), bootId, flush);
    expect(directory.lossyPartitions).toEqual(isLossy ? [name] : []);
  });

  it("takes a disk of an older life for lossy, whatever is on it", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(2));
    await writeSome(fileSystem, "always");
    const { directory } = await openLife(fileSystem.kill(), "boot-1", "always", 8);
    expect(directory.lossyPartitions).toEqual([name]);
  });

  it("remembers a loss over clean stops and further crashes, until it is told that the cluster knows", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(2));
    await writeSome(fileSystem, "os");
    const first = await openLife(fileSystem.crash(), "boot-2", "os");
    await first.directory.close();
    const survivor = fileSystem.crash();
    const second = await openLife(survivor, "boot-2", "os");
    expect(second.directory.lossyPartitions).toEqual([name]);
    await second.directory.clearLossy(partitionName);
    const third = await openLife(survivor.crash(), "boot-2", "os");
    expect(third.directory.lossyPartitions).toEqual([]);
  });

  it("takes every partition for lossy when the list of them makes no sense", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(2));
    const directory = await writeSome(fileSystem, "always");
    await directory.close();
    const file = await fileSystem.open(`${dataPath}/lossy`, "write");
    await file.write([Buffer.from("nonsense")], 0);
    await file.close();
    expect((await openLife(fileSystem, "boot-1", "always")).directory.lossyPartitions).toEqual([name]);
  });

  it("takes a loss for one until it was looked at, though a life was recorded in between", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(2));
    await writeSome(fileSystem, "os");
    // A life that is killed before it opens the partition.
    const options = { path: dataPath, brokerId: 1, clusterId: "test", bootId: "boot-2" };
    const rebooted = fileSystem.crash();
    const between = await LogDirectory.open(options, {
      fileSystem: rebooted,
      clock: stillClock,
      random: seededRandom(1),
    });
    await between.beginLife({ brokerEpoch: 8, incarnation: "y" });
    const { directory } = await openLife(rebooted.kill(), "boot-2", "os", 8);
    expect(directory.lossyPartitions).toEqual([name]);
  });

  it("finds that a power loss cost nothing, though a life was recorded in between", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(2));
    await writeSome(fileSystem, "always");
    const options = { path: dataPath, brokerId: 1, clusterId: "test", bootId: "boot-2" };
    const rebooted = fileSystem.crash();
    const between = await LogDirectory.open(options, {
      fileSystem: rebooted,
      clock: stillClock,
      random: seededRandom(1),
    });
    await between.beginLife({ brokerEpoch: 8, incarnation: "y" });
    expect(between.lossyPartitions).toEqual([name]);
    const { directory } = await openLife(rebooted.kill(), "boot-2", "always", 8);
    expect(directory.lossyPartitions).toEqual([]);
  });

  it("does not trust the marker of a clean stop of an older life: the disk is a copy", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(2));
    await (await writeSome(fileSystem, "always")).close();
    const { directory } = await openLife(fileSystem, "boot-1", "always", 8);
    expect([directory.wasClean, directory.lossyPartitions]).toEqual([false, [name]]);
  });

  it("trusts the marker of the life that was registered last, and of a start that came to nothing after it", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(2));
    await (await writeSome(fileSystem, "os")).close();
    const options = { path: dataPath, brokerId: 1, clusterId: "test", bootId: "boot-2", lastBrokerEpoch: 7 };
    const dependencies = { fileSystem, clock: stillClock, random: seededRandom(1) };
    await (await LogDirectory.open(options, dependencies)).close();
    const { directory } = await openLife(fileSystem, "boot-3", "os", 7);
    expect([directory.wasClean, directory.lossyPartitions]).toEqual([true, []]);
  });

  it("takes partitions for lost that are not on a new disk, until the cluster knows of all of them", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(2));
    const first = await openLife(fileSystem, "boot-1", "always", 6);
    expect([first.directory.mayMissPartitions, first.directory.lossyPartitions]).toEqual([true, [name]]);
    const survivor = fileSystem.kill();
    const second = await openLife(survivor, "boot-1", "always", 7);
    expect([second.directory.mayMissPartitions, second.directory.lossyPartitions]).toEqual([true, [name]]);
    await second.directory.clearLossy(partitionName);
    await second.directory.clearMissing();
    const third = await openLife(survivor.kill(), "boot-1", "always", 7);
    expect([third.directory.mayMissPartitions, third.directory.lossyPartitions]).toEqual([false, []]);
  });

  it("takes nothing for lost on the disk of a broker that is new", async () => {
    const { directory } = await openLife(new MemoryFileSystem(seededRandom(2)), "boot-1", "always");
    expect([directory.mayMissPartitions, directory.lossyPartitions]).toEqual([false, []]);
  });
});
