import type { FileHandle } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { BatchScanner } from "./batch-scanner.js";
import { SegmentWalk, type WalkedBatch, type WalkedDamage } from "./segment-walk.js";
import { stampedBatch, stampedBatches } from "./testing/partition-files.js";

type Item = WalkedBatch | WalkedDamage;

/** A file that is only read, and counts how many bytes are. */
function fileOf(bytes: Buffer): FileHandle & { readBytes: number } {
  const refuse = (): Promise<never> => Promise.reject(new Error("a walk only reads"));
  return {
    readBytes: 0,
    async read(buffer, position) {
      const count = bytes.copy(buffer, 0, position, Math.min(bytes.length, position + buffer.length));
      this.readBytes += count;
      return count;
    },
    size: async () => bytes.length,
    close: async () => undefined,
    write: refuse,
    truncate: refuse,
    syncData: refuse,
  };
}

async function walkAll(bytes: Buffer, options: { baseOffset?: number; gapsBelow?: number } = {}): Promise<Item[]> {
  const walk = new SegmentWalk(fileOf(bytes), { position: 0, endPosition: bytes.length, gapsBelow: 0, ...options });
  const items: Item[] = [];
  for (let more = await walk.readMore(); more.length > 0; more = await walk.readMore()) items.push(...more);
  return items;
}

/** Base offsets of the batches with which nothing is wrong. */
function goodOffsets(items: readonly Item[]): number[] {
  return items.flatMap((item) => {
    return item.type === "batch" && item.isChecksumValid && item.disorder === undefined ? [item.header.baseOffset] : [];
  });
}

function damagesIn(items: readonly Item[]): WalkedDamage[] {
  return items.filter((item) => item.type === "damage");
}

const batches = stampedBatches(0, 6);
const log = Buffer.concat(batches);
const starts = batches.map((_, index) => Buffer.concat(batches.slice(0, index)).length);

describe("a walk over a segment that is well", () => {
  it("gives every batch with its position and bytes", async () => {
    const items = await walkAll(log, { baseOffset: 0 });
    expect(goodOffsets(items)).toEqual([0, 2, 4, 6, 8, 10]);
    expect(items.map(({ position }) => position)).toEqual(starts);
    expect(items.map((item) => (item.type === "batch" ? item.bytes : null))).toEqual(batches);
  });

  it("gives batches that are larger than what it reads at a time", async () => {
    const large = [0, 2, 4].map((baseOffset) =>
      stampedBatch({ baseOffset, valueBytes: baseOffset === 2 ? 700_000 : 9 }),
    );
    expect(goodOffsets(await walkAll(Buffer.concat(large)))).toEqual([0, 2, 4]);
  });

  it("takes gaps below the given offset, and no others", async () => {
    const gapped = Buffer.concat([0, 6, 10].map((baseOffset) => stampedBatch({ baseOffset })));
    expect(goodOffsets(await walkAll(gapped, { gapsBelow: 10 }))).toEqual([0, 6, 10]);
    expect(goodOffsets(await walkAll(gapped, { gapsBelow: 9 }))).toEqual([0, 6]);
    // Behind a batch that is in doubt, what follows is measured against the last good one.
    expect(goodOffsets(await walkAll(gapped))).toEqual([0, 10]);
    expect(goodOffsets(await walkAll(gapped, { baseOffset: 1, gapsBelow: 10 }))).toEqual([6, 10]);
  });
});

describe("a walk over damage", () => {
  it("takes no offset that is too far from the base of the segment for an index", async () => {
    const far = (baseOffset: number): Promise<Item[]> => {
      const bytes = Buffer.concat([stampedBatch({ baseOffset: 10 }), stampedBatch({ baseOffset })]);
      return walkAll(bytes, { baseOffset: 10, gapsBelow: Number.POSITIVE_INFINITY });
    };
    const last = 10 + 0x7fff_ffff - 1;
    expect(goodOffsets(await far(last))).toEqual([10, last]);
    expect((await far(last + 1))[1]).toMatchObject({ disorder: `offset ${last + 2} is no offset of this segment` });
  });

  it("finds all other batches whichever byte of one is changed, and says of that one that it is damaged", async () => {
    const [from = 0, to = 0] = [starts[2], starts[3]];
    for (let position = from; position < to; position += 1) {
      for (const bit of [0x01, 0x80]) {
        const changed = Buffer.from(log);
        changed[position] = (changed[position] ?? 0) ^ bit;
        const items = await walkAll(changed, { baseOffset: 0 });
        const field = position - from;
        // A higher epoch, which no checksum covers, shows only in the batch behind it.
        const isEpoch = field >= 12 && field < 16 && changed.readInt32BE(from + 12) > 1;
        const expected = isEpoch ? [0, 2, 4, 8, 10] : [0, 2, 6, 8, 10];
        expect(goodOffsets(items), `byte ${field} of the batch, bit ${bit}`).toEqual(expected);
        expect(items.reduce((sum, item) => sum + sizeOf(item), 0)).toBe(log.length);
      }
    }
  });

  it("says where foreign bytes begin and end", async () => {
    for (const foreign of [Buffer.from([2]), Buffer.alloc(100, 2), Buffer.alloc(3000), batches[3]?.subarray(1, 70)]) {
      const bytes = Buffer.concat([...batches.slice(0, 3), foreign ?? Buffer.alloc(0), ...batches.slice(3)]);
      const items = await walkAll(bytes, { baseOffset: 0 });
      expect(goodOffsets(items)).toEqual([0, 2, 4, 6, 8, 10]);
      const place = { position: starts[3], sizeBytes: foreign?.length, isTorn: false };
      expect(damagesIn(items)).toMatchObject([place]);
    }
  });

  it("finds what lies behind damage of several megabytes", async () => {
    const hole = Buffer.alloc(3_000_001, 0x5a);
    const items = await walkAll(Buffer.concat([batches[0] ?? hole, hole, ...batches.slice(1)]));
    expect(goodOffsets(items)).toEqual([0, 2, 4, 6, 8, 10]);
    expect(damagesIn(items)).toMatchObject([{ position: starts[1], sizeBytes: hole.length }]);
  });

  it("takes no batch for good that goes back in offsets", async () => {
    const items = await walkAll(Buffer.concat([log, ...batches.slice(0, 2), stampedBatch({ baseOffset: 12 })]));
    expect(goodOffsets(items)).toEqual([0, 2, 4, 6, 8, 10, 12]);
    expect(items.length).toBe(9);
  });

  it("ends, and reads in proportion to the file, where everything looks like a batch and nothing is one", async () => {
    // Headers every 64 bytes, each of which claims the rest of a megabyte but its last byte.
    const bytes = Buffer.alloc(1_000_000);
    for (let at = 0; at + 61 <= bytes.length; at += 64) {
      batches[0]?.copy(bytes, at, 0, 61);
      bytes.writeInt32BE(bytes.length - at - 13, at + 8);
    }
    const file = fileOf(bytes);
    const walk = new SegmentWalk(file, { position: 0, endPosition: bytes.length, gapsBelow: 0 });
    expect(damagesIn(await walk.readMore())).toMatchObject([{ position: 0, sizeBytes: bytes.length }]);
    expect(await walk.readMore()).toEqual([]);
    expect(file.readBytes).toBeLessThan(8 * (bytes.length + 64 * 1024 * 1024));
  });
});

describe("the first thing that a walk finds wrong", () => {
  async function firstProblem(bytes: Buffer): Promise<{ position: number; isTorn: boolean } | undefined> {
    for (const item of await walkAll(bytes, { baseOffset: 0, gapsBelow: 8 })) {
      const { position } = item;
      if (item.type === "damage") return { position, isTorn: item.isTorn };
      if (!item.isChecksumValid || item.disorder !== undefined) return { position, isTorn: false };
    }
    return undefined;
  }

  async function scannerProblem(bytes: Buffer): Promise<{ position: number; isTorn: boolean } | undefined> {
    const range = { position: 0, endPosition: bytes.length, baseOffset: 0, gapsBelow: 8, verifiesChecksums: true };
    const scanner = new BatchScanner(fileOf(bytes), range);
    while ((await scanner.readMore()).length > 0);
    return scanner.problem && { position: scanner.problem.position, isTorn: scanner.problem.isTorn };
  }

  it("is where recovery stops, whichever bit is flipped", async () => {
    for (let bit = 0; bit < log.length * 8; bit += 1) {
      const changed = Buffer.from(log);
      const position = bit >> 3;
      changed[position] = (changed[position] ?? 0) ^ (1 << (bit & 7));
      const [found, expected] = [await firstProblem(changed), await scannerProblem(changed)];
      // A length that leads out of the file is a torn tail to recovery, which does not look at what is behind it.
      if (expected?.isTorn !== true) expect(found?.isTorn, `bit ${bit}`).toBe(expected?.isTorn);
    }
  });

  it("is where recovery stops, wherever the file is cut", async () => {
    for (let size = 0; size <= log.length; size += 1) {
      const cut = log.subarray(0, size);
      expect(await firstProblem(cut), `${size} bytes`).toEqual(await scannerProblem(cut));
    }
  });
});

describe("the end of a walk", () => {
  it("is torn wherever the file is cut inside a batch", async () => {
    const start = starts[5] ?? 0;
    for (let size = start + 1; size < log.length; size += 1) {
      const items = await walkAll(log.subarray(0, size), { baseOffset: 0 });
      expect(goodOffsets(items)).toEqual([0, 2, 4, 6, 8]);
      expect(damagesIn(items)).toMatchObject([{ position: start, sizeBytes: size - start, isTorn: true }]);
    }
  });

  it("is torn where only zeros follow, and damaged where they do not end it", async () => {
    const zeros = Buffer.alloc(5000);
    expect(damagesIn(await walkAll(Buffer.concat([log, zeros])))).toMatchObject([
      { position: log.length, isTorn: true },
    ]);
    const more = Buffer.concat([log, zeros, stampedBatch({ baseOffset: 12 })]);
    expect(damagesIn(await walkAll(more))).toMatchObject([{ position: log.length, sizeBytes: 5000, isTorn: false }]);
  });

  it("is not torn where the cut batch could not follow", async () => {
    const items = await walkAll(Buffer.concat([log, (batches[0] ?? log).subarray(0, 70)]));
    expect(damagesIn(items)).toMatchObject([{ position: log.length, isTorn: false }]);
  });

  it("comes early, and without an error, where the file is cut under the walk", async () => {
    const file = fileOf(log.subarray(0, starts[4]));
    const walk = new SegmentWalk(file, { position: 0, endPosition: log.length, gapsBelow: 0 });
    const items: Item[] = [];
    for (let more = await walk.readMore(); more.length > 0; more = await walk.readMore()) items.push(...more);
    expect(goodOffsets(items)).toEqual([0, 2, 4, 6]);
    expect(walk.endOffset).toBe(8);
  });
});

function sizeOf(item: Item): number {
  return item.type === "damage" ? item.sizeBytes : item.bytes.length;
}
