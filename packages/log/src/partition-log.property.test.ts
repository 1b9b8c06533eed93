/**
 * A log against an array: whatever is appended, flushed, rolled, truncated, deleted, compacted, crashed, damaged in its caches
 * and reopened in whatever order, reading gives what the array holds; after a power loss a prefix of it with everything that
 * was reported flushed; after compaction of every key the last record, each at its offset. Whatever goes, every leader epoch ends where it ended.
 */

import { isSluiceError, leaderEpoch, type Offset, offset, randomBelow, type TopicConfig } from "@sluice/model";
import { RecordBatchBuilder, readBatchHeader, recordsIn } from "@sluice/record";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fraction } from "../../../test/support/fraction.js";
import { propertyRuns } from "../../../test/support/property-runs.js";
import type { LogDirectory, PartitionLog } from "./index.js";
import { openLog, partitionPath, readAll, seededRandom } from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

interface ModelBatch {
  readonly bytes: Buffer;
  readonly baseOffset: number;
  readonly endOffset: number;
  readonly epoch: number;
}

/** The batches that were placed, as the log stamped them, and what of them was promised. */
interface Model {
  batches: ModelBatch[];
  logStartOffset: number;
  /** Everything below was reported durable, and not cut since. */
  promisedOffset: number;
  /** Nothing from here on is promised any more: a truncation to here was asked for. */
  cutAt: number;
  /** Everything below may be compacted. */
  committedOffset: number;
  epoch: number;
  nextSequence: number;
  /** Where epochs begin is known to the batches only, of which compaction leaves some. */
  areEpochsLost: boolean;
}

interface Real {
  fileSystem: MemoryFileSystem;
  directory: LogDirectory;
  log: PartitionLog;
  readonly config: Partial<TopicConfig>;
  readonly random: ReturnType<typeof seededRandom>;
  readonly model: Model;
}

type Command =
  | { type: "append"; counts: number[]; size: number; epochStep: number; isIdempotent: boolean }
  | { type: "flush" | "reopen" | "crash" | "kill" | "roll" | "compact" | "damageCache" | "epochs" }
  | { type: "read" | "truncate" | "deleteBefore" | "deleteSegments"; at: number; sizeBytesMax: number }
  | { type: "crashDuring"; after: number };

const commandArbitrary: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant("append" as const),
      counts: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }),
      size: fc.integer({ min: 0, max: 700 }),
      epochStep: fc.constantFrom(0, 0, 0, 1),
      isIdempotent: fc.boolean(),
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      type: fc.constantFrom("flush" as const, "reopen", "crash", "kill", "roll", "compact", "damageCache", "epochs"),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constantFrom("read" as const, "read", "truncate", "deleteBefore", "deleteSegments"),
      at: fraction,
      sizeBytesMax: fc.integer({ min: 1, max: 3000 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("crashDuring" as const), after: fc.integer({ min: 1, max: 14 }) }),
  },
);

const producerId = 7;

describe("PartitionLog against an array", () => {
  for (const flush of ["always", "os"] as const) {
    for (const cleanup of ["delete", "compact"] as const) {
      it(`holds what the array holds (flush=${flush}, cleanup.policy=${cleanup})`, async () => {
        const runs = fc.asyncProperty(
          fc.array(commandArbitrary, { maxLength: 60, size: "max" }),
          fc.integer(),
          fc.constantFrom(1024, 3000, 1_000_000),
          (commands, seed, segmentBytes) =>
            runCommands(commands, seed, {
              flush,
              "cleanup.policy": cleanup,
              "segment.bytes": segmentBytes,
              "min.cleanable.dirty.ratio": 0,
              "delete.retention.ms": 0,
            }),
        );
        await fc.assert(runs, { numRuns: propertyRuns({ usual: 40, long: 5000 }) });
      }, 300_000);
    }
  }
});

async function runCommands(commands: readonly Command[], seed: number, config: Partial<TopicConfig>): Promise<void> {
  const random = seededRandom(seed);
  const fileSystem = new MemoryFileSystem(random);
  // What comes next is appended, and the power goes, while a sync is under way.
  fileSystem.slowSyncs([0, 5, 40][randomBelow(random, 3)] as number);
  const model: Model = {
    batches: [],
    logStartOffset: 0,
    promisedOffset: 0,
    cutAt: Number.POSITIVE_INFINITY,
    committedOffset: 0,
    epoch: 1,
    nextSequence: 0,
    areEpochsLost: false,
  };
  const real: Real = { fileSystem, random, config, model, ...(await openLog(fileSystem, config)) };
  listen(real);
  for (const command of commands) {
    await runCommand(real, command);
    await Promise.resolve();
    if (real.fileSystem.isDown) await reopenAfterCrash(real, real.fileSystem.crash());
  }
  if (await settles(real)) await unlessDown(real, () => expectSameAsModel(real));
  if (real.fileSystem.isDown) await reopenAfterCrash(real, real.fileSystem.crash());
  await reopen(real);
  if (real.fileSystem.isDown) await reopenAfterCrash(real, real.fileSystem.crash());
}

async function runCommand(real: Real, command: Command): Promise<void> {
  switch (command.type) {
    case "append":
      real.model.epoch += command.epochStep;
      for (const count of command.counts) if (!real.fileSystem.isDown) append(real, count, command);
      return;
    case "flush":
      await settles(real);
      return;
    case "roll":
      return unlessDown(real, () => real.log.roll());
    case "read":
      if (!(await settles(real))) return;
      return unlessDown(real, () => expectReadFrom(real, command.at, command.sizeBytesMax));
    case "epochs":
      return expectEpochs(real);
    case "truncate":
      return truncate(real, command.at);
    case "deleteBefore":
      return deleteBefore(real, command.at);
    case "deleteSegments":
      return deleteSegments(real, 1 + Math.floor(command.at * 3));
    case "compact":
      return compact(real);
    case "damageCache":
      return damageCache(real);
    case "reopen":
      return reopen(real);
    case "crash":
      return reopenAfterCrash(real, real.fileSystem.crash());
    case "kill":
      return reopenAfterCrash(real, real.fileSystem.kill());
    case "crashDuring":
      real.fileSystem.crashAtOperation(real.fileSystem.operationCount + command.after);
  }
}

function append(real: Real, count: number, command: { size: number; isIdempotent: boolean }): void {
  const { model, random } = real;
  const producer = { producerId, producerEpoch: 0, baseSequence: model.nextSequence };
  const builder = new RecordBatchBuilder({});
  for (let index = 0; index < count; index += 1) {
    const key = Buffer.from(`k${randomBelow(random, 5)}`);
    const isTombstone = randomBelow(random, 5) === 0;
    const value = isTombstone ? null : Buffer.from(`${model.batches.length}.${index}`.padEnd(command.size, "x"));
    builder.append({ timestampMs: 1000 + model.batches.length, key, value });
  }
  if (command.isIdempotent) model.nextSequence += count;
  const bytes = command.isIdempotent ? builder.build(producer) : builder.build();
  const { baseOffset, endOffset } = real.log.append(bytes, leaderEpoch(model.epoch));
  model.batches.push({ bytes, baseOffset, endOffset, epoch: model.epoch });
}

async function truncate(real: Real, at: number): Promise<void> {
  const { log, model } = real;
  const low = Math.max(model.committedOffset, model.logStartOffset);
  const target = low + Math.floor(at * (log.logEndOffset - low + 1));
  const before = log.logEndOffset;
  if (target > before) return;
  // A batch goes whole.
  model.cutAt = model.batches.find((batch) => batch.endOffset > target)?.baseOffset ?? target;
  model.promisedOffset = Math.min(model.promisedOffset, model.cutAt);
  await unlessDown(real, async () => {
    const end = await log.truncateTo(offset(target));
    model.batches = model.batches.filter((batch) => batch.endOffset <= target);
    expect(end).toBe(lastEndOf(model, log));
    if (target < before) model.promisedOffset = end;
    model.nextSequence = nextSequenceOf(model);
  });
  model.cutAt = Number.POSITIVE_INFINITY;
}

async function deleteBefore(real: Real, at: number): Promise<void> {
  if (!(await settles(real))) return;
  const { log, model } = real;
  const target = Math.floor(at * (log.writtenOffset + 1));
  if (target > log.writtenOffset) return;
  commit(real, Math.max(model.committedOffset, target));
  await unlessDown(real, async () => {
    await log.deleteRecordsBefore(offset(target));
    expect(log.logStartOffset).toBe(Math.max(model.logStartOffset, target));
  });
}

async function deleteSegments(real: Real, count: number): Promise<void> {
  if (!(await settles(real))) return;
  commit(real, real.log.writtenOffset);
  const { model, log } = real;
  await unlessDown(real, async () => {
    const segments = await log.describeSegments();
    const first = segments[Math.min(count, segments.length - 1)]?.baseOffset ?? 0;
    await log.deleteSegmentsBelow(offset(first));
    expect(log.logStartOffset).toBe(Math.max(model.logStartOffset, first));
  });
}

async function compact(real: Real): Promise<void> {
  if (real.config["cleanup.policy"] !== "compact" || !(await settles(real))) return;
  // Else what is not committed stays.
  if (randomBelow(real.random, 3) > 0) commit(real, real.log.writtenOffset);
  await unlessDown(real, async () => {
    await real.log.maybeCompact(1_700_000_000_000);
    await expectSameAsModel(real);
  });
}

/** Says that everything below `committed` is on all replicas. */
function commit(real: Real, committed: number): void {
  real.model.committedOffset = committed;
  real.log.setHighWatermark(offset(committed));
}

/** Closes, damages one cache file at one byte, and opens again: a cache never costs a record. */
async function damageCache(real: Real): Promise<void> {
  await unlessDown(real, async () => {
    await real.directory.close();
    await damageOne(real);
  });
  if (!real.fileSystem.isDown) await openAgain(real);
}

async function damageOne(real: Real): Promise<void> {
  const names = (await real.fileSystem.list(partitionPath)).filter((name) => !name.endsWith(".log"));
  const name = names[randomBelow(real.random, names.length)] as string;
  const path = `${partitionPath}/${name}`;
  const size = await real.fileSystem.size(path);
  const isMetadata = name === "partition.metadata" || name === "compaction-checkpoint";
  if (size > 0 && !isMetadata) {
    real.model.areEpochsLost ||= name === "leader-epoch-checkpoint" && real.config["cleanup.policy"] === "compact";
    const file = await real.fileSystem.open(path, "write");
    await file.write([Buffer.from([randomBelow(real.random, 256)])], randomBelow(real.random, size));
    if (randomBelow(real.random, 4) === 0) await file.truncate(randomBelow(real.random, size));
    await file.syncData();
    await file.close();
  }
}

/** Flushes; false where the power went meanwhile. */
async function settles(real: Real): Promise<boolean> {
  await unlessDown(real, () => real.log.flush());
  return !real.fileSystem.isDown;
}

async function unlessDown(real: Real, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!real.fileSystem.isDown) throw error;
    expect(isSluiceError(error) || (error as { code?: string }).code === "EIO", String(error)).toBe(true);
  }
}

async function reopen(real: Real): Promise<void> {
  await unlessDown(real, () => real.directory.close());
  if (!real.fileSystem.isDown) await openAgain(real);
}

async function openAgain(real: Real): Promise<void> {
  await unlessDown(real, async () => {
    const { model } = real;
    const wanted = real.log.logStartOffset;
    Object.assign(real, await openLog(real.fileSystem, real.config));
    listen(real);
    real.log.setHighWatermark(offset(model.committedOffset));
    expect(real.log.logStartOffset).toBe(wanted);
    await expectSameAsModel(real);
  });
}

async function reopenAfterCrash(real: Real, fileSystem: MemoryFileSystem): Promise<void> {
  const { model } = real;
  const before = real.log.logStartOffset;
  Object.assign(real, { fileSystem, ...(await openLog(fileSystem, real.config)) });
  const { log } = real;
  const end = log.logEndOffset;
  expect(end).toBeGreaterThanOrEqual(model.promisedOffset);
  // What the log told is durable; what it was told to do may have been done.
  expect(log.logStartOffset).toBeGreaterThanOrEqual(model.logStartOffset);
  expect(before).toBeGreaterThanOrEqual(model.logStartOffset);
  model.batches = model.batches.filter((batch) => batch.endOffset <= end);
  model.logStartOffset = log.logStartOffset;
  if (model.batches.length > 0) expect(end).toBe(lastEndOf(model, log));
  model.promisedOffset = end;
  model.committedOffset = Math.min(model.committedOffset, end);
  model.nextSequence = nextSequenceOf(model);
  listen(real);
  log.setHighWatermark(offset(model.committedOffset));
  await expectSameAsModel(real);
}

function listen(real: Real): void {
  const { log, model } = real;
  model.logStartOffset = log.logStartOffset;
  log.onAdvanced = (_, flushedOffset) => {
    if (real.log === log) model.promisedOffset = Math.max(model.promisedOffset, Math.min(flushedOffset, model.cutAt));
  };
  log.onLogStartMoved = (logStartOffset) => {
    if (real.log === log) model.logStartOffset = logStartOffset;
  };
}

function lastEndOf(model: Model, log: PartitionLog): number {
  return Math.max(model.batches.at(-1)?.endOffset ?? 0, log.logStartOffset);
}

function nextSequenceOf(model: Model): number {
  const last = model.batches.findLast(({ bytes }) => readBatchHeader(bytes).producerId === producerId);
  if (last === undefined) return 0;
  const header = readBatchHeader(last.bytes);
  return header.baseSequence + header.lastOffsetDelta + 1;
}

async function expectSameAsModel(real: Real): Promise<void> {
  const { log, model } = real;
  const found = await readAll(log);
  const live = model.batches.filter((batch) => batch.endOffset > log.logStartOffset);
  if (real.config["cleanup.policy"] === "compact") expectCompacted(found, live, model.committedOffset);
  else expect(found.equals(Buffer.concat(live.map((batch) => batch.bytes)))).toBe(true);
  expectProducer(real, live);
}

/** Every record is one of the model's, in order; of every key the last committed one is there, unless it is a tombstone. */
function expectCompacted(found: Buffer, live: readonly ModelBatch[], committedOffset: number): void {
  const wanted = recordsOf(Buffer.concat(live.map((batch) => batch.bytes)));
  const records = recordsOf(found);
  let before = -1;
  for (const [at, record] of records) {
    expect(at).toBeGreaterThan(before);
    expect(record).toEqual(wanted.get(at));
    before = at;
  }
  const committed = [...wanted].filter(([at]) => at < committedOffset);
  const lastOfKey = new Map(committed.map(([at, { key }]) => [key, at]));
  for (const [at, { key, value }] of wanted) {
    const mayGo = at < committedOffset && (lastOfKey.get(key) !== at || value === undefined);
    if (!mayGo) expect(records.has(at), `offset ${at}`).toBe(true);
  }
}

function recordsOf(bytes: Buffer): Map<number, { key: string | undefined; value: string | undefined }> {
  const records = new Map<number, { key: string | undefined; value: string | undefined }>();
  for (let at = 0; at < bytes.length; at += 12 + bytes.readInt32BE(at + 8)) {
    for (const { offset: position, key, value } of recordsIn(bytes.subarray(at))) {
      records.set(position, { key: key?.toString(), value: value?.toString() });
    }
  }
  return records;
}

/** The last batch of the producer is remembered as appended, at its offset, and none after it. */
function expectProducer({ log, model }: Real, live: readonly ModelBatch[]): void {
  const last = live.findLast(({ bytes }) => readBatchHeader(bytes).producerId === producerId);
  if (last === undefined || model.batches.at(-1) === undefined) return;
  const header = readBatchHeader(last.bytes);
  expect(log.checkProducer(header)).toMatchObject({ type: "duplicate", baseOffset: last.baseOffset });
  const baseSequence = header.baseSequence + header.lastOffsetDelta + 1;
  expect(log.checkProducer({ ...header, baseSequence })).toMatchObject({ type: "append" });
}

async function expectReadFrom(real: Real, at: number, sizeBytesMax: number): Promise<void> {
  const { log, model } = real;
  const start = log.logStartOffset;
  const end = log.logEndOffset;
  if (end === start) return;
  const from = Math.min(start + Math.floor(at * (end - start)), end - 1);
  const bytes = await log.read(offset(from), { upToOffset: end, sizeBytesMax });
  expect(bytes.length).toBeGreaterThan(0);
  if (real.config["cleanup.policy"] === "compact") return;
  const first = model.batches.findIndex((batch) => batch.endOffset > from);
  const following = Buffer.concat(model.batches.slice(first).map((batch) => batch.bytes));
  expect(following.subarray(0, bytes.length).equals(bytes)).toBe(true);
  const firstSize = model.batches[first]?.bytes.length ?? 0;
  expect(bytes.length).toBeLessThanOrEqual(Math.max(sizeBytesMax, firstSize));
}

/** The end of every epoch, as the batches that are left say it. */
function expectEpochs({ log, model }: Real): void {
  if (model.areEpochsLost) return;
  const live = model.batches.filter((batch) => batch.endOffset > log.logStartOffset);
  const newest = live.at(-1)?.epoch;
  for (let epoch = 1; epoch <= model.epoch + 1; epoch += 1) {
    const found = log.endOffsetOfEpoch(leaderEpoch(epoch));
    if (newest === undefined || live[0] === undefined) continue;
    if (epoch > newest) expect(found).toBeUndefined();
    else if (epoch >= live[0].epoch) expect(found?.endOffset).toBe(endOfEpoch(live, epoch, log.logEndOffset));
  }
}

function endOfEpoch(live: readonly ModelBatch[], epoch: number, logEndOffset: Offset): number {
  return live.find((batch) => batch.epoch > epoch)?.baseOffset ?? logEndOffset;
}
