/** All that the benchmarks of the log use of package log: how a directory and a partition are opened, filled and read. */

import { LogDirectory, NodeFileSystem, type PartitionLog } from "@sluice/log";
import {
  defaultConfig,
  type FileSystem,
  leaderEpoch,
  offset,
  type TopicConfig,
  topicConfigTable,
  topicId,
  topicName,
} from "@sluice/model";
import { NodeClock, NodeRandom } from "@sluice/model/node";
import { batchSizeBytes, RecordBatchBuilder } from "@sluice/record";

export type { LogDirectory, PartitionLog };

const topic = { topicId: topicId("5b0f2c4e-1d2a-4c3b-9e8f-0a1b2c3d4e5f"), topic: topicName("bench") };
const epoch = leaderEpoch(1);

/** Most bytes that a batch of one record has besides its value. */
const overheadBytes = 61 + 21;

/** Opens the data directory at `path`, as a broker does. */
export function openDirectory(path: string, fileSystem: FileSystem = new NodeFileSystem()): Promise<LogDirectory> {
  const dependencies = { fileSystem, clock: new NodeClock(), random: new NodeRandom() };
  return LogDirectory.open({ path, brokerId: 1, clusterId: "bench" }, dependencies);
}

/** Opens a partition of it, with the defaults of a topic but for `config`. */
export function openPartition(
  directory: LogDirectory,
  partition: number,
  config: Partial<TopicConfig>,
): Promise<PartitionLog> {
  return directory.openPartition({ ...topic, partition, config: { ...defaultConfig(topicConfigTable), ...config } });
}

/** Removes a partition with its files. */
export function deletePartition(directory: LogDirectory, partition: number): Promise<void> {
  return directory.deletePartition(topic.topicId, partition);
}

/** A batch of one record, of at most `sizeBytes` and hardly less: its bytes are not all alike. */
export function batchOfBytes(sizeBytes: number): Buffer {
  const value = Buffer.alloc(sizeBytes - overheadBytes);
  for (let at = 0; at < value.length; at++) value[at] = (at * 31 + (at >>> 8)) & 0xff;
  const builder = new RecordBatchBuilder({ initialBytes: sizeBytes });
  builder.append({ timestampMs: Date.now(), key: null, value });
  return builder.build();
}

/** `count` batches of `sizeBytes`, each with bytes of its own: the log stamps them in place. */
export function batchesOfBytes(count: number, sizeBytes: number): Buffer[] {
  const batch = batchOfBytes(sizeBytes);
  return Array.from({ length: count }, () => Buffer.from(batch));
}

/**
 * Appends `count` batches, these again and again, and resolves once all are written. As many are in flight as there are
 * buffers, so that none is stamped anew while it is being written.
 */
export function appendWritten(log: PartitionLog, buffers: readonly Buffer[], count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    // One record a batch: offsets count batches.
    const start = log.logEndOffset;
    let appended = 0;
    const append = (): void => {
      const written = log.writtenOffset - start;
      if (written === count) {
        resolve();
        return;
      }
      for (; appended < Math.min(count, written + buffers.length); appended++) {
        log.append(buffers[appended % buffers.length] as Buffer, epoch);
      }
    };
    log.onAdvanced = append;
    log.onFailed = reject;
    append();
  });
}

/** Appends one batch and resolves when it survives a power loss. */
export async function appendFlushed(log: PartitionLog, batch: Buffer): Promise<void> {
  log.append(batch, epoch);
  await log.flush();
}

/** Reads `log` from `from` to its end, at most `sizeBytesMax` at once, and returns how many bytes there were. */
export async function readToEnd(log: PartitionLog, from: number, sizeBytesMax: number): Promise<number> {
  const upToOffset = log.writtenOffset;
  let next = from;
  let readBytes = 0;
  while (next < upToOffset) {
    const bytes = await log.read(offset(next), { upToOffset, sizeBytesMax });
    if (bytes.length === 0) throw new Error(`nothing at offset ${next} of ${upToOffset}`);
    readBytes += bytes.length;
    // One record a batch, and all batches of one size.
    next += bytes.length / batchSizeBytes(bytes);
  }
  return readBytes;
}
