import { MemoryFileSystem } from "@sluice/log/testing";
import { describe, expect, it } from "vitest";
import { Chance } from "../kernel/chance.js";
import { eventLoopTurn } from "../kernel/event-loop-turn.js";
import { Scheduler } from "../kernel/scheduler.js";
import { SimulatedProcess } from "../kernel/simulated-process.js";
import { SimulatedFileSystem } from "./simulated-file-system.js";

function setUp(options: { readonly killAtOperation?: number } = {}) {
  const scheduler = new Scheduler(new Chance(1, "scheduler"));
  const chance = new Chance(1, "disk");
  const process = new SimulatedProcess("p", scheduler);
  const memory = new MemoryFileSystem(chance);
  const told: string[] = [];
  const fileSystem = new SimulatedFileSystem(
    { syncMsMin: 1, syncMsMax: 2 },
    {
      memory,
      process,
      chance,
      bootId: "boot-1",
      onOperation: (count) => {
        if (count !== options.killAtOperation) return;
        told.push("killed");
        process.die();
      },
      onDown: () => {
        told.push("down");
        process.die();
      },
      tap: {
        written: (path, bytes, position) => told.push(`${path} written ${position}+${bytes.length}`),
        truncated: (path, sizeBytes) => told.push(`${path} truncated ${sizeBytes}`),
        synced: (path) => told.push(`${path} synced`),
        syncFailed: (path) => told.push(`${path} not synced`),
        renamed: (from, to) => told.push(`${from} renamed ${to}`),
        removed: (path) => told.push(`${path} removed`),
      },
    },
  );
  const runAll = async (): Promise<void> => {
    await eventLoopTurn();
    while (scheduler.runNext()) await eventLoopTurn();
  };
  return { fileSystem, memory, process, told, runAll, scheduler };
}

describe("SimulatedFileSystem", () => {
  it("tells of what takes effect, and takes its time to sync", async () => {
    const { fileSystem, told, runAll, scheduler } = setUp();
    const handle = await fileSystem.open("/a", "create");
    await handle.write([Buffer.from("hello")], 0);
    await handle.truncate(2);
    const syncing = handle.syncData();
    await runAll();
    await syncing;
    expect(scheduler.nowMs).toBeGreaterThan(0.9);
    expect(told).toEqual(["/a written 0+5", "/a truncated 2", "/a synced"]);
    expect((await fileSystem.readFile("/a")).toString()).toBe("he");
  });

  it("names the start of the machine", async () => {
    const { fileSystem } = setUp();
    expect((await fileSystem.readFile("/proc/sys/kernel/random/boot_id")).toString().trim()).toBe("boot-1");
  });

  it("never comes back to a process that is dead", async () => {
    const { fileSystem, process, runAll } = setUp();
    const handle = await fileSystem.open("/a", "create");
    process.die();
    let isSettled = false;
    void handle.write([Buffer.from("x")], 0).finally(() => {
      isSettled = true;
    });
    void fileSystem.exists("/a").finally(() => {
      isSettled = true;
    });
    await runAll();
    expect(isSettled).toBe(false);
  });

  it("kills the process when the operation of that number is done, and tells of it all the same", async () => {
    const { fileSystem, memory, told, runAll } = setUp({ killAtOperation: 2 });
    const handle = await fileSystem.open("/a", "create");
    let isSettled = false;
    void handle.write([Buffer.from("x")], 0).finally(() => {
      isSettled = true;
    });
    await runAll();
    expect(told).toEqual(["/a written 0+1", "killed"]);
    expect(isSettled).toBe(false);
    expect((await memory.kill().readFile("/a")).toString()).toBe("x");
  });

  it("says when the power went in the middle of an operation", async () => {
    const { fileSystem, memory, told, runAll } = setUp();
    const handle = await fileSystem.open("/a", "create");
    memory.crashAtOperation(memory.operationCount + 1);
    void handle.write([Buffer.from("x")], 0);
    await runAll();
    expect(told).toEqual(["down"]);
  });
});
