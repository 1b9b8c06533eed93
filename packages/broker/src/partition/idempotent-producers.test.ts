import { MemoryFileSystem } from "@sluice/log/testing";
import { SeededRandom } from "@sluice/model/testing";
import { batchesIn, recordsIn } from "@sluice/record";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { KeepingSink, producerBatch, RegistryFixture } from "../testing/registry-fixture.js";
import type { PartitionRuntime } from "./partition-runtime.js";

let fileSystem: MemoryFileSystem;
let fixture: RegistryFixture;

beforeEach(async () => {
  fileSystem = new MemoryFileSystem(new SeededRandom(1));
  fixture = await RegistryFixture.open(fileSystem);
  await fixture.settle({ name: "a" });
});

afterEach(() => fixture.close());

function led(): PartitionRuntime {
  return fixture.registry.ledOrThrow("a", 0);
}

function start(batch: Buffer, acks: "all" | "leader" | "none" = "all"): KeepingSink {
  const sink = new KeepingSink();
  led().startProduce({ ...led().acceptBatch(Buffer.from(batch)), acks, clientEpoch: undefined }, sink);
  return sink;
}

async function outcome(sink: KeepingSink): Promise<unknown> {
  await sink.settled();
  return sink.refused?.code ?? [sink.produced?.baseOffset, sink.produced?.isDuplicate];
}

function send(baseSequence: number, ...values: string[]): Promise<unknown> {
  return outcome(start(producerBatch(fixture.clock, { baseSequence }, ...values)));
}

async function values(): Promise<string[]> {
  const { records } = await led().fetch({ fromOffset: 0, sizeBytesMax: 1_000_000, waitMsMax: 0 });
  return [...batchesIn(records)].flatMap((batch) => [...recordsIn(batch)].map((record) => String(record.value)));
}

describe("idempotent producers", () => {
  it("answers a batch that was sent again with where it is, and appends it once", async () => {
    expect(await send(0, "a", "b")).toEqual([0, false]);
    expect(await send(2, "c")).toEqual([2, false]);
    expect(await send(0, "a", "b")).toEqual([0, true]);
    expect(await send(2, "c")).toEqual([2, true]);
    expect(await send(3, "d")).toEqual([3, false]);
    expect(await values()).toEqual(["a", "b", "c", "d"]);
  });

  it("checks batches that come in one tick against each other", async () => {
    const batch = producerBatch(fixture.clock, { baseSequence: 0 }, "a");
    const next = producerBatch(fixture.clock, { baseSequence: 1 }, "b");
    const sinks = [batch, batch, next, batch, next].map((one) => start(one));
    expect(await Promise.all(sinks.map(outcome))).toEqual([
      [0, false],
      [0, true],
      [1, false],
      [0, true],
      [1, true],
    ]);
    expect(await values()).toEqual(["a", "b"]);
  });

  it("answers the repetition of a batch that is on its way to the disk only when it is there", async () => {
    const batch = producerBatch(fixture.clock, { baseSequence: 0 }, "a");
    const first = start(batch, "none");
    const again = start(batch, "all");
    expect([first.produced?.replicasFlushed, again.produced]).toEqual([0, undefined]);
    expect(await outcome(again)).toEqual([0, true]);
    expect(again.produced).toMatchObject({ replicas: 1, replicasFlushed: 1 });
  });

  it("refuses a gap and an epoch that is over, in band, and goes on with what follows", async () => {
    expect(await send(1, "x")).toBe("OUT_OF_ORDER_SEQUENCE");
    expect(await send(0, "a")).toEqual([0, false]);
    expect(await send(2, "x")).toBe("OUT_OF_ORDER_SEQUENCE");
    const newer = start(producerBatch(fixture.clock, { producerEpoch: 1, baseSequence: 0 }, "b"));
    expect(await outcome(newer)).toEqual([1, false]);
    expect(await send(1, "x")).toBe("FENCED_PRODUCER");
    expect(await values()).toEqual(["a", "b"]);
  });

  it("knows producers apart, and lets batches without one be appended as often as they come", async () => {
    const other = producerBatch(fixture.clock, { producerId: 8, baseSequence: 0 }, "b");
    expect(await send(0, "a")).toEqual([0, false]);
    expect(await outcome(start(other))).toEqual([1, false]);
    const none = producerBatch(fixture.clock, { producerId: -1, producerEpoch: -1, baseSequence: -1 }, "c");
    expect(await outcome(start(none))).toEqual([2, false]);
    expect(await outcome(start(none))).toEqual([3, false]);
  });

  it("takes a batch back for want of room with its repetitions, and appends it when it comes again", async () => {
    expect(await send(0, "a")).toEqual([0, false]);
    fileSystem.setCapacity(fileSystem.usedBytes + 10);
    const batch = producerBatch(fixture.clock, { baseSequence: 1 }, "b".repeat(100));
    const following = producerBatch(fixture.clock, { baseSequence: 2 }, "c");
    const sinks = [start(batch), start(batch, "leader"), start(following)];
    expect(await Promise.all(sinks.map(outcome))).toEqual(["DISK_FULL", "DISK_FULL", "DISK_FULL"]);
    // While there is no room: what the log has is known, what follows what was refused is refused for the same reason.
    expect(await send(0, "a")).toEqual([0, true]);
    expect(await outcome(start(following))).toBe("DISK_FULL");
    fileSystem.setCapacity(undefined);
    await fixture.untilRoom();
    expect(await outcome(start(following))).toBe("OUT_OF_ORDER_SEQUENCE");
    expect(await outcome(start(batch))).toEqual([1, false]);
    expect(await outcome(start(batch))).toEqual([1, true]);
    expect(await outcome(start(following))).toEqual([2, false]);
  });

  it("knows after a crash what was acknowledged before it", async () => {
    expect(await send(0, "a")).toEqual([0, false]);
    expect(await send(1, "b")).toEqual([1, false]);
    const crashed = fileSystem.crash();
    await fixture.registry.close();
    fixture = await RegistryFixture.open(crashed);
    await fixture.settle({ name: "a", leaderEpoch: 1 });
    expect(await send(0, "a")).toEqual([0, true]);
    expect(await send(1, "b")).toEqual([1, true]);
    expect(await send(3, "x")).toBe("OUT_OF_ORDER_SEQUENCE");
    expect(await send(2, "c")).toEqual([2, false]);
    expect(await values()).toEqual(["a", "b", "c"]);
  });

  it("says that nobody knows of a repetition whose first is not safe when leadership ends", async () => {
    const batch = producerBatch(fixture.clock, { baseSequence: 0 }, "a");
    const sinks = [start(batch), start(batch)];
    fixture.apply({ name: "a", leaderEpoch: 1, leader: null });
    expect(await Promise.all(sinks.map(outcome))).toEqual(["INDETERMINATE", "INDETERMINATE"]);
  });
});
