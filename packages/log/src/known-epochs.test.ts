/** What a restart knows of what was acted upon, and what it costs to record that. */

import type { FileSystem } from "@sluice/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KnownEpochs } from "./known-epochs.js";
import { type PartitionName, partitionDirectoryName } from "./partition-directory.js";
import { partitionName, seededRandom } from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

const path = "/data/known-epochs";
const partitions: readonly PartitionName[] = Array.from({ length: 2000 }, (_, partition) => {
  return { topicId: partitionName.topicId, partition };
});
const names = partitions.map(partitionDirectoryName);
const [first, second] = partitions as [PartitionName, PartitionName];

async function emptyDisk(): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem(seededRandom(1));
  await fileSystem.makeDirectory("/data");
  await fileSystem.syncDirectory("/");
  return fileSystem;
}

function load(fileSystem: FileSystem): Promise<KnownEpochs> {
  return KnownEpochs.load(fileSystem, path, names);
}

/** With something in it, so that the next save appends. */
async function begun(fileSystem: FileSystem): Promise<KnownEpochs> {
  const known = await load(fileSystem);
  known.noteRevision(1);
  await known.save();
  return known;
}

describe("known epochs", () => {
  it("survive a power loss once they are saved, and not before", async () => {
    const fileSystem = await emptyDisk();
    const known = await begun(fileSystem);
    known.note(first, { leaderEpoch: 7, leaderBrokerEpoch: 1032 });
    known.noteRevision(1040);
    await known.save();
    known.note(second, { leaderEpoch: 3, leaderBrokerEpoch: 0 });
    const after = await load(fileSystem.crash());
    expect(after.get(first)).toEqual({ leaderEpoch: 7, leaderBrokerEpoch: 1032 });
    expect(after.get(second)).toBeUndefined();
    expect(after.history).toEqual({ number: 0, revision: 1040, brokerEpoch: 0, isRestored: false });
  });

  it("cost one write and one sync for all partitions that were noted together", async () => {
    const calls: string[] = [];
    const known = await begun(counting(await emptyDisk(), calls));
    calls.length = 0;
    for (const name of partitions) known.note(name, { leaderEpoch: 1, leaderBrokerEpoch: 5 });
    await Promise.all(partitions.map(() => known.save()));
    expect(calls).toEqual(["write", "syncData"]);
  });

  it("that are noted during a save are saved by the next one", async () => {
    const fileSystem = await emptyDisk();
    const known = await begun(fileSystem);
    known.note(first, { leaderEpoch: 1, leaderBrokerEpoch: 5 });
    const saving = known.save();
    known.note(second, { leaderEpoch: 2, leaderBrokerEpoch: 6 });
    await known.save();
    await saving;
    expect((await load(fileSystem.crash())).get(second)).toEqual({ leaderEpoch: 2, leaderBrokerEpoch: 6 });
  });

  it("that wait for a save under way are saved before the file is closed, and none after", async () => {
    const fileSystem = await emptyDisk();
    const known = await begun(fileSystem);
    known.note(first, { leaderEpoch: 1, leaderBrokerEpoch: 5 });
    const underWay = known.save();
    known.note(second, { leaderEpoch: 2, leaderBrokerEpoch: 5 });
    const waiting = known.save();
    const closing = known.close();
    known.note(first, { leaderEpoch: 3, leaderBrokerEpoch: 5 });
    await expect(known.save()).rejects.toMatchObject({ code: "CLOSED" });
    await Promise.all([underWay, waiting, closing]);
    const after = await load(fileSystem.crash());
    expect(after.get(second)?.leaderEpoch).toBe(2);
  });

  it("are saved again after there was no room for them", async () => {
    const fileSystem = await emptyDisk();
    const known = await begun(fileSystem);
    known.note(first, { leaderEpoch: 1, leaderBrokerEpoch: 5 });
    fileSystem.failNext("write", "ENOSPC");
    await expect(known.save()).rejects.toMatchObject({ code: "ENOSPC" });
    await known.save();
    expect((await load(fileSystem.crash())).get(first)).toEqual({ leaderEpoch: 1, leaderBrokerEpoch: 5 });
  });

  it("keep their file small, however often they change", async () => {
    const fileSystem = await emptyDisk();
    const known = await begun(fileSystem);
    for (let leaderEpoch = 1; leaderEpoch <= 2000; leaderEpoch += 1) {
      known.note(first, { leaderEpoch, leaderBrokerEpoch: leaderEpoch });
      await known.save();
    }
    expect(await fileSystem.size(path)).toBeLessThan(70_000);
    expect((await load(fileSystem)).get(first)?.leaderEpoch).toBe(2000);
  });

  it("are those of the sound blocks where one is damaged or torn", async () => {
    const fileSystem = await emptyDisk();
    const known = await begun(fileSystem);
    known.note(first, { leaderEpoch: 1, leaderBrokerEpoch: 5 });
    await known.save();
    const position = (await fileSystem.size(path)) - 3;
    known.note(second, { leaderEpoch: 2, leaderBrokerEpoch: 5 });
    await known.save();
    fileSystem.flipBit(path, position, 0);
    const after = await load(fileSystem);
    expect(after.get(first)).toBeUndefined();
    expect(after.get(second)).toEqual({ leaderEpoch: 2, leaderBrokerEpoch: 5 });
  });

  it("of partitions that are not here any more are forgotten", async () => {
    const fileSystem = await emptyDisk();
    const known = await begun(fileSystem);
    known.note(first, { leaderEpoch: 1, leaderBrokerEpoch: 5 });
    await known.save();
    expect((await KnownEpochs.load(fileSystem, path, [])).get(first)).toBeUndefined();
  });

  it("end with their history", async () => {
    const fileSystem = await emptyDisk();
    const known = await begun(fileSystem);
    known.note(first, { leaderEpoch: 9, leaderBrokerEpoch: 500 });
    known.noteRevision(600);
    known.noteLife(510);
    known.noteRestored();
    await known.save();
    expect((await load(fileSystem.copy())).history).toEqual({
      number: 0,
      revision: 600,
      brokerEpoch: 510,
      isRestored: true,
    });
    known.beginHistory(1, 70);
    await known.save();
    const after = await load(fileSystem.crash());
    expect(after.get(first)).toBeUndefined();
    expect(after.history).toEqual({ number: 1, revision: 70, brokerEpoch: 0, isRestored: false });
  });

  it("are never older than the last save, wherever a power loss strikes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 400 }), fc.nat(), async (operation, seed) => {
        const fileSystem = new MemoryFileSystem(seededRandom(seed));
        await fileSystem.makeDirectory("/data");
        await fileSystem.syncDirectory("/");
        fileSystem.crashAtOperation(operation);
        let saved = 0;
        const known = await load(fileSystem).catch(() => undefined);
        try {
          for (let leaderEpoch = 1; known !== undefined && leaderEpoch <= 100; leaderEpoch += 1) {
            known.note(first, { leaderEpoch, leaderBrokerEpoch: 1 });
            await known.save();
            saved = leaderEpoch;
          }
        } catch {
          // The power went.
        }
        const after = await load(fileSystem.crash());
        expect(after.get(first)?.leaderEpoch ?? 0).toBeGreaterThanOrEqual(saved);
      }),
      { numRuns: 100 },
    );
  });
});

/** The file system, telling what is done with files. */
function counting(fileSystem: MemoryFileSystem, calls: string[]): FileSystem {
  return new Proxy(fileSystem, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target);
      if (name !== "open") return typeof member === "function" ? (member.bind(target) as unknown) : member;
      return async (...args: Parameters<FileSystem["open"]>) => {
        const file = await target.open(...args);
        const told = <Args extends unknown[], Result>(call: string, act: (...args: Args) => Result) => {
          return (...given: Args): Result => {
            calls.push(call);
            return act(...given);
          };
        };
        return {
          write: told("write", (...written: Parameters<typeof file.write>) => file.write(...written)),
          syncData: told("syncData", () => file.syncData()),
          truncate: (size: number) => file.truncate(size),
          close: () => file.close(),
        };
      };
    },
  });
}
