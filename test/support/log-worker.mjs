/**
 * Works on the partitions of a data directory until it is killed, and writes a journal to stdout: what it is about to do
 * before it does it, and what it was told after. Who reads the journal knows what must be on disk (log-journal.ts).
 *
 * Argument: JSON {path, seed, appenders, partitions: [{partition, topicId, topic, config, operations}]}. Built packages are used.
 */

import { createHash } from "node:crypto";
import { writeSync } from "node:fs";
import { LogDirectory, NodeFileSystem } from "@sluice/log";
import { NodeClock, NodeRandom } from "@sluice/model/node";
import { RecordBatchBuilder } from "@sluice/record";

const options = JSON.parse(process.argv[2]);
let state = options.seed >>> 0;

/** A whole number from 0 to `bound` - 1 (mulberry32). */
function below(bound) {
  state = (state + 0x6d2b79f5) >>> 0;
  let word = Math.imul(state ^ (state >>> 15), state | 1);
  word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
  return ((word ^ (word >>> 14)) >>> 0) % bound;
}

/** Written when it returns: a killed process has told all that it knew. */
function tell(line) {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

class Worker {
  constructor(directory, options) {
    this.directory = directory;
    this.options = options;
    this.partition = options.partition;
    this.epoch = 0;
    this.waiting = [];
  }

  async open() {
    this.log = await this.directory.openPartition(this.options);
    this.epoch = (this.log.latestEpoch ?? 0) + below(2);
    this.log.onAdvanced = (writtenOffset, flushedOffset) => {
      tell({ type: "advanced", partition: this.partition, writtenOffset, flushedOffset });
      this.wake();
    };
    this.log.onFailed = () => this.wake();
    this.log.setHighWatermark(this.log.flushedOffset);
    const { logStartOffset, logEndOffset } = this.log;
    tell({ type: "opened", partition: this.partition, logStartOffset, logEndOffset });
  }

  async run() {
    await this.open();
    while (this.log.failure === undefined) {
      const { operations } = this.options;
      const operation = below(2) === 0 ? undefined : operations[below(operations.length)];
      const appending = Array.from({ length: options.appenders }, () => this.append(1 + below(4)));
      // What takes the end of the log away, or all of it, needs it for itself.
      const isAlone = operation === "truncate" || operation === "delete-partition";
      if (isAlone) await Promise.all(appending);
      if (operation !== undefined) appending.push(this.perform(operation));
      await Promise.all(appending);
      this.log.setHighWatermark(this.log.flushedOffset);
    }
    throw this.log.failure;
  }

  /** Appends so many batches, each when the one before it is as safe as the topic promises. */
  async append(count) {
    for (let index = 0; index < count; index += 1) {
      const baseOffset = this.log.logEndOffset;
      const builder = new RecordBatchBuilder({});
      const records = [];
      for (let offset = baseOffset; offset < baseOffset + 1 + below(3); offset += 1) {
        const key = `key ${below(12)}`;
        const value = below(6) === 0 ? null : `${offset} ${"x".repeat(below(900))}`;
        builder.append({ timestampMs: 1000 + offset, key: Buffer.from(key), value: value && Buffer.from(value) });
        records.push({ offset, key, value });
      }
      const batch = builder.build();
      const { endOffset } = this.log.append(batch, this.epoch);
      const hash = createHash("sha1").update(batch).digest("hex");
      tell({ type: "placed", partition: this.partition, baseOffset, endOffset, hash, records });
      await this.reached(endOffset);
    }
  }

  reached(endOffset) {
    return new Promise((resolve, reject) => {
      const isReached = () =>
        (this.options.config.flush === "always" ? this.log.flushedOffset : this.log.writtenOffset) >= endOffset;
      this.waiting.push(() => {
        if (this.log.failure !== undefined) reject(this.log.failure);
        else if (isReached()) resolve();
        else return false;
        return true;
      });
    });
  }

  wake() {
    this.waiting = this.waiting.filter((isDone) => !isDone());
  }

  async perform(operation) {
    const { log, partition } = this;
    const between = (low, high) => low + below(high - low + 1);
    const offsets = {
      truncate: () => between(Math.max(log.logStartOffset, log.logEndOffset - 40), log.logEndOffset),
      "delete-records": () => between(log.logStartOffset, Math.min(log.highWatermark, log.logStartOffset + 60)),
    };
    const offset = offsets[operation]?.() ?? 0;
    tell({ type: "begin", operation, partition, offset });
    tell({ type: "end", operation, partition, offset: (await this.work(operation, offset)) ?? offset });
    if (operation === "delete-partition") await this.open();
  }

  async work(operation, offset) {
    switch (operation) {
      case "roll":
        return void (await this.log.roll());
      case "flush":
        return void (await this.log.flush());
      case "save":
        return void (await this.log.saveRecoveryPoint());
      case "truncate":
        return this.log.truncateTo(offset);
      case "delete-records":
        return void (await this.log.deleteRecordsBefore(offset));
      case "compact":
        await this.log.roll();
        return void (await this.log.maybeCompact(Date.now()));
      case "delete-partition":
        return void (await this.directory.deletePartition(this.options.topicId, this.partition));
    }
  }
}

const directory = await LogDirectory.open(
  { path: options.path, brokerId: 1, clusterId: "test" },
  { fileSystem: new NodeFileSystem(), clock: new NodeClock(), random: new NodeRandom() },
);
const workers = options.partitions.map((partition) => new Worker(directory, partition));
try {
  await Promise.all(workers.map((worker) => worker.run()));
} catch (error) {
  tell({ type: "failed", code: error.code, reason: String(error.stack) });
  // The parent decides when this life ends.
  await new Promise((resolve) => process.stdin.resume().once("end", resolve));
}
