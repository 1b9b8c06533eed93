/** Opening a directory with many partitions that was closed in order, in a process of its own. The files are in the page cache. */

import { Child } from "../child.js";
import { absoluteRow, type LogBenchRow } from "./log-report.js";
import { appendWritten, batchesOfBytes, openDirectory, openPartition } from "./log-under-test.js";
import type { LogWork } from "./log-work.js";
import { UnsyncedFileSystem } from "./unsynced-file-system.js";

const batchBytes = 8 * 1024;
const batchesPerSegment = 8;
const segmentBytes = batchBytes * batchesPerSegment;
const madeAtOnce = 32;

export const openWork: LogWork = {
  // Indexes, checkpoints and blocks that are not full add to the log files.
  diskBytes: ({ partitions, segments }) => partitions * segments * (segmentBytes + 16 * 1024),
  async run({ rounds, partitions, segments }, directory): Promise<LogBenchRow[]> {
    const data = `${directory}/data`;
    await fill(data, partitions, segments);
    const seconds: number[] = [];
    const megabytes: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const opened = await openInChild(data, partitions);
      if (round === 0) continue;
      seconds.push(opened.seconds);
      megabytes.push(opened.rssBytes / 1e6);
    }
    const what = `clean open, ${partitions} partitions x ${segments} segments`;
    return [
      absoluteRow(what, "s", seconds, { of: "ours", bound: "at most", value: 3 }),
      absoluteRow("  resident memory when open", "MB", megabytes, { of: "ours", bound: "at most", value: 300 }),
    ];
  },
};

async function fill(data: string, partitions: number, segments: number): Promise<void> {
  const logs = await openDirectory(data, new UnsyncedFileSystem());
  let next = 0;
  const fillSome = async (): Promise<void> => {
    const buffers = batchesOfBytes(batchesPerSegment, batchBytes);
    while (next < partitions) {
      const log = await openPartition(logs, next++, { flush: "os", "segment.bytes": segmentBytes });
      await appendWritten(log, buffers, segments * batchesPerSegment);
    }
  };
  await Promise.all(Array.from({ length: madeAtOnce }, fillSome));
  await logs.close();
}

async function openInChild(data: string, partitions: number): Promise<{ seconds: number; rssBytes: number }> {
  const child = new Child(new URL("./open-child.js", import.meta.url), [data, partitions]);
  try {
    const opened = await child.next("opened");
    await child.stop();
    return opened;
  } finally {
    child.kill();
  }
}
