/**
 * Damage at every byte of every file of a small data directory: it ends in ok, repaired or quarantined, and whatever is read
 * afterwards is what was written. On two disks, after a clean stop and after a kill; with a plain log and a compacted one.
 */

import { dirname } from "node:path/posix";
import { isSluiceError, offset, type TopicConfig, topicName } from "@sluice/model";
import { batchesIn, batchLastOffset, RecordBatchBuilder, verifyBatchChecksum } from "@sluice/record";
import { beforeAll, describe, expect, it } from "vitest";
import { propertyRuns } from "../../../test/support/property-runs.js";
import type { LogDirectory, PartitionLog } from "./index.js";
import {
  dataPath,
  type epoch,
  openDirectory,
  partitionName,
  partitionPath,
  readAll,
  stillClock,
  testConfig,
} from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";
import { seededRandom } from "./testing/seeded-random.js";

const plainConfig = { flush: "always", "segment.bytes": 400, "index.interval.bytes": 80 } as const;
const compactedConfig = {
  ...plainConfig,
  "cleanup.policy": "compact",
  "min.cleanable.dirty.ratio": 0,
  "delete.retention.ms": 0,
} as const;
const configs: readonly Partial<TopicConfig>[] = [plainConfig, compactedConfig];

/** Every so many bytes are damaged; other ones in every file. */
const stride = propertyRuns({ usual: 3, long: 1 });

/** Errors that say that something is damaged, or is not this directory's. */
const typedCodes = ["PARTITION_QUARANTINED", "CORRUPT_FILE", "DATA_DIRECTORY_MISMATCH"];

/** Every batch that a log served before it was damaged, by its offsets. */
interface Original {
  readonly batches: readonly Buffer[];
  readonly endOffset: number;
  readonly epochEnds: readonly number[];
}

interface Disk {
  readonly fileSystem: MemoryFileSystem;
  /** Paths of the files that hold anything. */
  readonly paths: readonly string[];
  /** By partition. */
  readonly originals: readonly Original[];
}

/** What became of a damaged directory. `short`: it opened, with less in it. */
type Outcome = "ok" | "short" | "refused";
type Stop = "clean" | "killed";

const damages: Record<string, (fileSystem: MemoryFileSystem, path: string, position: number) => void> = {
  "a bit flipped": (fileSystem, path, position) => fileSystem.flipBit(path, position, (position * 5 + 3) % 8),
  "all cut off from there": (fileSystem, path, position) => fileSystem.truncateTo(path, position),
};

async function buildDisk(stop: Stop): Promise<Disk> {
  const fileSystem = new MemoryFileSystem(seededRandom(1));
  const directory = await openDirectory(fileSystem);
  await directory.beginLife({ brokerEpoch: 3, incarnation: "5b0f2c4e-1d2a-4c3b-9e8f-0a1b2c3d4e50" });
  const originals: Original[] = [];
  for (const partition of configs.keys()) originals.push(await fill(await openPartition(directory, partition)));
  if (stop === "clean") await directory.close();
  const stopped = stop === "clean" ? fileSystem.copy() : fileSystem.kill().copy();
  return { fileSystem: stopped, paths: await filesBelow(stopped, dataPath), originals };
}

function openPartition(directory: LogDirectory, partition: number): Promise<PartitionLog> {
  const config = testConfig(configs[partition]);
  return directory.openPartition({ ...partitionName, partition, topic: topicName("flights"), config });
}

/** Three epochs in a few segments, with some of it deleted, some compacted, and the end above the recovery point. */
async function fill(log: PartitionLog): Promise<Original> {
  const deleted: Buffer[] = [];
  for (let index = 0; index < 10; index += 1) {
    log.append(batchOf(index), (1 + Math.floor(index / 3)) as typeof epoch);
    await log.flush();
    if (index === 7) deleted.push(...(await shorten(log)));
  }
  const batches = [...deleted, ...batchesIn(await readAll(log))];
  return { batches, endOffset: log.logEndOffset, epochEnds: epochEndsOf(log) };
}

/** Returns the batches that were deleted from the start: in a segment that stays, damage may bring them back. */
async function shorten(log: PartitionLog): Promise<Buffer[]> {
  log.setHighWatermark(log.flushedOffset);
  await log.roll();
  if (log.config["cleanup.policy"] === "compact") await log.maybeCompact(stillClock.nowMs());
  const batches = [...batchesIn(await readAll(log))];
  await log.deleteRecordsBefore(offset(1));
  await log.saveRecoveryPoint();
  return batches.filter((batch) => batchLastOffset(batch) < log.logStartOffset);
}

/** One to three records of a few keys, of an idempotent producer. */
function batchOf(index: number): Buffer {
  const builder = new RecordBatchBuilder({});
  for (let record = 0; record <= index % 3; record += 1) {
    const value = Buffer.from(`${index}.${record}`);
    builder.append({
      timestampMs: stillClock.nowMs() - 1000 + index,
      key: Buffer.from(`${(index + record) % 4}`),
      value,
    });
  }
  let baseSequence = 0;
  for (let before = 0; before < index; before += 1) baseSequence += 1 + (before % 3);
  return builder.build({ producerId: 7, producerEpoch: 0, baseSequence });
}

function epochEndsOf(log: PartitionLog): number[] {
  return [1, 2, 3, 4].map((each) => log.endOffsetOfEpoch(each as typeof epoch)?.endOffset ?? -1);
}

async function filesBelow(fileSystem: MemoryFileSystem, directory: string): Promise<string[]> {
  const paths: string[] = [];
  for (const name of await fileSystem.list(directory)) {
    const path = `${directory}/${name}`;
    if (path.startsWith(partitionPath.slice(0, -1)) && directory === dataPath) {
      paths.push(...(await filesBelow(fileSystem, path)));
    } else if ((await fileSystem.size(path)) > 0) paths.push(path);
  }
  return paths;
}

/** Opens a damaged disk, reads from every offset, closes. @throws AssertionError for wrong bytes */
async function outcomeOf(disk: Disk, fileSystem: MemoryFileSystem, isEpochKnown: boolean): Promise<Outcome> {
  const outcomes = new Set<Outcome>();
  const directory = await orRefused(() => openDirectory(fileSystem));
  if (directory === undefined) return "refused";
  for (const [partition, original] of disk.originals.entries()) {
    const log = await orRefused(() => openPartition(directory, partition));
    outcomes.add(log === undefined ? "refused" : await expectOriginals(original, log, isEpochKnown));
  }
  await directory.close();
  return (["refused", "short"] as const).find((each) => outcomes.has(each)) ?? "ok";
}

/** Undefined where it says that something is damaged. */
async function orRefused<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isSluiceError(error) || !typedCodes.includes(error.code)) throw error;
    return undefined;
  }
}

/**
 * Every batch that is read, from wherever, is the original that holds the offset, or follows it. A batch whose checksum does
 * not fit counts as damage that was found: whoever fetches it, a consumer or a follower, checks it.
 */
async function expectOriginals(
  { batches, endOffset, epochEnds }: Original,
  log: PartitionLog,
  isEpochKnown: boolean,
): Promise<Outcome> {
  expect(log.logEndOffset).toBeLessThanOrEqual(endOffset);
  for (let from: number = log.logStartOffset; from < log.logEndOffset; from += 1) {
    const limits = { upToOffset: log.logEndOffset, sizeBytesMax: 1000 };
    const bytes = await orRefused(() => log.read(offset(from), limits));
    if (bytes === undefined) continue;
    expect(bytes.length, `nothing at ${from} of ${log.logEndOffset}`).toBeGreaterThan(0);
    let index = batches.findIndex((batch) => batchLastOffset(batch) >= from);
    for (const batch of batchesIn(bytes)) {
      if (!verifyBatchChecksum(batch, 0, batch.length)) break;
      if (!isEpochKnown) (batches[index] as Buffer).copy(batch, 12, 12, 16);
      expect(batch.equals(batches[index] as Buffer), `the batch at ${from} is another`).toBe(true);
      index += 1;
    }
  }
  if (log.logEndOffset < endOffset) return "short";
  if (isEpochKnown) expect(epochEndsOf(log), "ends of epochs").toEqual(epochEnds);
  return "ok";
}

/**
 * Epochs are recorded together with the recovery point. Above that, after a crash, those of the batches have nothing to be held
 * against but their order: no checksum covers them.
 */
function isEpochRecorded(stop: Stop, disk: Disk, path: string): boolean {
  const isAbove = !disk.paths.some(
    (other) => other.endsWith(".log") && dirname(other) === dirname(path) && other > path,
  );
  return stop === "clean" || !path.endsWith(".log") || !isAbove;
}

/** Only what was above the recovery point of a log that was not closed may be cut. */
function mayBeShort(stop: Stop, path: string): boolean {
  return stop === "killed" && path.endsWith(".log");
}

describe.each(["clean", "killed"] as const)("after a stop that was %s", (stop) => {
  let disk: Disk;

  beforeAll(async () => {
    disk = await buildDisk(stop);
  });

  it("has files of every kind", () => {
    const found = new Set(disk.paths.map((path) => path.replace(/^.*\/(\d{20}(?=\.))?/, "")));
    const ofDirectory = ["meta", "life", "recovery-point", "log-start-offset"];
    const ofPartition = ["leader-epoch-checkpoint", "partition.metadata", "compaction-checkpoint"];
    const ofSegments = [".log", ".index", ".timeindex", ".snapshot"];
    for (const name of [...ofDirectory, ...ofPartition, ...ofSegments]) expect([...found]).toContain(name);
    expect(found.has("clean-shutdown")).toBe(stop === "clean");
  });

  for (const [name, damage] of Object.entries(damages)) {
    it(`serves nothing but what was written, with ${name}, at every byte of every file`, async () => {
      const wrong: string[] = [];
      const outcomes: Record<Outcome, number> = { ok: 0, short: 0, refused: 0 };
      for (const [index, path] of disk.paths.entries()) {
        const sizeBytes = await disk.fileSystem.size(path);
        for (let position = index % stride; position < sizeBytes; position += stride) {
          const damaged = disk.fileSystem.copy();
          damage(damaged, path, position);
          try {
            const outcome = await outcomeOf(disk, damaged, isEpochRecorded(stop, disk, path));
            outcomes[outcome] += 1;
            if (outcome === "short" && !mayBeShort(stop, path)) wrong.push(`${path} at ${position}: short`);
          } catch (error) {
            wrong.push(`${path} at ${position}: ${String(error)}`);
          }
        }
      }
      expect(wrong).toEqual([]);
      expect(outcomes.ok).toBeGreaterThan(0);
      expect(outcomes.refused).toBeGreaterThan(0);
    });
  }
});
