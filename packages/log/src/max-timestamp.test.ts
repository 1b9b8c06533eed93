/** The record with the largest timestamp, against a list that is looked through; and what is kept of producers for how long. */

import { offset, topicName } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import { RecordBatchBuilder, readBatchHeader } from "@sluice/record";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LogDirectory } from "./index.js";
import { batchOf, dataPath, epoch, openLog, partitionName, seededRandom, testConfig } from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";
import { producerBatch } from "./testing/producer-fixture.js";

interface Written {
  readonly offset: number;
  readonly timestampMs: number;
}

/** The first of the records in the range with the largest timestamp. */
function largest(records: readonly Written[], from: number, to: number): Written | undefined {
  const inRange = records.filter((record) => record.offset >= from && record.offset < to);
  const maxMs = Math.max(...inRange.map(({ timestampMs }) => timestampMs));
  return inRange.find(({ timestampMs }) => timestampMs === maxMs);
}

describe("offsetOfMaxTimestamp", () => {
  it("finds what a list that is looked through finds, from any start up to any end, over segments", async () => {
    const batch = fc.array(fc.nat(60), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(batch, { minLength: 1, maxLength: 40, size: "max" }),
        fc.nat(100),
        fc.nat(100),
        async (batches, startPercent, endPercent) => {
          const { log, directory } = await openLog(new MemoryFileSystem(seededRandom(1)), { "segment.bytes": 1024 });
          const written: Written[] = [];
          for (const timestamps of batches) {
            const values = timestamps.map(() => "v".repeat(40));
            const { baseOffset } = log.append(batchOf(values, timestamps), epoch);
            timestamps.forEach((timestampMs, index) => {
              written.push({ offset: baseOffset + index, timestampMs });
            });
          }
          await log.flush();
          log.setHighWatermark(log.writtenOffset);
          const start = Math.floor((log.logEndOffset * startPercent) / 100);
          if (start > 0) await log.deleteRecordsBefore(offset(start));
          const end = Math.floor((log.logEndOffset * endPercent) / 100);
          expect(await log.offsetOfMaxTimestamp(offset(end))).toEqual(largest(written, start, end));
          expect(await log.offsetOfMaxTimestamp(log.logEndOffset)).toEqual(largest(written, start, Infinity));
          await directory.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  it("finds a record that is there, where compaction has removed the one that was later", async () => {
    const { log, directory } = await openLog(new MemoryFileSystem(seededRandom(1)), {
      "cleanup.policy": "compact",
      "min.cleanable.dirty.ratio": 0,
      "segment.bytes": 1024,
    });
    const keyed = (key: string, timestampMs: number, sequence: number): Buffer => {
      const builder = new RecordBatchBuilder({});
      builder.append({ timestampMs, key: Buffer.from(key), value: Buffer.from("v".repeat(100)) });
      return builder.build({ producerId: 1, producerEpoch: 0, baseSequence: sequence });
    };
    // The last batch of a producer stays, without its record, when another writes the key.
    log.append(keyed("other", 5000, 0), epoch);
    log.append(keyed("key", 9000, 1), epoch);
    for (let index = 0; index < 20; index += 1) {
      const builder = new RecordBatchBuilder({});
      builder.append({ timestampMs: 100 + index, key: Buffer.from("key"), value: Buffer.from("v".repeat(100)) });
      log.append(builder.build(), epoch);
    }
    await log.flush();
    log.setHighWatermark(log.writtenOffset);
    await log.roll();
    expect(await log.maybeCompact(1_700_000_000_000)).toBe(true);
    const first = await log.read(offset(1), { upToOffset: log.logEndOffset, sizeBytesMax: 1 });
    expect(readBatchHeader(first)).toMatchObject({ recordCount: 0, maxTimestampMs: 9000 });
    expect(await log.offsetOfMaxTimestamp(log.logEndOffset)).toEqual({ offset: 0, timestampMs: 5000 });
    await directory.close();
  });
});

describe("producers", () => {
  it("are forgotten when they were silent for as long as the directory says", async () => {
    const clock = new VirtualClock();
    const limits = { producerExpirationMs: 5000 };
    const directory = await LogDirectory.open(
      { path: dataPath, brokerId: 1, clusterId: "test", limits },
      { fileSystem: new MemoryFileSystem(seededRandom(1)), clock, random: seededRandom(1) },
    );
    const log = await directory.openPartition({ ...partitionName, topic: topicName("flights"), config: testConfig() });
    const next = producerBatch({ producerId: 7, sequence: 1, baseOffset: 0 });
    log.append(producerBatch({ producerId: 7, baseOffset: 0 }).bytes, epoch);
    await log.flush();
    const verdictAfter = async (ms: number): Promise<string> => {
      clock.advance(ms);
      await directory.runHousekeeping();
      return log.checkProducer(next.header).type;
    };
    expect(await verdictAfter(0)).toBe("append");
    expect(await verdictAfter(4999)).toBe("append");
    expect(await verdictAfter(1)).toBe("refused");
    await directory.close();
  });
});
