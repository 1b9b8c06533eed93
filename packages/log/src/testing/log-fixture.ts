/** What the tests of this package share: a seeded Random, a clock whose time stands still, batches and directories. */

import type { FileSystem } from "@sluice/model";
import {
  type Clock,
  leaderEpoch,
  type Offset,
  offset,
  type TopicConfig,
  topicConfigTable,
  topicId,
  topicName,
} from "@sluice/model";
import { RecordBatchBuilder } from "@sluice/record";
import { LogDirectory } from "../log-directory.js";
import type { PartitionLog } from "../partition-log.js";
import { seededRandom } from "./seeded-random.js";

export { seededRandom };

/** Time stands still and no timer fires. */
export const stillClock: Clock = {
  nowMs: () => 1_700_000_000_000,
  monotonicMs: () => 0,
  setTimer: () => ({ cancel: () => undefined }),
};

export const dataPath = "/data/broker-1";
export const partitionName = { topicId: topicId("5b0f2c4e-1d2a-4c3b-9e8f-0a1b2c3d4e5f"), partition: 0 };
export const partitionPath = `${dataPath}/5b0f2c4e-1d2a-4c3b-9e8f-0a1b2c3d4e5f-0`;
export const epoch = leaderEpoch(1);

/** Default topic config with small index intervals, and what is given. */
export function testConfig(config: Partial<TopicConfig> = {}): TopicConfig {
  const defaults = Object.fromEntries(
    Object.entries(topicConfigTable).map(([key, definition]) => [key, definition.default]),
  ) as unknown as TopicConfig;
  return { ...defaults, "index.interval.bytes": 200, ...config };
}

/** One batch of records with these timestamps, 0 where none is given, and values of `valueBytes`. */
export function batchOf(values: readonly string[], timestampsMs: readonly number[] = []): Buffer {
  const builder = new RecordBatchBuilder({});
  for (const [index, value] of values.entries()) {
    builder.append({ timestampMs: timestampsMs[index] ?? 0, key: null, value: Buffer.from(value) });
  }
  return builder.build();
}

export function openDirectory(fileSystem: FileSystem, path: string = dataPath): Promise<LogDirectory> {
  const dependencies = { fileSystem, clock: stillClock, random: seededRandom(1) };
  return LogDirectory.open({ path, brokerId: 1, clusterId: "test" }, dependencies);
}

/** Opens the directory and its one partition. */
export async function openLog(
  fileSystem: FileSystem,
  config: Partial<TopicConfig> = {},
  path: string = dataPath,
): Promise<{ directory: LogDirectory; log: PartitionLog }> {
  const directory = await openDirectory(fileSystem, path);
  const options = { ...partitionName, topic: topicName("flights"), config: testConfig(config) };
  return { directory, log: await directory.openPartition(options) };
}

/** Everything in the log that is written, read in steps of `sizeBytesMax`. */
export async function readAll(log: PartitionLog, sizeBytesMax = 1_000_000): Promise<Buffer> {
  const parts: Buffer[] = [];
  let from: Offset = log.logStartOffset;
  while (from < log.writtenOffset) {
    const bytes = await log.read(from, { upToOffset: log.writtenOffset, sizeBytesMax });
    if (bytes.length === 0) throw new Error(`nothing at offset ${from} of ${log.writtenOffset}`);
    parts.push(bytes);
    from = endOffsetOf(bytes);
  }
  return Buffer.concat(parts);
}

function endOffsetOf(bytes: Buffer): Offset {
  let end = 0;
  for (let at = 0; at < bytes.length; at += 12 + bytes.readInt32BE(at + 8)) {
    end = Number(bytes.readBigInt64BE(at)) + bytes.readInt32BE(at + 23) + 1;
  }
  return offset(end);
}
