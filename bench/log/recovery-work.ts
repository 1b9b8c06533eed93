/**
 * Reopening a log that was killed before anything of it was recorded as durable: every batch is read and its checksum
 * computed. Against reading the same file in chunks and computing the checksum of each. The bytes are in the page cache and on
 * the disk already: what is measured is the scan.
 */

import fs from "node:fs";
import { cp, readdir, rm } from "node:fs/promises";
import { crc32c, nativeCrc32cLoaded } from "@sluice/record";
import { Child } from "../child.js";
import { comparedRow, type LogBenchRow } from "./log-report.js";
import { openDirectory, openPartition } from "./log-under-test.js";
import { type LogWork, mbPerSecond } from "./log-work.js";
import { readAll, withFile } from "./plain-file.js";
import { interleave } from "./statistics.js";

const batchSizes = [16 * 1024, 1024 * 1024];
const chunkBytes = 1024 * 1024;
const segmentName = `${"0".repeat(20)}.log`;

export const recoveryWork: LogWork = {
  diskBytes: ({ recoveryBytes }) => recoveryBytes,
  async run({ rounds, recoveryBytes }, directory): Promise<LogBenchRow[]> {
    await nativeCrc32cLoaded;
    const rows: LogBenchRow[] = [];
    for (const [index, batchBytes] of batchSizes.entries()) {
      const data = `${directory}/data-${batchBytes}`;
      const saved = `${directory}/saved-${batchBytes}`;
      await writeAndKill(data, recoveryBytes, batchBytes);
      const file = `${data}/${await partitionDirectory(data)}/${segmentName}`;
      await syncFile(file);
      await copyAllButLogs(data, saved);
      const bytes = fs.statSync(file).size;
      const buffer = Buffer.allocUnsafeSlow(chunkBytes);
      const measured = await interleave(
        rounds,
        async () => {
          await restoreAllButLogs(saved, data);
          return await recover(data, bytes);
        },
        () =>
          withFile(file, (descriptor) =>
            mbPerSecond(bytes, () => readAll(descriptor, chunkBytes, () => buffer, crc32c)),
          ),
      );
      await rm(data, { recursive: true });
      const goal = { of: "ours", bound: "at least", value: 500 } as const;
      const what = `unclean recovery, batches of ${batchBytes / 1024} KiB`;
      rows.push(comparedRow(what, "MB/s", measured, index === 0 ? goal : undefined));
    }
    return rows;
  },
};

async function writeAndKill(data: string, bytes: number, batchBytes: number): Promise<void> {
  const child = new Child(new URL("./recovery-child.js", import.meta.url), [data, bytes, batchBytes]);
  try {
    await child.next("ready");
  } finally {
    child.kill();
    await child.ended();
  }
}

/** Opens the directory and the partition, and closes them: megabytes a second of the opening. */
async function recover(data: string, bytes: number): Promise<number> {
  let close: (() => Promise<void>) | undefined;
  const rate = await mbPerSecond(bytes, async () => {
    const logs = await openDirectory(data);
    const log = await openPartition(logs, 0, { flush: "os", "segment.bytes": 0x7fffffff });
    if (log.sizeBytes !== bytes) throw new Error(`${log.sizeBytes} of ${bytes} bytes were recovered`);
    close = () => logs.close();
  });
  await close?.();
  return rate;
}

async function partitionDirectory(data: string): Promise<string> {
  const names = (await readdir(data, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const [found] = names;
  if (found === undefined || names.length > 1) throw new Error(`${names.length} partitions in ${data}`);
  return found.name;
}

async function syncFile(path: string): Promise<void> {
  await withFile(path, (descriptor) => {
    fs.fsyncSync(descriptor);
    return Promise.resolve();
  });
}

/** Saves what the killed process left behind besides its records: indexes, checkpoints, markers. */
async function copyAllButLogs(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, filter: (path) => !path.endsWith(".log") });
}

/** Makes the directory look as the killed process left it. */
async function restoreAllButLogs(saved: string, data: string): Promise<void> {
  for (const path of await readdir(data, { recursive: true, withFileTypes: true })) {
    if (path.isFile() && !path.name.endsWith(".log")) await rm(`${path.parentPath}/${path.name}`);
  }
  await cp(saved, data, { recursive: true });
}
