/**
 * Appends: with flush=os against `writev` of the same buffers, as many in one call as the log gets at once; with flush=always
 * against a loop that writes and syncs with the same grouping.
 */

import { comparedRow, type Goal, type LogBenchRow } from "./log-report.js";
import {
  appendFlushed,
  appendWritten,
  batchesOfBytes,
  deletePartition,
  type LogDirectory,
  openDirectory,
  openPartition,
  type PartitionLog,
} from "./log-under-test.js";
import { type LogWork, mbPerSecond } from "./log-work.js";
import { GroupCommitFile, withNewFiles, writeAll } from "./plain-file.js";
import { interleave, type Round } from "./statistics.js";

const batchBytes = 1024 * 1024;
const inFlight = 4;
const appenders = 64;
const flushedBatchBytes = 16 * 1024;
/** Small enough that every half of a round begins several new segments. */
const rollingSegmentBytes = 128 * 1024 * 1024;

export const appendWork: LogWork = {
  diskBytes: ({ roundBytes }) => 2 * roundBytes,
  async run({ rounds, roundBytes }, directory): Promise<LogBenchRow[]> {
    const buffers = batchesOfBytes(inFlight, batchBytes);
    const count = Math.ceil(roundBytes / batchBytes);
    const bytes = count * (buffers[0] as Buffer).length;
    const logs = await openDirectory(`${directory}/data`);
    const compare = (segmentBytes: number) => {
      const config = { flush: "os", "segment.bytes": segmentBytes } as const;
      return interleave(
        rounds,
        () =>
          withPartitions(logs, 1, config, ([log]) =>
            mbPerSecond(bytes, () => appendWritten(log as PartitionLog, buffers, count)),
          ),
        () =>
          withNewFiles(`${directory}/plain`, 1, ([file]) =>
            mbPerSecond(bytes, () => writeAll(file as number, buffers, count)),
          ),
      );
    };
    const oneSegment = await compare(0x7fffffff);
    const rolling = await compare(rollingSegmentBytes);
    await logs.close();
    const goal: Goal = { of: "ratio", bound: "at least", value: 0.8 };
    return [
      comparedRow("append 1 MiB, flush=os", "MB/s", oneSegment, goal),
      comparedRow("  the same, a new segment each 128 MiB", "MB/s", rolling),
    ];
  },
};

/** The same over several partitions of one directory, which share its flushes. */
const flushedPartitions = 16;

export const appendAlwaysWork: LogWork = {
  diskBytes: ({ flushes }) => 2 * flushes * appenders * flushedBatchBytes,
  async run({ rounds, flushes }, directory): Promise<LogBenchRow[]> {
    const buffers = batchesOfBytes(appenders, flushedBatchBytes);
    const bytes = appenders * flushes * (buffers[0] as Buffer).length;
    const together = (append: (buffer: Buffer, appender: number) => Promise<void>): Promise<number> => {
      const one = async (buffer: Buffer, appender: number): Promise<void> => {
        for (let done = 0; done < flushes; done++) await append(buffer, appender);
      };
      return mbPerSecond(bytes, () => Promise.all(buffers.map(one)));
    };
    const logs = await openDirectory(`${directory}/data`);
    const compare = (partitions: number): Promise<Round[]> =>
      interleave(
        rounds,
        () =>
          withPartitions(logs, partitions, { flush: "always" }, (opened) =>
            together((batch, appender) => appendFlushed(opened[appender % partitions] as PartitionLog, batch)),
          ),
        () =>
          withNewFiles(`${directory}/plain`, partitions, (descriptors) => {
            const files = descriptors.map((descriptor) => new GroupCommitFile(descriptor));
            return together((batch, appender) => (files[appender % partitions] as GroupCommitFile).append(batch));
          }),
      );
    const inOne = await compare(1);
    const inSeveral = await compare(flushedPartitions);
    await logs.close();
    const goal: Goal = { of: "ratio", bound: "at least", value: 0.7 };
    return [
      comparedRow("append 64 x 16 KiB, flush=always", "MB/s", inOne, goal),
      comparedRow(`  the same into ${flushedPartitions} partitions`, "MB/s", inSeveral),
    ];
  },
};

/** Runs `work` with new partitions, which are removed afterwards. */
async function withPartitions(
  logs: LogDirectory,
  count: number,
  config: Parameters<typeof openPartition>[2],
  work: (opened: readonly PartitionLog[]) => Promise<number>,
): Promise<number> {
  const opened: PartitionLog[] = [];
  for (let partition = 0; partition < count; partition++) opened.push(await openPartition(logs, partition, config));
  const rate = await work(opened);
  for (let partition = 0; partition < count; partition++) await deletePartition(logs, partition);
  return rate;
}
