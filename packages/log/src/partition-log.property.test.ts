/**
 * A log against an array: whatever is appended, flushed, rolled, crashed and reopened in whatever order, reading gives what
 * the array holds; and after a power loss a prefix of it with everything that was reported flushed.
 */

import { isSluiceError, offset } from "@sluice/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { propertyRuns } from "../../../test/support/property-runs.js";
import type { LogDirectory, PartitionLog } from "./index.js";
import { batchOf, epoch, openLog, readAll, seededRandom } from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

type Flush = "always" | "os";

/** The batches that were placed, as the log stamped them, and how much of them was reported durable. */
interface Model {
  batches: { bytes: Buffer; endOffset: number }[];
  flushedOffset: number;
}

interface Real {
  fileSystem: MemoryFileSystem;
  directory: LogDirectory;
  log: PartitionLog;
  readonly config: { flush: Flush; "segment.bytes": number };
  readonly model: Model;
}

type Command =
  | { type: "append"; counts: number[]; size: number; epochStep: number }
  | { type: "flush" | "reopen" | "crash" | "kill" }
  | { type: "read"; at: number; sizeBytesMax: number }
  | { type: "crashDuring"; after: number };

const commandArbitrary: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant("append" as const),
      counts: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }),
      size: fc.integer({ min: 0, max: 700 }),
      epochStep: fc.constantFrom(0, 0, 0, 1),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom("flush" as const, "reopen", "crash", "kill") }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("read" as const),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      sizeBytesMax: fc.integer({ min: 1, max: 3000 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("crashDuring" as const), after: fc.integer({ min: 1, max: 12 }) }),
  },
);

describe("PartitionLog against an array", () => {
  for (const flush of ["always", "os"] as const) {
    it(`holds what the array holds, and after a power loss all that was flushed (flush=${flush})`, async () => {
      const runs = fc.asyncProperty(
        fc.array(commandArbitrary, { maxLength: 40 }),
        fc.integer(),
        fc.constantFrom(1024, 3000, 1_000_000),
        (commands, seed, segmentBytes) => runCommands(commands, seed, { flush, "segment.bytes": segmentBytes }),
      );
      await fc.assert(runs, { numRuns: propertyRuns({ usual: 300, long: 4000 }) });
    }, 60_000);
  }
});

async function runCommands(commands: readonly Command[], seed: number, config: Real["config"]): Promise<void> {
  const fileSystem = new MemoryFileSystem(seededRandom(seed));
  const real: Real = {
    fileSystem,
    config,
    model: { batches: [], flushedOffset: 0 },
    ...(await openLog(fileSystem, config)),
  };
  listen(real);
  let epochNow: number = epoch;
  for (const command of commands) {
    if (command.type === "append") epochNow += command.epochStep;
    await runCommand(real, command, epochNow);
    await Promise.resolve();
    if (real.fileSystem.isDown) await reopenAfterCrash(real, real.fileSystem.crash());
  }
  if (!(await settles(real))) await reopenAfterCrash(real, real.fileSystem.crash());
  await expectSameAsModel(real);
  await reopen(real);
  if (real.fileSystem.isDown) await reopenAfterCrash(real, real.fileSystem.crash());
}

async function runCommand(real: Real, command: Command, epochNow: number): Promise<void> {
  switch (command.type) {
    case "append":
      for (const count of command.counts) if (!real.fileSystem.isDown) append(real, count, command.size, epochNow);
      return;
    case "flush":
      await settles(real);
      return;
    case "read":
      if (await settles(real)) await expectReadFrom(real, command.at, command.sizeBytesMax);
      return;
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

function append(real: Real, count: number, size: number, epochNow: number): void {
  const values = Array.from({ length: count }, (_, index) => `${real.model.batches.length}.${index}`.padEnd(size, "x"));
  const bytes = batchOf(values);
  const { endOffset } = real.log.append(bytes, epochNow as typeof epoch);
  real.model.batches.push({ bytes, endOffset });
}

/** Flushes; false where the power went meanwhile. */
async function settles(real: Real): Promise<boolean> {
  try {
    await real.log.flush();
    return !real.fileSystem.isDown;
  } catch (error) {
    if (!real.fileSystem.isDown) throw error;
    expect(isSluiceError(error, "DISK_FAILED")).toBe(true);
    return false;
  }
}

async function reopen(real: Real): Promise<void> {
  try {
    await real.directory.close();
    Object.assign(real, await openLog(real.fileSystem, real.config));
  } catch (error) {
    if (!real.fileSystem.isDown) throw error;
    return;
  }
  listen(real);
  await expectSameAsModel(real);
}

async function reopenAfterCrash(real: Real, fileSystem: MemoryFileSystem): Promise<void> {
  Object.assign(real, { fileSystem, ...(await openLog(fileSystem, real.config)) });
  const { model } = real;
  const end = real.log.logEndOffset;
  expect(end).toBeGreaterThanOrEqual(model.flushedOffset);
  model.batches = model.batches.filter((batch) => batch.endOffset <= end);
  expect(model.batches.at(-1)?.endOffset ?? 0).toBe(end);
  model.flushedOffset = end;
  listen(real);
  await expectSameAsModel(real);
}

function listen(real: Real): void {
  const { log, model } = real;
  log.onAdvanced = (_, flushedOffset) => {
    if (real.log === log) model.flushedOffset = Math.max(model.flushedOffset, flushedOffset);
  };
}

async function expectSameAsModel(real: Real): Promise<void> {
  expect((await readAll(real.log)).equals(Buffer.concat(real.model.batches.map((batch) => batch.bytes)))).toBe(true);
}

async function expectReadFrom(real: Real, at: number, sizeBytesMax: number): Promise<void> {
  const end = real.log.logEndOffset;
  if (end === 0) return;
  const from = Math.min(Math.floor(at * end), end - 1);
  const bytes = await real.log.read(offset(from), { upToOffset: end, sizeBytesMax });
  const first = real.model.batches.findIndex((batch) => batch.endOffset > from);
  const following = Buffer.concat(real.model.batches.slice(first).map((batch) => batch.bytes));
  expect(bytes.length).toBeGreaterThan(0);
  expect(following.subarray(0, bytes.length).equals(bytes)).toBe(true);
  const firstSize = real.model.batches[first]?.bytes.length ?? 0;
  expect(bytes.length).toBeLessThanOrEqual(Math.max(sizeBytesMax, firstSize));
}
