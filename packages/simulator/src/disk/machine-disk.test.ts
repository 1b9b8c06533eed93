import { describe, expect, it } from "vitest";
import { Chance } from "../kernel/chance.js";
import { MachineDisk } from "./machine-disk.js";

async function writtenTo(disk: MachineDisk, path: string, text: string): Promise<string> {
  try {
    const file = await disk.files.open(path, "write");
    await file.write([Buffer.from(text)], 0);
    await file.syncData();
    await file.close();
    await disk.files.syncDirectory("/");
    return "written";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "";
  }
}

describe("MachineDisk", () => {
  it("fails in every life of its broker until it is replaced", async () => {
    const disk = new MachineDisk(new Chance(1, "disk"));
    expect(await writtenTo(disk, "/a", "1")).toBe("written");
    disk.fail("syncData");
    expect(await writtenTo(disk, "/a", "2")).toBe("EIO");
    disk.kill();
    expect(await writtenTo(disk, "/a", "3")).toBe("EIO");
    disk.losePower();
    expect([await writtenTo(disk, "/a", "4"), disk.isBroken]).toEqual(["EIO", true]);
    disk.rescue();
    expect([await writtenTo(disk, "/b", "5"), disk.isBroken]).toEqual(["written", false]);
    expect(await disk.files.exists("/a")).toBe(true);
    disk.lose();
    expect(await disk.files.exists("/a")).toBe(false);
  });

  it("takes what fits, and everything again when there is room", async () => {
    const disk = new MachineDisk(new Chance(1, "disk"));
    disk.fill(0);
    expect(await writtenTo(disk, "/a", "1")).toBe("ENOSPC");
    disk.makeRoom();
    expect(await writtenTo(disk, "/a", "1")).toBe("written");
  });

  it("repairs what has rotten, and leaves alone what was written there since", async () => {
    const disk = new MachineDisk(new Chance(1, "disk"));
    await writtenTo(disk, "/a", "abcd");
    const rotten = { path: "/a", position: 1, bytes: Buffer.from("bc"), index: 1 };
    disk.rot(rotten);
    expect([(await disk.files.readFile("/a")).toString(), disk.isRotten]).toEqual(["abbd", true]);
    disk.kill();
    await disk.repair();
    expect([(await disk.files.readFile("/a")).toString(), disk.isRotten]).toEqual(["abcd", false]);
    disk.rot(rotten);
    await writtenTo(disk, "/a", "wxyz");
    await disk.repair();
    expect((await disk.files.readFile("/a")).toString()).toBe("wxyz");
  });
});
