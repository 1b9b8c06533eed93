import { isSluiceError } from "@sluice/model";
import { crc32c } from "@sluice/record";
import { describe, expect, it } from "vitest";
import { replayProducers } from "./producer-replay.js";
import { encodeProducerSnapshot } from "./producer-snapshot.js";
import { ProducerState } from "./producer-state.js";
import { verifySnapshot } from "./small-file-verification.js";
import { type DumpedSnapshotRow, dumpProducerSnapshot, parseSnapshotRows, producersIn } from "./snapshot-dump.js";
import { memoryFiles, putFile } from "./testing/partition-files.js";
import { producerBatch } from "./testing/producer-fixture.js";

const rows: DumpedSnapshotRow[] = [1, 2, 3].map((number) => ({
  producerId: number === 3 ? 2 : number,
  producerEpoch: number,
  lastSequence: 10 * number,
  lastOffset: 1_000_000_000_000 + number,
  offsetDelta: number - 1,
  timestampMs: 1_700_000_000_000 + number,
  coordinatorEpoch: -1,
  transactionFirstOffset: -1,
}));

/** Kafka's layout, written field by field. */
function snapshotOf(all: readonly DumpedSnapshotRow[]): Buffer {
  const bytes = Buffer.alloc(10 + all.length * 46);
  bytes.writeInt16BE(1, 0);
  bytes.writeInt32BE(all.length, 6);
  for (const [index, row] of all.entries()) {
    let at = 10 + index * 46;
    at = bytes.writeBigInt64BE(BigInt(row.producerId), at);
    at = bytes.writeInt16BE(row.producerEpoch, at);
    at = bytes.writeInt32BE(row.lastSequence, at);
    at = bytes.writeBigInt64BE(BigInt(row.lastOffset), at);
    at = bytes.writeInt32BE(row.offsetDelta, at);
    at = bytes.writeBigInt64BE(BigInt(row.timestampMs), at);
    at = bytes.writeInt32BE(row.coordinatorEpoch, at);
    bytes.writeBigInt64BE(BigInt(row.transactionFirstOffset), at);
  }
  bytes.writeUInt32BE(crc32c(bytes.subarray(6)), 2);
  return bytes;
}

describe("the rows of a snapshot", () => {
  it("are what Kafka's layout says, one for each remembered batch", () => {
    expect(parseSnapshotRows(snapshotOf(rows))).toEqual({ rows, problem: undefined });
    expect(producersIn(rows)).toBe(2);
    expect(parseSnapshotRows(snapshotOf([]))).toEqual({ rows: [], problem: undefined });
  });

  it("are those of a snapshot that the log wrote", async () => {
    const state = new ProducerState();
    const batches = [0, 1, 2].map((n) => ({ producerId: 9, sequence: n, baseOffset: 40 + n, timestampMs: 100 + n }));
    replayProducers(state, batches.map(producerBatch));
    const bytes = encodeProducerSnapshot(state);
    const { rows: written, problem } = parseSnapshotRows(bytes);
    expect(problem).toBe(undefined);
    expect(written.map((row) => [row.producerId, row.lastSequence, row.lastOffset, row.timestampMs])).toEqual(
      [0, 1, 2].map((n) => [9, n, 40 + n, 100 + n]),
    );
    const fileSystem = memoryFiles();
    const statusOf = async (offset: number, endOffset?: number): Promise<string | undefined> => {
      const path = `/p/${String(offset).padStart(20, "0")}.snapshot`;
      await putFile(fileSystem, path, bytes);
      return (await verifySnapshot(fileSystem, path, endOffset))?.status;
    };
    expect(await statusOf(43, 43)).toBe("ok");
    expect(await statusOf(43, 42)).toBe("leftover");
    expect(await statusOf(42, 43)).toBe("corrupt");
    expect(await verifySnapshot(fileSystem, "/p/00000000000000000001.snapshot", 43)).toBe(undefined);
  });

  it("are given with what is wrong, whichever byte is changed and wherever the file is cut", () => {
    const bytes = snapshotOf(rows);
    for (let position = 0; position < bytes.length; position += 1) {
      const changed = Buffer.from(bytes);
      changed[position] = (changed[position] ?? 0) ^ 0x10;
      expect(parseSnapshotRows(changed).problem, `byte ${position}`).toBeTypeOf("string");
      const cut = parseSnapshotRows(bytes.subarray(0, position));
      expect(cut.problem, `${position} bytes`).toBeTypeOf("string");
      expect(cut.rows).toEqual(rows.slice(0, Math.max(0, Math.floor((position - 10) / 46))));
    }
    expect(parseSnapshotRows(Buffer.concat([bytes, Buffer.alloc(1)])).problem).toBeTypeOf("string");
  });

  it("are read from a file of that kind alone", async () => {
    const fileSystem = memoryFiles();
    const path = "/p/00000000000000000042.snapshot";
    await putFile(fileSystem, path, snapshotOf(rows));
    expect((await dumpProducerSnapshot(fileSystem, path)).rows).toEqual(rows);
    for (const [other, code] of [
      ["/p/00000000000000000043.snapshot", "FILE_NOT_FOUND"],
      ["/p/00000000000000000042.log", "CORRUPT_FILE"],
    ] as const) {
      const error: unknown = await dumpProducerSnapshot(fileSystem, other).catch((reason: unknown) => reason);
      expect(isSluiceError(error, code)).toBe(true);
    }
  });
});
