/** One partition on three brokers: registries, logs and state machines as in production, over a network that the test drives. */

import { offset } from "@sluice/model";
import { batchesIn, recordsIn } from "@sluice/record";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { batchOf, KeepingSink } from "../testing/registry-fixture.js";
import { ReplicatedPartitionFixture, replicaIds } from "../testing/replicated-partition.js";
import type { PartitionRuntime } from "./partition-runtime.js";

function valuesIn(records: Buffer): string[] {
  return [...batchesIn(records)].flatMap((batch) => [...recordsIn(batch)].map((record) => String(record.value)));
}

describe("a partition on three brokers", () => {
  let fixture: ReplicatedPartitionFixture;

  beforeEach(async () => {
    fixture = await ReplicatedPartitionFixture.open();
    await lead(1);
  });
  afterEach(() => fixture.close());

  function led(): PartitionRuntime {
    const runtime = fixture.led;
    if (runtime === undefined) throw new Error("nobody leads");
    return runtime;
  }

  /** Elects that broker, and waits until it leads. */
  async function lead(id: number): Promise<void> {
    fixture.elect(id);
    fixture.tellAll();
    await fixture.until(() => fixture.led !== undefined);
  }

  function produce(value: string, acks: "all" | "leader" = "all"): KeepingSink {
    const sink = new KeepingSink();
    led().startProduce({ batch: batchOf(fixture.clock, value), acks, clientEpoch: undefined }, sink);
    return sink;
  }

  async function acknowledged(value: string): Promise<KeepingSink> {
    const sink = produce(value);
    await fixture.until(() => sink.produced !== undefined || sink.refused !== undefined);
    expect(sink.refused).toBeUndefined();
    return sink;
  }

  /** What the log of that broker holds, committed or not. */
  async function logOf(id: number): Promise<string[]> {
    const broker = fixture.broker(id);
    const [name] = (await broker?.logDirectory.partitions()) ?? [];
    if (broker === undefined || name === undefined) throw new Error(`broker ${id} has no log`);
    const description = broker.registry.describeReplica(name);
    const read = broker.registry.replicatedOrThrow(name);
    const values: string[] = [];
    for (let from = description?.logStartOffset ?? offset(0); from < (description?.logEndOffset ?? 0); ) {
      const { records, nextOffset } = await read.readForReplica(from, 1000);
      values.push(...valuesIn(records));
      from = nextOffset;
    }
    return values;
  }

  it("acknowledges when all in-sync replicas have it on their disks, and says so", async () => {
    const sink = produce("a");
    await fixture.turn();
    expect(sink.produced).toBeUndefined();
    await fixture.until(() => sink.produced !== undefined);
    expect(sink.produced).toMatchObject({ baseOffset: 0, replicas: 3, replicasFlushed: 3 });
    for (const id of replicaIds) expect(await logOf(id)).toEqual(["a"]);
  });

  it("tells followers what is committed", async () => {
    await acknowledged("a");
    await acknowledged("b");
    await fixture.until(() => replicaIds.every((id) => highWatermarkOf(id) === 2));
  });

  function highWatermarkOf(id: number): number | undefined {
    return [...(fixture.broker(id)?.registry.describeReplicas() ?? [])][0]?.highWatermark;
  }

  it("goes on without a follower that is gone, and takes it back when it has caught up", async () => {
    await acknowledged("a");
    await fixture.end(3, "kill");
    const sink = await acknowledged("b");
    expect([sink.produced?.replicas, fixture.record.inSyncReplicas]).toEqual([2, [1, 2]]);
    await fixture.start(3);
    await fixture.until(() => fixture.record.inSyncReplicas.length === 3);
    expect(await logOf(3)).toEqual(["a", "b"]);
  });

  it("takes a follower that lags out, which costs nothing that was acknowledged", async () => {
    fixture.network.cut(1, 3);
    const sink = produce("a");
    await fixture.until(() => fixture.record.inSyncReplicas.length === 2);
    await fixture.until(() => sink.produced !== undefined);
    expect(fixture.record.inSyncReplicas).toEqual([1, 2]);
    fixture.network.heal(1, 3);
    await fixture.until(() => fixture.record.inSyncReplicas.length === 3);
  });

  it("does not wait for a follower whose disk is full", async () => {
    await acknowledged("a");
    const disk = fixture.broker(3)?.fileSystem;
    disk?.failAlways("write", "ENOSPC");
    const beforeMs = fixture.clock.monotonicMs();
    const sink = await acknowledged("b");
    expect([sink.produced?.replicas, fixture.record.inSyncReplicas]).toEqual([2, [1, 2]]);
    // It asked to be let go: nobody has waited until it had lagged too long.
    expect(fixture.clock.monotonicMs() - beforeMs).toBeLessThan(1000);
    expect(await logOf(3)).toEqual(["a"]);
    disk?.clearFailures();
  });

  it("refuses acks=all with too few in-sync replicas, and acknowledges again when there are enough", async () => {
    await fixture.end(2, "kill");
    await fixture.end(3, "kill");
    await fixture.until(() => fixture.record.inSyncReplicas.length === 1);
    expect(fixture.record.eligibleLeaderReplicas.length).toBeGreaterThan(0);
    const refused = produce("a");
    await fixture.turn();
    expect(refused.refused?.code).toBe("NOT_ENOUGH_REPLICAS");
    await fixture.start(2);
    await fixture.until(() => fixture.record.inSyncReplicas.length === 2);
    await acknowledged("b");
  });

  it("cuts what an old leader alone has, and keeps what was acknowledged", async () => {
    await acknowledged("kept");
    fixture.network.cut(1, 2);
    fixture.network.cut(1, 3);
    const lost = produce("lost");
    await fixture.turn();
    fixture.elect(2);
    fixture.tell(2);
    fixture.tell(3);
    await fixture.until(() => fixture.led !== undefined);
    const stays = produce("stays");
    await fixture.until(() => fixture.record.inSyncReplicas.length === 2);
    await fixture.until(() => stays.produced !== undefined);
    fixture.network.heal(1, 2);
    fixture.network.heal(1, 3);
    fixture.tell(1);
    await fixture.until(() => fixture.record.inSyncReplicas.length === 3);
    expect(lost.refused?.code).toBe("INDETERMINATE");
    for (const id of replicaIds) expect(await logOf(id)).toEqual(["kept", "stays"]);
  });

  it("sends followers what is appended where a record was cut before", async () => {
    // Only its own leader ever had it.
    produce("lost");
    await fixture.turn();
    fixture.network.cut(1, 3);
    await lead(2);
    await fixture.until(() => endOf(1) === 0);
    fixture.network.heal(1, 3);
    await lead(1);
    await acknowledged("kept");
    for (const id of replicaIds) expect(await logOf(id)).toEqual(["kept"]);
  });

  function endOf(id: number): number | undefined {
    return [...(fixture.broker(id)?.registry.describeReplicas() ?? [])][0]?.logEndOffset;
  }

  it("stops leading when a follower is in a newer epoch, before the store has told it", async () => {
    fixture.elect(2);
    fixture.tell(2);
    fixture.tell(3);
    expect(fixture.runtime(1)?.leaderEpoch).toBe(1);
    await fixture.until(() => fixture.led !== undefined);
    expect(fixture.runtime(1)).toBeUndefined();
  });

  it("serves what was committed after all have restarted, before the others are heard of", async () => {
    await acknowledged("a");
    await fixture.until(() => replicaIds.every((id) => highWatermarkOf(id) === 1));
    for (const id of replicaIds) {
      const broker = fixture.broker(id);
      await broker?.registry.close();
      await broker?.logDirectory.close();
      await fixture.end(id, "kill");
    }
    await fixture.start(1);
    await lead(1);
    const fetched = await led().fetch({ fromOffset: 0, sizeBytesMax: 1000, waitMsMax: 0 });
    expect(valuesIn(fetched.records)).toEqual(["a"]);
  });

  it("copies everything to a replica that has lost its disk, which leads nothing meanwhile", async () => {
    for (const value of ["a", "b", "c"]) await acknowledged(value);
    await fixture.end(3, "kill");
    await acknowledged("d");
    fixture.loseDisk(3);
    await fixture.start(3);
    expect(fixture.record.inSyncReplicas).not.toContain(3);
    await fixture.until(() => fixture.record.inSyncReplicas.length === 3);
    expect(await logOf(3)).toEqual(["a", "b", "c", "d"]);
  });

  it("begins anew where the leader's log begins, inside a batch if need be", async () => {
    await fixture.end(3, "kill");
    const builder = [batchOf(fixture.clock, "a", "b", "c"), batchOf(fixture.clock, "d")];
    for (const batch of builder) {
      const sink = new KeepingSink();
      led().startProduce({ batch, acks: "all", clientEpoch: undefined }, sink);
      await fixture.until(() => sink.produced !== undefined);
    }
    expect(await led().deleteRecordsBefore(2)).toBe(2);
    fixture.loseDisk(3);
    await fixture.start(3);
    await fixture.until(() => fixture.record.inSyncReplicas.length === 3);
    const [description] = fixture.broker(3)?.registry.describeReplicas() ?? [];
    expect([description?.logStartOffset, description?.logEndOffset]).toEqual([2, 4]);
    expect(await logOf(3)).toEqual(["a", "b", "c", "d"]);
  });

  it("hands leadership over when the candidate has everything, and refuses appends meanwhile", async () => {
    const sink = produce("a");
    let readyIn: number | undefined;
    led().startHandover(2 as never, (epoch) => {
      readyIn = epoch;
    });
    const refused = produce("b");
    await fixture.turn();
    expect([readyIn, refused.refused?.code]).toEqual([undefined, "LEADER_NOT_AVAILABLE"]);
    await fixture.until(() => readyIn !== undefined);
    expect([readyIn, sink.produced?.baseOffset]).toEqual([1, 0]);
    led().endHandover();
    await acknowledged("c");
  });
});
