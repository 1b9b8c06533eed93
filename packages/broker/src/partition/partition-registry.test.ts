import { MemoryFileSystem } from "@sluice/log/testing";
import { leaderEpoch, offset, SluiceError } from "@sluice/model";
import { SeededRandom } from "@sluice/model/testing";
import { batchesIn, recordsIn } from "@sluice/record";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { brokerEpochOfTests, idOf, imageOf } from "../testing/image-of.js";
import { batchOf, KeepingSink, RegistryFixture } from "../testing/registry-fixture.js";
import type { PartitionRuntime } from "./partition-runtime.js";

function valuesIn(records: Buffer): string[] {
  return [...batchesIn(records)].flatMap((batch) => [...recordsIn(batch)].map((record) => String(record.value)));
}

describe("PartitionRegistry", () => {
  let fileSystem: MemoryFileSystem;
  let fixture: RegistryFixture;

  beforeEach(async () => {
    fileSystem = new MemoryFileSystem(new SeededRandom(1));
    fixture = await RegistryFixture.open(fileSystem);
  });

  afterEach(() => fixture.close());

  function led(topic = "a", partition = 0): PartitionRuntime {
    return fixture.registry.ledOrThrow(topic, partition);
  }

  function refusalOf(topic: string, partition: number): unknown {
    try {
      fixture.registry.ledOrThrow(topic, partition);
    } catch (error) {
      return (error as { code: unknown }).code;
    }
    return undefined;
  }

  function produce(...values: string[]): ReturnType<PartitionRuntime["produce"]> {
    return led().produce(batchOf(fixture.clock, ...values), { acks: "all" });
  }

  it("says of each partition that it does not lead why not", async () => {
    expect(refusalOf("a", 0)).toBe("LEADER_NOT_AVAILABLE");
    await fixture.settle(
      { name: "a" },
      { name: "other", leader: 2, replicas: [2] },
      { name: "none", leader: null },
      { name: "earlier", leaderBrokerEpoch: brokerEpochOfTests - 1 },
    );
    expect(led().leaderEpoch).toBe(0);
    expect(refusalOf("a", 1)).toBe("UNKNOWN_PARTITION");
    expect(refusalOf("a", -1)).toBe("UNKNOWN_PARTITION");
    expect(refusalOf("b", 0)).toBe("UNKNOWN_TOPIC");
    expect(refusalOf("b/../c", 0)).toBe("INVALID_TOPIC_NAME");
    expect(refusalOf("other", 0)).toBe("NOT_LEADER");
    expect(refusalOf("none", 0)).toBe("LEADER_NOT_AVAILABLE");
    expect(refusalOf("earlier", 0)).toBe("LEADER_NOT_AVAILABLE");
  });

  it("appends what is produced in order and reads it back", async () => {
    await fixture.settle({ name: "a" });
    const results = await Promise.all([produce("x", "y"), produce("z")]);
    expect(results.map((result) => result.baseOffset)).toEqual([0, 2]);
    expect(results[0]).toMatchObject({ leaderEpoch: 0, replicas: 1, replicasFlushed: 1, logStartOffset: 0 });
    const fetched = await led().fetch({ fromOffset: 1, sizeBytesMax: 1_000_000, waitMsMax: 0 });
    expect(valuesIn(fetched.records)).toEqual(["x", "y", "z"]);
    expect(fetched.highWatermark).toBe(3);
  });

  it("answers a flush=always produce only once a crash cannot take it", async () => {
    await fixture.settle({ name: "a" });
    const sink = new KeepingSink();
    // In the very call that answers: nothing that comes after it can have saved the record.
    sink.onProduced = () => {
      fileSystem = fileSystem.crash();
      sink.onRefused(new SluiceError("CANCELLED", { operation: "crashed" }));
    };
    const batch = batchOf(fixture.clock, "kept");
    led().startProduce({ batch, acks: "all", clientEpoch: undefined }, sink);
    await sink.settled();
    expect(sink.refused?.code).toBe("CANCELLED");
    await fixture.registry.close();
    fixture = await RegistryFixture.open(fileSystem);
    await fixture.settle({ name: "a", leaderEpoch: 1 });
    const { records } = await led().fetch({ fromOffset: 0, sizeBytesMax: 1_000_000, waitMsMax: 0 });
    expect(valuesIn(records)).toEqual(["kept"]);
  });

  it("parks a fetch at the end of the log until a record comes", async () => {
    await fixture.settle({ name: "a" });
    const fetching = led().fetch({ fromOffset: 0, sizeBytesMax: 1_000_000, waitMsMax: 60_000 });
    expect(fixture.registry.totals().parkedFetches).toBe(1);
    await produce("x");
    expect(valuesIn((await fetching).records)).toEqual(["x"]);
    expect([fixture.registry.totals().parkedFetches, fixture.timerCount]).toEqual([0, 0]);
  });

  it("answers a parked fetch with nothing when its wait is over", async () => {
    await fixture.settle({ name: "a" });
    const fetching = led().fetch({ fromOffset: 0, sizeBytesMax: 1_000_000, waitMsMax: 500 });
    fixture.clock.advance(500);
    expect((await fetching).records.length).toBe(0);
    expect(fixture.timerCount).toBe(0);
  });

  it("leaves nothing behind of a fetch whose caller went away", async () => {
    await fixture.settle({ name: "a" });
    const abort = new AbortController();
    const fetching = led().fetch({ fromOffset: 0, sizeBytesMax: 1, waitMsMax: 60_000, signal: abort.signal });
    abort.abort();
    await expect(fetching).rejects.toMatchObject({ code: "CANCELLED" });
    expect([fixture.registry.totals().parkedFetches, fixture.timerCount]).toEqual([0, 0]);
  });

  it("forgets a read for which its caller has no room", async () => {
    await fixture.settle({ name: "a" });
    await produce("x");
    const sink = new KeepingSink();
    sink.hasRoom = false;
    const request = { fromOffset: 0, sizeBytesMax: 1_000_000, waitMsMax: 60_000 };
    led().startFetch(request, sink);
    expect([sink.holds, fixture.timerCount]).toEqual([1, 0]);
    sink.hasRoom = true;
    led().startFetch(request, sink);
    await sink.settled();
    expect(valuesIn(sink.fetched?.records as Buffer)).toEqual(["x"]);
  });

  it("refuses fetches outside the log", async () => {
    await fixture.settle({ name: "a" });
    await produce("x");
    for (const fromOffset of [-1, 2, Number.NaN, Number.MAX_SAFE_INTEGER]) {
      const fetching = led().fetch({ fromOffset, sizeBytesMax: 1000, waitMsMax: 0 });
      await expect(fetching).rejects.toMatchObject({ code: "OFFSET_OUT_OF_RANGE" });
    }
  });

  it("refuses clients that know another epoch", async () => {
    await fixture.settle({ name: "a", leaderEpoch: 5 });
    const batch = batchOf(fixture.clock, "x");
    const refused = led().produce(batch, { acks: "all", clientEpoch: 4 });
    await expect(refused).rejects.toMatchObject({ code: "FENCED_LEADER_EPOCH" });
    const unknown = led().fetch({ fromOffset: 0, sizeBytesMax: 1, waitMsMax: 0, clientEpoch: 6 });
    await expect(unknown).rejects.toMatchObject({ code: "UNKNOWN_LEADER_EPOCH" });
    expect((await led().listOffset({ type: "latest" })).offset).toBe(0);
  });

  it("stops leading in the same tick as the image that says so, and answers what was pending", async () => {
    await fixture.settle({ name: "a" });
    const producing = produce("x");
    const fetching = led().fetch({ fromOffset: 0, sizeBytesMax: 1000, waitMsMax: 60_000 });
    fixture.apply({ name: "a", leaderEpoch: 1, leader: null });
    expect(refusalOf("a", 0)).toBe("LEADER_NOT_AVAILABLE");
    await expect(producing).rejects.toMatchObject({ code: "INDETERMINATE" });
    await expect(fetching).rejects.toMatchObject({ code: "NOT_LEADER" });
  });

  it("leads again in a new epoch, with what was appended in the old one", async () => {
    await fixture.settle({ name: "a" });
    const pending = produce("x").catch(() => undefined);
    await fixture.settle({ name: "a", leaderEpoch: 1 });
    await pending;
    expect(led().leaderEpoch).toBe(1);
    expect(await produce("y")).toMatchObject({ baseOffset: 1, leaderEpoch: 1 });
  });

  it("carries out the newest of several changes, and never leads in an epoch that is over", async () => {
    fixture.apply({ name: "a", leaderEpoch: 1 });
    fixture.apply({ name: "a", leaderEpoch: 2, leader: null });
    await fixture.settle({ name: "a", leaderEpoch: 3 });
    expect(led().leaderEpoch).toBe(3);
    fixture.apply({ name: "a", leaderEpoch: 4 });
    await fixture.settle({ name: "a", leaderEpoch: 5, leader: null });
    expect(refusalOf("a", 0)).toBe("LEADER_NOT_AVAILABLE");
  });

  it("takes the role of a change that comes in whatever moment of the one before", async () => {
    await fixture.settle({ name: "a" });
    for (let turns = 0; turns < 40; turns += 1) {
      fixture.apply({ name: "a", leaderEpoch: 2 * turns + 1 });
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      await fixture.settle({ name: "a", leaderEpoch: 2 * turns + 2 });
      expect(led().leaderEpoch, `after ${turns} turns`).toBe(2 * turns + 2);
    }
  });

  it("deletes the files of a topic that is gone, and starts anew under the same name", async () => {
    await fixture.settle({ name: "a" });
    await produce("old");
    await fixture.settle();
    expect(refusalOf("a", 0)).toBe("UNKNOWN_TOPIC");
    expect(await fixture.logDirectory.partitions()).toEqual([]);
    await fixture.settle({ name: "a", incarnation: 1 });
    expect(await produce("new")).toMatchObject({ baseOffset: 0 });
  });

  it("has no role in a topic that the store has forgotten, and keeps its files for when it is there again", async () => {
    const { fileSystem: disk, registry, logDirectory } = fixture;
    let taken = 0;
    registry.onReplicaTaken = () => {
      taken += 1;
    };
    await fixture.settle({ name: "a", config: { "retention.ms": "1000" } }, { name: "b" });
    await produce("kept");
    const fetching = led().fetch({ fromOffset: 1, sizeBytesMax: 1000, waitMsMax: 60_000 });
    const forgetting = fixture.settleForgotten({ name: "b" });
    expect(refusalOf("a", 0)).toBe("UNKNOWN_TOPIC");
    await expect(fetching).rejects.toMatchObject({ code: "UNKNOWN_TOPIC" });
    await forgetting;
    expect([taken, registry.totals().led, registry.offlineReplicas()]).toEqual([1, 1, []]);
    // Its log is closed: not even its retention takes anything.
    fixture.clock.advance(10_000);
    await logDirectory.runHousekeeping();
    expect(await logDirectory.partitions()).toHaveLength(2);
    expect(await disk.list(`/data/${idOf({ name: "a" })}-0`)).not.toEqual([]);
    await fixture.settle({ name: "a" }, { name: "b" });
    expect(await produce("more")).toMatchObject({ baseOffset: 1 });
    await fixture.settle({ name: "b" });
    expect(await logDirectory.partitions()).toMatchObject([{ topicId: idOf({ name: "b" }) }]);
  });

  it("keeps the files of a forgotten topic apart from those of another one of that name", async () => {
    await fixture.settle({ name: "a" });
    await produce("old");
    await fixture.settleForgotten({ name: "a", incarnation: 1 });
    expect(await produce("new")).toMatchObject({ baseOffset: 0 });
    expect(await fixture.logDirectory.partitions()).toHaveLength(2);
    await fixture.settle({ name: "a" });
    expect(valuesIn((await led().fetch({ fromOffset: 0, sizeBytesMax: 1000, waitMsMax: 0 })).records)).toEqual(["old"]);
    expect(await fixture.logDirectory.partitions()).toMatchObject([{ topicId: idOf({ name: "a" }) }]);
  });

  it("removes nothing while it distrusts the store, which counts as restored", async () => {
    await fixture.settle({ name: "a" });
    await produce("x");
    const deleted = imageOf(100, [], { deleted: [idOf({ name: "a" })] });
    fixture.registry.apply(deleted, brokerEpochOfTests, false);
    await fixture.registry.settled();
    expect(await fixture.logDirectory.partitions()).toHaveLength(1);
  });

  it("opens what comes back while it is being closed, whatever the moment", async () => {
    await fixture.settle({ name: "a" });
    for (let turns = 0; turns < 40; turns += 1) {
      const forgetting = fixture.settleForgotten();
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      await fixture.settle({ name: "a", leaderEpoch: turns + 1 });
      await forgetting;
      expect(await produce("x"), `after ${turns} turns`).toMatchObject({ baseOffset: turns, leaderEpoch: turns + 1 });
    }
  });

  it("leaves the files of a topic that is deleted while the broker is being closed to the next start", async () => {
    await fixture.settle({ name: "a" });
    await produce("x");
    const closing = fixture.close();
    fixture.apply();
    await closing;
    fixture = await RegistryFixture.open(fileSystem);
    expect(await fixture.logDirectory.partitions()).toHaveLength(1);
  });

  it("removes a stray that no image gives to this broker, and never what one does", async () => {
    await fixture.settle({ name: "a" }, { name: "b" });
    await produce("x");
    await fixture.close();
    fixture = await RegistryFixture.open(fileSystem);
    await fixture.settle({ name: "b" });
    const [stray, kept] = [idOf({ name: "a" }), idOf({ name: "b" })];
    await fixture.registry.removeStray({ topicId: kept, partition: 0 });
    expect(await fixture.logDirectory.partitions()).toHaveLength(2);
    await fixture.registry.removeStray({ topicId: stray, partition: 0 });
    expect(await fixture.logDirectory.partitions()).toMatchObject([{ topicId: kept }]);
  });

  it("opens what is moved back while its stray is being removed, and begins with nothing", async () => {
    await fixture.settle({ name: "a" });
    await produce("x");
    await fixture.close();
    fixture = await RegistryFixture.open(fileSystem);
    await fixture.settle();
    const removal = fixture.registry.removeStray({ topicId: idOf({ name: "a" }), partition: 0 });
    await fixture.settle({ name: "a", leaderEpoch: 1 });
    await removal;
    expect(await produce("y")).toMatchObject({ baseOffset: 0 });
  });

  it("takes all partitions offline when their disk fails, and goes on reading them", async () => {
    await fixture.settle({ name: "a" }, { name: "b" });
    await produce("x");
    fileSystem.failNext("syncData", "EIO");
    await expect(produce("y")).rejects.toMatchObject({ code: "INDETERMINATE" });
    await expect(produce("z")).rejects.toMatchObject({ code: "PARTITION_OFFLINE" });
    const fetched = await led().fetch({ fromOffset: 0, sizeBytesMax: 1000, waitMsMax: 0 });
    expect(valuesIn(fetched.records)).toEqual(["x"]);
    const other = led("b").produce(batchOf(fixture.clock, "x"), { acks: "all" });
    await expect(other).rejects.toMatchObject({ code: "PARTITION_OFFLINE" });
  });

  it("refuses with DISK_FULL what there is no room for, goes on reading, and appends again when there is room", async () => {
    await fixture.settle({ name: "a" });
    await produce("x");
    fileSystem.setCapacity(fileSystem.usedBytes + 10);
    await expect(produce("y".repeat(100))).rejects.toMatchObject({ code: "DISK_FULL" });
    await expect(produce("z")).rejects.toMatchObject({ code: "DISK_FULL" });
    const fetched = await led().fetch({ fromOffset: 0, sizeBytesMax: 1000, waitMsMax: 0 });
    expect(valuesIn(fetched.records)).toEqual(["x"]);
    fileSystem.setCapacity(undefined);
    await fixture.untilRoom();
    expect(await produce("w")).toMatchObject({ baseOffset: 1 });
  });

  it("answers acks=none without waiting for the disk", async () => {
    await fixture.settle({ name: "a" });
    const sink = new KeepingSink();
    const batch = batchOf(fixture.clock, "x");
    led().startProduce({ batch, acks: "none", clientEpoch: undefined }, sink);
    expect(sink.produced).toMatchObject({ baseOffset: 0, replicasFlushed: 0 });
  });

  it("finds offsets: the first, the next, and by time exact to the record", async () => {
    await fixture.settle({ name: "a" });
    const startMs = fixture.clock.nowMs();
    await produce("x", "y");
    fixture.clock.advance(1000);
    await produce("z");
    const answers = await Promise.all([
      led().listOffset({ type: "earliest" }),
      led().listOffset({ type: "latest" }),
      led().listOffset({ type: "timestamp", timestampMs: startMs + 1 }),
      led().listOffset({ type: "timestamp", timestampMs: startMs + 1001 }),
    ]);
    expect(answers.map((answer) => [answer.offset, answer.timestampMs])).toEqual([
      [0, -1],
      [3, -1],
      [2, startMs + 1000],
      [3, -1],
    ]);
  });

  it("reads everything committed at the time of the call, and refuses to go on after leadership ended", async () => {
    await fixture.settle({ name: "a" });
    await produce("x");
    await produce("y");
    const reading = led().readCommitted(offset(1));
    await produce("z");
    const read: string[] = [];
    for await (const chunk of reading) read.push(...valuesIn(chunk));
    expect(read).toEqual(["y"]);

    const late = led().readCommitted();
    fixture.apply({ name: "a", leaderEpoch: 1, leader: null });
    await expect(late[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "LEADER_NOT_AVAILABLE" });
  });

  it("tells of leaderships that began, those before the watch too, and of their ends", async () => {
    await fixture.settle({ name: "a" }, { name: "b", leader: null });
    const told: string[] = [];
    const unwatch = fixture.registry.watchLeadership({
      onLeading: (partition, epoch) => told.push(`${partition.topic} leads in ${epoch}`),
      onResigned: (partition) => told.push(`${partition.topic} resigned`),
    });
    await fixture.settle({ name: "a", leaderEpoch: 1 }, { name: "b", leaderEpoch: 1 });
    await fixture.settle({ name: "b", leaderEpoch: 1 });
    unwatch();
    await fixture.settle({ name: "b", leaderEpoch: 2 });
    expect(told).toEqual(["a leads in 0", "a resigned", "a leads in 1", "b leads in 1", "a resigned"]);
    expect(fixture.registry.totals()).toMatchObject({ led: 1, offline: 0 });
  });

  it("refuses everything once it is closed, and what was acknowledged is there at the next start", async () => {
    await fixture.settle({ name: "a" });
    await produce("x");
    const fetching = led().fetch({ fromOffset: 1, sizeBytesMax: 1000, waitMsMax: 60_000 });
    const runtime = led();
    const closing = fixture.close();
    await expect(fetching).rejects.toMatchObject({ code: "BROKER_STOPPING" });
    expect(refusalOf("a", 0)).toBe("BROKER_STOPPING");
    const late = runtime.produce(batchOf(fixture.clock, "y"), { acks: "all" });
    await expect(late).rejects.toMatchObject({ code: "BROKER_STOPPING" });
    await closing;
    fixture = await RegistryFixture.open(fileSystem);
    expect(fixture.logDirectory.wasClean).toBe(true);
    await fixture.settle({ name: "a", leaderEpoch: 1 });
    expect((await led().listOffset({ type: "latest" })).offset).toBe(1);
    expect(led().leaderEpoch).toBe(leaderEpoch(1));
  });
});
