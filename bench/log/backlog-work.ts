/**
 * Whether a long log is as fast at its end as an empty one: appends, and reads of what was just appended. Both logs take turns
 * after every group of batches, each first in every other turn, so that what the disk does meanwhile hits both alike. A round
 * counts by its median group: a collection of garbage takes as long as several groups, and hits whom it likes. The empty log is
 * a new one in every round.
 */

import { comparedRow, type Goal, type LogBenchRow } from "./log-report.js";
import {
  appendWritten,
  batchesOfBytes,
  deletePartition,
  openDirectory,
  openPartition,
  type PartitionLog,
  readToEnd,
} from "./log-under-test.js";
import { type LogWork, secondsOf } from "./log-work.js";
import { type Round, spreadOf } from "./statistics.js";

const batchBytes = 16 * 1024;
/** Batches that are appended, and then read, at once. */
const groupBatches = 64;
const readBytes = 1024 * 1024;
const groupsPerRound = 256;
const config = { flush: "os" } as const;
const backlogPartition = 0;
const emptyPartition = 1;

/** Of each group of a round. */
interface Seconds {
  readonly append: number[];
  readonly read: number[];
}

export const backlogWork: LogWork = {
  diskBytes: ({ backlogBytes, rounds }) => backlogBytes + (rounds + 2) * groupsPerRound * groupBatches * batchBytes,
  async run({ rounds, backlogBytes }, directory): Promise<LogBenchRow[]> {
    const logs = await openDirectory(`${directory}/data`);
    const log = await openPartition(logs, backlogPartition, config);
    await appendWritten(log, batchesOfBytes(4 * groupBatches, batchBytes), Math.ceil(backlogBytes / batchBytes));
    const appends: Round[] = [];
    const reads: Round[] = [];
    for (let round = 0; round <= rounds; round++) {
      // What was written before is not written back to the disk while something is measured.
      await log.flush();
      const empty = await openPartition(logs, emptyPartition, config);
      const [ours, plain] = await takeTurns(log, empty);
      await deletePartition(logs, emptyPartition);
      if (round === 0) continue;
      appends.push(rates(ours.append, plain.append));
      reads.push(rates(ours.read, plain.read));
    }
    await logs.close();
    const goal: Goal = { of: "ratio", bound: "at least", value: 0.95 };
    const size = `${backlogBytes / 1e9} GB`;
    return [
      comparedRow(`append behind ${size}, against an empty log`, "MB/s", appends, goal),
      comparedRow(`tail read behind ${size}, against an empty log`, "MB/s", reads, goal),
    ];
  },
};

async function takeTurns(left: PartitionLog, right: PartitionLog): Promise<[Seconds, Seconds]> {
  const buffers = batchesOfBytes(groupBatches, batchBytes);
  const leftSeconds: Seconds = { append: [], read: [] };
  const rightSeconds: Seconds = { append: [], read: [] };
  for (let group = 0; group < groupsPerRound; group += 2) {
    await appendAndRead(left, buffers, leftSeconds);
    await appendAndRead(right, buffers, rightSeconds);
    await appendAndRead(right, buffers, rightSeconds);
    await appendAndRead(left, buffers, leftSeconds);
  }
  return [leftSeconds, rightSeconds];
}

async function appendAndRead(log: PartitionLog, buffers: readonly Buffer[], seconds: Seconds): Promise<void> {
  const start = log.logEndOffset;
  seconds.append.push(await secondsOf(() => appendWritten(log, buffers, groupBatches)));
  seconds.read.push(await secondsOf(() => readToEnd(log, start, readBytes)));
}

/** Megabytes a second of the median group of each. */
function rates(oursSeconds: readonly number[], plainSeconds: readonly number[]): Round {
  const megabytes = (groupBatches * batchBytes) / 1e6;
  return { ours: megabytes / spreadOf(oursSeconds).median, plain: megabytes / spreadOf(plainSeconds).median };
}
