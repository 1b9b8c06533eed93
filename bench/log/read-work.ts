/**
 * Reading a log from its start to its end, 1 MiB a call, out of the page cache: against `fs.read` of the same size. A reader
 * keeps what it is given, so the log returns a new buffer each time; the plain half does so too. What one buffer that is
 * used again and again would give is a row for information.
 */

import { comparedRow, type Goal, type LogBenchRow } from "./log-report.js";
import { appendWritten, batchesOfBytes, openDirectory, openPartition, readToEnd } from "./log-under-test.js";
import { type LogWork, mbPerSecond } from "./log-work.js";
import { readAll, withFile } from "./plain-file.js";
import { interleave, type Round } from "./statistics.js";

const readBytes = 1024 * 1024;
const batchSizes = [1024 * 1024, 16_000];
const inFlightBytes = 4 * 1024 * 1024;

export const readWork: LogWork = {
  diskBytes: ({ roundBytes }) => roundBytes * batchSizes.length,
  async run({ rounds, roundBytes }, directory): Promise<LogBenchRow[]> {
    const logs = await openDirectory(`${directory}/data`);
    const goal: Goal = { of: "ratio", bound: "at least", value: 0.9 };
    const reused = Buffer.allocUnsafeSlow(readBytes);
    const rows: LogBenchRow[] = [];
    for (const [partition, batchBytes] of batchSizes.entries()) {
      const log = await openPartition(logs, partition, { flush: "os", "segment.bytes": 0x7fffffff });
      const buffers = batchesOfBytes(Math.ceil(inFlightBytes / batchBytes), batchBytes);
      await appendWritten(log, buffers, Math.ceil(roundBytes / batchBytes));
      // Nothing is written back to the disk while it is read.
      await log.flush();
      const bytes = log.sizeBytes;
      const compare = (nextBuffer: () => Buffer): Promise<Round[]> =>
        withFile(`${log.directory}/${"0".repeat(20)}.log`, (file) =>
          interleave(
            rounds,
            () => mbPerSecond(bytes, () => readToEnd(log, 0, readBytes)),
            () => mbPerSecond(bytes, () => readAll(file, readBytes, nextBuffer)),
          ),
        );
      const what = `read 1 MiB, batches of ${batchBytes === readBytes ? "1 MiB" : "16 kB"}`;
      rows.push(comparedRow(what, "MB/s", await compare(() => Buffer.allocUnsafeSlow(readBytes)), goal));
      rows.push(comparedRow("  against one buffer used again", "MB/s", await compare(() => reused)));
    }
    await logs.close();
    return rows;
  },
};
