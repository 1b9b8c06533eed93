import { VirtualClock } from "@sluice/model/testing";
import { describe, expect, it } from "vitest";
import { DeferredRemoval } from "./deferred-removal.js";
import { seededRandom } from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

async function fixture() {
  const fileSystem = new MemoryFileSystem(seededRandom(1));
  const clock = new VirtualClock();
  const errors: unknown[] = [];
  await fileSystem.makeDirectory("/d");
  for (const name of ["a", "b", "c"]) await (await fileSystem.open(`/d/${name}`, "create")).close();
  const removal = new DeferredRemoval({ fileSystem, clock, onError: (error) => errors.push(error) });
  return { fileSystem, clock, removal, errors };
}

describe("DeferredRemoval", () => {
  it("unlinks after the delay, and not before", async () => {
    const { fileSystem, clock, removal } = await fixture();
    removal.schedule(["/d/a", "/d/b"], 1000);
    clock.advance(999);
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    expect(await fileSystem.list("/d")).toEqual(["a", "b", "c"]);
    clock.advance(1);
    await removal.removeNow();
    expect(await fileSystem.list("/d")).toEqual(["c"]);
  });

  it("unlinks everything at once when the room is needed, and what is gone already is no error", async () => {
    const { fileSystem, removal, errors } = await fixture();
    removal.schedule(["/d/a"], 1_000_000);
    removal.schedule(["/d/missing", "/d/b"], 1_000_000);
    await removal.removeNow();
    expect(await fileSystem.list("/d")).toEqual(["c"]);
    expect(errors).toEqual([]);
  });

  it("reports a file that cannot be unlinked", async () => {
    const { fileSystem, removal, errors } = await fixture();
    fileSystem.failNext("remove", "EIO");
    removal.schedule(["/d/a"], 0);
    await removal.removeNow();
    expect(errors).toMatchObject([{ code: "EIO" }]);
  });
});
