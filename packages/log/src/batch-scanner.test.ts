import { batchLastOffset, stampBatch } from "@sluice/record";
import { describe, expect, it } from "vitest";
import { BatchScanner, type BatchScannerOptions } from "./batch-scanner.js";
import { batchOf, seededRandom } from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

const path = "/log";

function batchAt(baseOffset: number, valueBytes: number, count = 1): Buffer {
  const letter = String.fromCharCode(97 + (baseOffset % 26));
  const batch = batchOf(Array.from({ length: count }, () => letter.repeat(valueBytes)));
  stampBatch(batch, 0, { baseOffset, leaderEpoch: 1 });
  return batch;
}

async function scan(bytes: Buffer, options: Partial<BatchScannerOptions> = {}) {
  const fileSystem = new MemoryFileSystem(seededRandom(2));
  const file = await fileSystem.open(path, "create");
  await file.write([bytes], 0);
  const range = { position: 0, endPosition: bytes.length, baseOffset: 0, verifiesChecksums: true, ...options };
  const scanner = new BatchScanner(file, range);
  const found: Buffer[] = [];
  const positions: number[] = [];
  for (let batches = await scanner.readMore(); batches.length > 0; batches = await scanner.readMore()) {
    // What is read ahead meanwhile goes elsewhere; the next `readMore` may put it here.
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    found.push(...batches.map((batch) => Buffer.from(batch.bytes)));
    positions.push(...batches.map((batch) => batch.position));
  }
  return { scanner, found, positions };
}

describe("BatchScanner", () => {
  it("gives every batch, whole and in place, whatever lies across the ends of its reads", async () => {
    const random = seededRandom(11);
    const sizes = Array.from(
      { length: 60 },
      () => [10, 900, 70_000, 400_000, 2_500_000][random.uint32() % 5] as number,
    );
    const batches = sizes.map((size, index) => batchAt(index, size));
    const { scanner, found, positions } = await scan(Buffer.concat(batches));
    expect(found.length).toBe(batches.length);
    expect(found.every((bytes, index) => bytes.equals(batches[index] as Buffer))).toBe(true);
    let position = 0;
    for (const [index, batch] of batches.entries()) {
      expect(positions[index]).toBe(position);
      position += batch.length;
    }
    expect([scanner.position, scanner.nextOffset, scanner.problem]).toEqual([position, 60, undefined]);
  });

  it("stops before a batch that the file ends in, wherever it ends", async () => {
    const batches = [batchAt(0, 50), batchAt(1, 1_500_000), batchAt(2, 40)];
    const bytes = Buffer.concat(batches);
    const last = batches[0]?.length ?? 0;
    for (const size of [1, 60, last - 1, last + 1, last + 61, last + 1_100_000, bytes.length - 1]) {
      const { scanner, found } = await scan(bytes.subarray(0, size));
      expect(scanner.problem).toMatchObject({ isTorn: true, position: Buffer.concat(found).length });
    }
  });

  it("says so when the file is shorter than what is known to be written, also where it ends between two batches", async () => {
    const batches = [batchAt(0, 50), batchAt(1, 1_500_000), batchAt(2, 40)];
    const bytes = Buffer.concat(batches);
    for (const size of [
      0,
      batches[0]?.length ?? 0,
      100_000,
      bytes.length - (batches[2]?.length ?? 0),
      bytes.length - 3,
    ]) {
      const { scanner, found } = await scan(bytes.subarray(0, size), { endPosition: bytes.length });
      expect(scanner.problem).toMatchObject({ isTorn: true, position: Buffer.concat(found).length });
    }
  });

  it("takes a gap that ends at or below the bound, and none above, and never an overlap", async () => {
    const batches = [batchAt(0, 10, 3), batchAt(7, 10, 2), batchAt(20, 10)];
    const endAt = async (gapsBelow: number) => (await scan(Buffer.concat(batches), { gapsBelow })).scanner.nextOffset;
    expect([await endAt(0), await endAt(6), await endAt(7), await endAt(19), await endAt(20)]).toEqual([
      3, 3, 9, 9, 21,
    ]);
    const overlap = await scan(Buffer.concat([batchAt(0, 10, 3), batchAt(2, 10)]), { gapsBelow: 100 });
    expect(overlap.scanner.problem?.reason).toContain("base offset 2 where 3 follows");
    expect(batchLastOffset(overlap.found[0] as Buffer)).toBe(2);
  });
});
