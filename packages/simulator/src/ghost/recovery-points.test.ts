import { MemoryFileSystem } from "@sluice/log/testing";
import { describe, expect, it } from "vitest";
import { Chance } from "../kernel/chance.js";
import { RecoveryPoints } from "./recovery-points.js";

const partition = "11111111-1111-4111-8111-111111111111-0";
const other = "11111111-1111-4111-8111-111111111111-1";
const path = "/data/broker-1/recovery-point";

function fileOf(offset: number): Buffer {
  return Buffer.from(`0\n2\n${partition} ${offset} always\n${other} unknown os\ncrc32c 1c291ca3\n`);
}

describe("RecoveryPoints", () => {
  it("knows what was promised as soon as the new file is in its place, and not before", () => {
    const recorded: unknown[] = [];
    const points = new RecoveryPoints({ onRecorded: (...point) => recorded.push(point) });
    const tap = points.tapOf(1);
    const bytes = fileOf(7);
    tap.written(`${path}.tmp`, bytes.subarray(0, 10), 0);
    tap.written(`${path}.tmp`, bytes.subarray(10), 10);
    expect([points.of(1, partition), recorded]).toEqual([0, []]);
    tap.renamed(`${path}.tmp`, path);
    expect([points.of(1, partition), points.of(1, other), points.of(2, partition)]).toEqual([7, 0, 0]);
    expect(recorded).toEqual([[1, partition, 7]]);
  });

  it("reads again what a machine has after a power loss", async () => {
    const points = new RecoveryPoints({ onRecorded: () => undefined });
    const disk = new MemoryFileSystem(new Chance(1, "disk"));
    points.tapOf(1).written(`${path}.tmp`, fileOf(7), 0);
    points.tapOf(1).renamed(`${path}.tmp`, path);
    await points.reread(1, disk, "/data/broker-1");
    expect(points.of(1, partition)).toBe(0);
    await disk.makeDirectory("/data/broker-1");
    const handle = await disk.open(path, "create");
    await handle.write([fileOf(3)], 0);
    await points.reread(1, disk, "/data/broker-1");
    expect(points.of(1, partition)).toBe(3);
  });
});
