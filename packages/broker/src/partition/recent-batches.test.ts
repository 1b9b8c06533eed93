import { type Offset, offset } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { RecentBatches, RecentBytesBudget } from "./recent-batches.js";

const everything = { upToOffset: offset(1000), sizeBytesMax: 1_000_000 };

describe("RecentBatches", () => {
  /** Batches of one offset each, of that size, from offset 0 on. */
  function filled(count: number, sizeBytes: number, budget = new RecentBytesBudget(1_000_000_000)): RecentBatches {
    const recent = new RecentBatches(budget);
    for (let index = 0; index < count; index += 1) place(recent, index, sizeBytes);
    return recent;
  }

  function place(recent: RecentBatches, at: number, sizeBytes = 10): void {
    recent.placed(Buffer.alloc(sizeBytes, at), offset(at), offset(at + 1));
  }

  function range(recent: RecentBatches, from: number, limits: Partial<typeof everything> = {}): string | undefined {
    const read = recent.read(offset(from), { ...everything, ...limits });
    return read && `${read.records[0]}..${read.nextOffset}, ${read.records.length} bytes`;
  }

  it("gives whole batches from an offset on, in their order", () => {
    const recent = filled(5, 10);
    expect(range(recent, 0)).toBe("0..5, 50 bytes");
    expect(range(recent, 3)).toBe("3..5, 20 bytes");
    expect(recent.read(offset(1), { ...everything, sizeBytesMax: 20 })?.records).toEqual(
      Buffer.concat([Buffer.alloc(10, 1), Buffer.alloc(10, 2)]),
    );
  });

  it("gives a single batch as the very bytes that were placed", () => {
    const recent = new RecentBatches(new RecentBytesBudget(1000));
    const bytes = Buffer.alloc(10);
    recent.placed(bytes, offset(0), offset(3));
    expect(recent.read(offset(0), everything)?.records).toBe(bytes);
  });

  it("gives no more than is asked for, and one batch however large", () => {
    const recent = filled(5, 10);
    expect(range(recent, 0, { sizeBytesMax: 29 })).toBe("0..2, 20 bytes");
    expect(range(recent, 0, { sizeBytesMax: 1 })).toBe("0..1, 10 bytes");
    expect(range(recent, 1, { upToOffset: offset(3) })).toBe("1..3, 20 bytes");
    expect(range(recent, 3, { upToOffset: offset(3) })).toBeUndefined();
  });

  it("has nothing of what it does not hold, nor from the middle of a batch", () => {
    const recent = new RecentBatches(new RecentBytesBudget(1000));
    recent.placed(Buffer.alloc(10), offset(10), offset(15));
    for (const from of [0, 9, 12, 15]) expect(range(recent, from)).toBeUndefined();
  });

  it("forgets what all followers have", () => {
    const recent = filled(5, 10);
    recent.dropBelow(3);
    expect([range(recent, 2), range(recent, 3)]).toEqual([undefined, "3..5, 20 bytes"]);
    recent.dropBelow(Number.POSITIVE_INFINITY);
    expect(range(recent, 4)).toBeUndefined();
  });

  it("forgets what was taken back, and takes what is placed there instead", () => {
    const recent = filled(5, 10);
    recent.takenBack(offset(3));
    expect(range(recent, 0)).toBe("0..3, 30 bytes");
    place(recent, 3, 7);
    expect(range(recent, 0)).toBe("0..4, 37 bytes");
  });

  it("begins anew behind a gap", () => {
    const recent = filled(2, 10);
    place(recent, 5);
    expect([range(recent, 0), range(recent, 5)]).toEqual([undefined, "5..6, 10 bytes"]);
  });

  it("keeps the newest where it holds its share, or all partitions theirs", () => {
    const recent = filled(100, 100_000);
    expect(range(recent, 0)).toBeUndefined();
    expect(recent.read(offset(60), { ...everything, sizeBytesMax: 100_000_000 })?.nextOffset).toBe(100);
    const budget = new RecentBytesBudget(100);
    const [first, second] = [filled(10, 10, budget), filled(3, 10, budget)];
    expect([range(first, 0), range(second, 0)]).toEqual(["0..10, 100 bytes", undefined]);
    first.dropBelow(9);
    place(second, 3);
    expect(range(second, 3)).toBe("3..4, 10 bytes");
  });

  it("gives its share back", () => {
    const budget = new RecentBytesBudget(100);
    const recent = filled(10, 10, budget);
    expect(budget.hasRoomFor(1)).toBe(false);
    recent.takenBack(offset(8));
    expect([budget.hasRoomFor(20), budget.hasRoomFor(21)]).toEqual([true, false]);
    recent.clear();
    expect(budget.hasRoomFor(100)).toBe(true);
  });

  it("is what a list of everything says, whatever happens", () => {
    const recent = filled(0, 0);
    let kept: { at: number; size: number }[] = [];
    let end = 0;
    for (let step = 0; step < 3000; step += 1) {
      const size = 1 + ((step * 7919) % 13);
      if (step % 11 === 10) {
        const low = (kept[0]?.at ?? end) + ((step * 31) % 4);
        recent.dropBelow(low);
        kept = kept.filter(({ at }) => at + 1 > low);
      } else if (step % 17 === 16) {
        end -= Math.min(3, kept.length);
        recent.takenBack(offset(end) as Offset);
        kept = kept.filter(({ at }) => at < end);
      } else {
        place(recent, end, size);
        kept.push({ at: end, size });
        end += 1;
      }
      const total = kept.reduce((sum, one) => sum + one.size, 0);
      const from = kept[0]?.at ?? end;
      const read = recent.read(offset(from), { upToOffset: offset(end), sizeBytesMax: 1_000_000_000 });
      expect([read?.records.length ?? 0, read?.nextOffset ?? end]).toEqual([total, end]);
    }
  });
});
