/** The logs of all replicas on all machines, kept by the file operations of the brokers and read anew when a machine restarts. */

import type { MemoryFileSystem } from "@sluice/log/testing";
import type { FileOperationTap } from "../disk/file-operation-tap.js";
import { BatchPool } from "./batch-pool.js";
import { ReplicaLog } from "./replica-log.js";

/** `<topicId>-<partition>`, as the directory of the partition is called. */
export type PartitionKey = string;

export function partitionKeyOf(topicId: string, partition: number): PartitionKey {
  return `${topicId}-${partition}`;
}

export interface ReplicaLogsListener {
  /** The log ends at `toOffset` now, after it had ended at `fromOffset`, further on. */
  onTruncated(broker: number, partition: PartitionKey, fromOffset: number, toOffset: number): void;
  /** Batches were written from `fromOffset` on. */
  onWritten(broker: number, partition: PartitionKey, fromOffset: number): void;
}

const partitionPathPattern = /\/([0-9a-f-]{36}-\d+)(?:\/(.*))?$/;

export class ReplicaLogs {
  readonly #logs = new Map<number, Map<PartitionKey, ReplicaLog>>();
  readonly #pools = new Map<PartitionKey, BatchPool>();
  readonly #listener: ReplicaLogsListener;

  constructor(listener: ReplicaLogsListener) {
    this.#listener = listener;
  }

  of(broker: number, partition: PartitionKey): ReplicaLog | undefined {
    return this.#logs.get(broker)?.get(partition);
  }

  /** Partitions with a log on that machine. */
  partitionsOf(broker: number): PartitionKey[] {
    return [...(this.#logs.get(broker)?.keys() ?? [])];
  }

  tapOf(broker: number): FileOperationTap {
    return {
      written: (path, bytes, position) =>
        this.#change(broker, path, (log, partition) => {
          const endBefore = log.endOffset;
          log.written(path, bytes, position);
          this.#listener.onWritten(broker, partition, endBefore);
        }),
      truncated: (path, sizeBytes) => this.#change(broker, path, (log) => log.truncated(path, sizeBytes)),
      synced: (path) => this.#change(broker, path, (log) => log.synced(path)),
      syncFailed: (path) => this.#change(broker, path, (log) => log.syncFailed(path)),
      renamed: (from, to) => this.#change(broker, from, (log) => log.renamed(from, to)),
      removed: (path) => this.#removed(broker, path),
    };
  }

  /** Reads all logs of a machine anew: what a power loss, a lost or an old disk has left. All of it is durable. */
  async reread(broker: number, disk: MemoryFileSystem, directory: string): Promise<void> {
    const logs = new Map<PartitionKey, ReplicaLog>();
    this.#logs.set(broker, logs);
    if (!(await disk.exists(directory))) return;
    for (const name of await disk.list(directory)) {
      if (!partitionPathPattern.test(`/${name}`)) continue;
      const log = new ReplicaLog(this.#poolOf(name));
      logs.set(name, log);
      for (const file of await disk.list(`${directory}/${name}`)) {
        const path = `${directory}/${name}/${file}`;
        if (!file.includes(".log")) continue;
        log.found(path, await disk.readFile(path));
      }
    }
  }

  #change(broker: number, path: string, change: (log: ReplicaLog, partition: PartitionKey) => void): void {
    const [, partition, file] = partitionPathPattern.exec(path) ?? [];
    if (partition === undefined || file?.includes(".log") !== true) return;
    const log = this.#logOf(broker, partition);
    const endBefore = log.endOffset;
    change(log, partition);
    if (log.endOffset < endBefore) this.#listener.onTruncated(broker, partition, endBefore, log.endOffset);
  }

  #removed(broker: number, path: string): void {
    const [, partition, file] = partitionPathPattern.exec(path) ?? [];
    if (partition !== undefined && file === undefined) this.#logs.get(broker)?.delete(partition);
    else this.#change(broker, path, (log) => log.removed(path));
  }

  #poolOf(partition: PartitionKey): BatchPool {
    const pool = this.#pools.get(partition) ?? new BatchPool();
    this.#pools.set(partition, pool);
    return pool;
  }

  #logOf(broker: number, partition: PartitionKey): ReplicaLog {
    const logs = this.#logs.get(broker) ?? new Map<PartitionKey, ReplicaLog>();
    this.#logs.set(broker, logs);
    const log = logs.get(partition) ?? new ReplicaLog(this.#poolOf(partition));
    logs.set(partition, log);
    return log;
  }
}
