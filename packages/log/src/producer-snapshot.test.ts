import { SeededRandom } from "@sluice/model/testing";
import { crc32c } from "@sluice/record";
import { describe, expect, it } from "vitest";
import { replayProducers } from "./producer-replay.js";
import {
  encodeProducerSnapshot,
  listSnapshots,
  loadNewestSnapshot,
  parseProducerSnapshot,
  removeSnapshots,
  saveProducerSnapshot,
  snapshotPath,
} from "./producer-snapshot.js";
import { ProducerState } from "./producer-state.js";

import { MemoryFileSystem } from "./testing/memory-file-system.js";
import { markerRecord, type ProducerBatchOptions, producerBatch } from "./testing/producer-fixture.js";

const directory = "/data/partition";

function stateOf(...batches: readonly ProducerBatchOptions[]): ProducerState {
  const state = new ProducerState();
  replayProducers(state, batches.map(producerBatch));
  return state;
}

/** Seven batches of one producer, an open transaction of another, and a third that is known by a marker alone. */
function richState(): ProducerState {
  return stateOf(
    ...[0, 1, 2, 3, 4, 5, 6].map((n) => ({ producerId: 9, sequence: n, baseOffset: n, timestampMs: 100 + n })),
    { producerId: 2 ** 40, epoch: 3, sequence: 0x7fffffff, baseOffset: 7, count: 3, isTransactional: true },
    { producerId: 11, epoch: 1, baseOffset: 10, control: markerRecord(1, 5) },
  );
}

/** Changes a row's field of a snapshot and makes the checksum right again. */
function withRow(bytes: Buffer, row: number, change: (row: Buffer) => void): Buffer {
  const changed = Buffer.from(bytes);
  change(changed.subarray(10 + row * 46, 10 + (row + 1) * 46));
  changed.writeUInt32BE(crc32c(changed.subarray(6)), 2);
  return changed;
}

describe("encodeProducerSnapshot", () => {
  it("writes the layout of Kafka, byte for byte", () => {
    const bytes = encodeProducerSnapshot(
      stateOf({
        producerId: 258,
        epoch: 3,
        sequence: 20,
        baseOffset: 1000,
        count: 3,
        timestampMs: 77,
        isTransactional: true,
      }),
    );
    expect(bytes.subarray(0, 2).toString("hex")).toBe("0001");
    expect(bytes.readUInt32BE(2)).toBe(crc32c(bytes.subarray(6)));
    expect(bytes.subarray(6).toString("hex")).toBe(
      ["00000001", "0000000000000102", "0003", "00000016", "00000000000003ea", "00000002"]
        .concat(["000000000000004d", "ffffffff", "00000000000003e8"])
        .join(""),
    );
  });

  it("writes the last batch of a producer last: Kafka takes the last row", () => {
    const state = richState();
    state.expire(5000, 1000);
    const bytes = encodeProducerSnapshot(state);
    const offsetsOfNine: number[] = [];
    for (let at = 10; at < bytes.length; at += 46) {
      if (bytes.readBigInt64BE(at) === 9n) offsetsOfNine.push(Number(bytes.readBigInt64BE(at + 14)));
    }
    expect(offsetsOfNine).toEqual([-1, 2, 3, 4, 5, 6]);
  });
});

describe("parseProducerSnapshot", () => {
  it("gives back all that was remembered, silence too", () => {
    const state = richState();
    const loaded = parseProducerSnapshot(encodeProducerSnapshot(state), 11);
    expect([...(loaded?.entries() ?? [])]).toEqual([...state.entries()]);
    expect(loaded?.firstOpenTransactionOffset).toBe(7);
    state.expire(5000, 1000);
    const silent = parseProducerSnapshot(encodeProducerSnapshot(state), 11);
    expect([...(silent?.entries() ?? [])]).toEqual([...state.entries()]);
    silent?.expire(6000, 1000);
    expect(silent?.size).toBe(1);
  });

  it("gives back a state that knows nobody", () => {
    expect(parseProducerSnapshot(encodeProducerSnapshot(new ProducerState()), 0)?.size).toBe(0);
  });

  it("finds the oldest open transaction whatever the order of the producers", () => {
    const state = stateOf(
      { producerId: 1, sequence: 0, baseOffset: 0 },
      { producerId: 2, sequence: 0, baseOffset: 1, isTransactional: true },
      { producerId: 1, sequence: 1, baseOffset: 2, isTransactional: true },
    );
    expect(parseProducerSnapshot(encodeProducerSnapshot(state), 3)?.firstOpenTransactionOffset).toBe(1);
  });

  it("takes no snapshot with a bit flipped, cut short anywhere or with bytes after it", () => {
    const bytes = encodeProducerSnapshot(richState());
    for (let at = 0; at < bytes.length; at++) {
      expect(parseProducerSnapshot(bytes.subarray(0, at), 11)).toBeUndefined();
      for (let bit = 0; bit < 8; bit++) {
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        expect(parseProducerSnapshot(flipped, 11)).toBeUndefined();
      }
    }
    expect(parseProducerSnapshot(Buffer.concat([bytes, Buffer.alloc(1)]), 11)).toBeUndefined();
    expect(parseProducerSnapshot(Buffer.concat([bytes, Buffer.alloc(46)]), 11)).toBeUndefined();
  });

  it("throws for no bytes whose checksum is right, and takes none that a log cannot have left", () => {
    const bytes = encodeProducerSnapshot(richState());
    const values = [0, 1, 0x7f, 0x80, 0xff];
    for (let at = 6; at < bytes.length; at++) {
      for (const value of values) {
        const changed = Buffer.from(bytes);
        changed[at] = value;
        changed.writeUInt32BE(crc32c(changed.subarray(6)), 2);
        const loaded = parseProducerSnapshot(changed, 11);
        // What is taken can be written again, and read again.
        if (loaded !== undefined) {
          expect(parseProducerSnapshot(encodeProducerSnapshot(loaded), 11)?.equals(loaded)).toBe(true);
        }
      }
    }
  });

  it.each<[string, number, (row: Buffer) => void]>([
    ["a negative producer id", 0, (row) => row.writeBigInt64BE(-1n, 0)],
    ["a producer id beyond 2^53", 6, (row) => row.writeBigInt64BE(2n ** 60n, 0)],
    ["a negative epoch", 5, (row) => row.writeInt16BE(-1, 8)],
    ["two epochs of a producer", 1, (row) => row.writeInt16BE(1, 8)],
    ["a negative sequence of a batch", 5, (row) => row.writeInt32BE(-2, 10)],
    ["an offset at the end of the log", 5, (row) => row.writeBigInt64BE(11n, 14)],
    ["a batch without an offset", 5, (row) => row.writeBigInt64BE(-1n, 14)],
    ["a batch that begins below 0", 5, (row) => row.writeInt32BE(10, 22)],
    ["a batch that ends before it begins", 5, (row) => row.writeInt32BE(-1, 22)],
    ["a batch that is not after the one before", 1, (row) => row.writeBigInt64BE(2n, 14)],
    ["a timestamp below -1", 5, (row) => row.writeBigInt64BE(-2n, 26)],
    ["a timestamp beyond 2^53", 5, (row) => row.writeBigInt64BE(2n ** 60n, 26)],
    ["a coordinator epoch below -1", 5, (row) => row.writeInt32BE(-2, 34)],
    ["a transaction that begins at the end of the log", 5, (row) => row.writeBigInt64BE(11n, 38)],
    ["two first offsets of the transaction of a producer", 4, (row) => row.writeBigInt64BE(3n, 38)],
    ["rows of a producer that are apart", 6, (row) => row.writeBigInt64BE(9n, 0)],
  ])("takes no %s", (_, row, change) => {
    const bytes = encodeProducerSnapshot(richState());
    expect(
      parseProducerSnapshot(
        withRow(bytes, row, () => undefined),
        11,
      ),
    ).toBeDefined();
    expect(parseProducerSnapshot(withRow(bytes, row, change), 11)).toBeUndefined();
  });

  it("takes no more than five batches of a producer", () => {
    const rows = [0, 1, 2, 3, 4, 5].map((n) =>
      encodeProducerSnapshot(stateOf({ producerId: 9, sequence: n, baseOffset: n })).subarray(10),
    );
    const fileOf = (count: number): Buffer => {
      const bytes = Buffer.concat([Buffer.alloc(10), ...rows.slice(0, count)]);
      bytes.writeInt16BE(1, 0);
      bytes.writeInt32BE(count, 6);
      return withRow(bytes, 0, () => undefined);
    };
    expect(parseProducerSnapshot(fileOf(5), 11)?.size).toBe(1);
    expect(parseProducerSnapshot(fileOf(6), 11)).toBeUndefined();
  });
});

describe("listSnapshots", () => {
  it("finds the snapshots among the files of a partition, in the order of their offsets", () => {
    const names = ["20", "5", "5.tmp", "x", "99999"].map((text) => {
      const [digits = "", rest = ""] = text.split(".");
      return `${digits.padStart(20, "0")}.snapshot${rest === "" ? "" : `.${rest}`}`;
    });
    expect(listSnapshots([...names, "00000000000000000000.log", "99999999999999999999.snapshot"])).toEqual([
      5, 20, 99999,
    ]);
  });
});

describe("snapshot files", () => {
  const first = stateOf({ producerId: 1, sequence: 0, baseOffset: 0 });
  const second = stateOf({ producerId: 1, sequence: 0, baseOffset: 0 }, { producerId: 1, sequence: 1, baseOffset: 1 });

  async function withSnapshots(): Promise<MemoryFileSystem> {
    const fileSystem = new MemoryFileSystem(new SeededRandom(1));
    await fileSystem.makeDirectory(directory);
    await fileSystem.syncDirectory("/data");
    await fileSystem.syncDirectory("/");
    await saveProducerSnapshot(fileSystem, directory, 1, first);
    await saveProducerSnapshot(fileSystem, directory, 2, second);
    return fileSystem;
  }

  it("are durable when saved, and the newest one that is not beyond the offset is loaded", async () => {
    const fileSystem = (await withSnapshots()).crash();
    expect(await fileSystem.list(directory)).toEqual([
      "00000000000000000001.snapshot",
      "00000000000000000002.snapshot",
    ]);
    const newest = await loadNewestSnapshot(fileSystem, directory, 100);
    expect(newest?.offset).toBe(2);
    expect(newest?.state.equals(second)).toBe(true);
    const older = await loadNewestSnapshot(fileSystem, directory, 1);
    expect(older?.offset).toBe(1);
    expect(older?.state.equals(first)).toBe(true);
    expect(await loadNewestSnapshot(fileSystem, directory, 0)).toBeUndefined();
  });

  it("hold the state as it was when the save began", async () => {
    const fileSystem = await withSnapshots();
    const state = first.clone();
    const saving = saveProducerSnapshot(fileSystem, directory, 1, state);
    replayProducers(state, [producerBatch({ producerId: 7, baseOffset: 1 })]);
    await saving;
    expect((await loadNewestSnapshot(fileSystem, directory, 1))?.state.size).toBe(1);
  });

  it("are passed over where they make no sense or are of another offset", async () => {
    const fileSystem = await withSnapshots();
    await fileSystem.rename(snapshotPath(directory, 2), snapshotPath(directory, 3));
    const file = await fileSystem.open(snapshotPath(directory, 3), "write");
    await file.truncate(20);
    await file.close();
    expect((await loadNewestSnapshot(fileSystem, directory, 9))?.offset).toBe(1);
    await fileSystem.rename(snapshotPath(directory, 1), snapshotPath(directory, 0));
    expect(await loadNewestSnapshot(fileSystem, directory, 9)).toBeUndefined();
  });

  it("are gone for good when removed", async () => {
    const fileSystem = await withSnapshots();
    await removeSnapshots(fileSystem, directory, (offset) => offset > 1);
    expect(await fileSystem.crash().list(directory)).toEqual(["00000000000000000001.snapshot"]);
  });

  it("may vanish while they are looked for, and so may their directory", async () => {
    const fileSystem = await withSnapshots();
    fileSystem.failNext("read", "ENOENT");
    await expect(loadNewestSnapshot(fileSystem, "/data/none", 9)).resolves.toBeUndefined();
    await removeSnapshots(fileSystem, "/data/none", () => true);
    fileSystem.failNext("remove", "ENOENT");
    await removeSnapshots(fileSystem, directory, () => true);
    expect(await fileSystem.list(directory)).toHaveLength(1);
  });

  it("that vanish between list and read give way to older ones", async () => {
    const fileSystem = await withSnapshots();
    const readFile = fileSystem.readFile.bind(fileSystem);
    fileSystem.readFile = async (path) => {
      if (path === snapshotPath(directory, 2)) await fileSystem.removeFile(path);
      return readFile(path);
    };
    expect((await loadNewestSnapshot(fileSystem, directory, 9))?.offset).toBe(1);
  });

  it("do not hide errors of the disk", async () => {
    const fileSystem = await withSnapshots();
    fileSystem.failNext("read", "EIO");
    await expect(loadNewestSnapshot(fileSystem, directory, 9)).rejects.toMatchObject({ code: "EIO" });
    fileSystem.failNext("syncDirectory", "EIO");
    await expect(removeSnapshots(fileSystem, directory, () => true)).rejects.toMatchObject({ code: "EIO" });
  });
});
