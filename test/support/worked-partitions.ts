/** The partitions that the crash tests work on, of every kind, and how they are opened after a crash. */

import { LogDirectory, NodeFileSystem } from "@sluice/log";
import { type TopicConfig, topicConfigTable, topicId, topicName } from "@sluice/model";
import { NodeClock, NodeRandom } from "@sluice/model/node";
import { expect } from "vitest";
import { ExpectedLog, expectVerified, type Guarantee } from "./log-journal.js";
import type { LogOperation, LogWorker, WorkedPartition } from "./log-worker.js";

const fileSystem = new NodeFileSystem();

function configOf(config: Partial<TopicConfig>): TopicConfig {
  const defaults = Object.entries(topicConfigTable).map(([key, definition]) => [key, definition.default]);
  return { ...(Object.fromEntries(defaults) as unknown as TopicConfig), ...config };
}

function partitionOf(
  partition: number,
  config: Partial<TopicConfig>,
  operations: readonly LogOperation[],
): WorkedPartition {
  return {
    topicId: topicId("5b0f2c4e-1d2a-4c3b-9e8f-0a1b2c3d4e5f"),
    topic: topicName("flights"),
    partition,
    config: configOf({ "segment.bytes": 8192, "index.interval.bytes": 512, "file.delete.delay.ms": 1, ...config }),
    operations,
  };
}

/** Tiny segments, so that everything happens often. */
export const workedPartitions: readonly WorkedPartition[] = [
  partitionOf(0, { flush: "always" }, ["roll", "save", "truncate", "delete-records"]),
  partitionOf(1, { flush: "os" }, ["roll", "flush", "save", "truncate", "delete-records"]),
  partitionOf(
    2,
    { flush: "always", "cleanup.policy": "compact", "min.cleanable.dirty.ratio": 0, "delete.retention.ms": 0 },
    ["roll", "compact", "compact"],
  ),
  partitionOf(3, { flush: "always" }, ["roll", "delete-partition"]),
];

/** What must be on disk, life after life of a worker. */
export class ExpectedDirectory {
  readonly #path: string;
  readonly #logs: Map<number, ExpectedLog>;

  constructor(path: string, guarantee: Guarantee) {
    this.#path = path;
    this.#logs = new Map(
      workedPartitions.map(({ partition, config }) => [
        partition,
        new ExpectedLog({ isCompacted: config["cleanup.policy"] === "compact", guarantee }),
      ]),
    );
  }

  /** Takes in what a worker has told until it ended; only the first `certainCount` lines were certainly told in time. */
  apply(worker: LogWorker, certainCount: number = worker.journal.length): void {
    for (const [number, line] of worker.journal.entries()) {
      this.#logs.get(line.partition)?.apply(line, number < certainCount);
    }
  }

  /** Opens the directory after a crash: no partition is quarantined, and all that must be there is there. Closes it in order. */
  async expectOnDisk(): Promise<void> {
    const directory = await LogDirectory.open(
      { path: this.#path, brokerId: 1, clusterId: "test" },
      { fileSystem, clock: new NodeClock(), random: new NodeRandom() },
    );
    try {
      expect(directory.wasClean).toBe(false);
      for (const partition of workedPartitions) {
        const log = await directory.openPartition(partition);
        await this.#logs.get(partition.partition)?.expectIn(log);
      }
    } finally {
      await directory.close();
    }
    await expectVerified(fileSystem, this.#path);
  }
}
