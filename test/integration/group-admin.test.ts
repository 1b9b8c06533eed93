/** Groups against a real cluster of three brokers, over the wire: how they are looked at, moved, copied, and forgotten. */

import { type Admin, type Consumer, isSluiceError, type Sluice } from "@sluice/client";
import { startTestCluster } from "@sluice/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { until } from "../support/program.js";

const groupId = "billing";

/** A client of a cluster with topic `orders`, 2 partitions with 10 messages each, and `refunds`, 1 with 5. */
async function start(config: object = {}): Promise<{ readonly sluice: Sluice; readonly admin: Admin }> {
  const cluster = await startTestCluster({ brokers: 3, config });
  onTestFinished(() => cluster.close());
  const sluice = cluster.createClient();
  const admin = sluice.admin();
  await admin.createTopics({
    topics: [
      { topic: "orders", numPartitions: 2 },
      { topic: "refunds", numPartitions: 1 },
    ],
  });
  const producer = sluice.producer();
  const messages = (count: number, partition: number) =>
    Array.from({ length: count }, (_, index) => ({ value: `${index}`, partition }));
  await producer.send({ topic: "orders", messages: [...messages(10, 0), ...messages(10, 1)] });
  await producer.send({ topic: "refunds", messages: messages(5, 0) });
  return { sluice, admin };
}

/** A member that processes all there is, and goes on. */
async function member(sluice: Sluice, topics: readonly string[]): Promise<Consumer> {
  const consumer = sluice.consumer({ groupId, startFrom: "earliest", autoCommitInterval: 20 });
  await consumer.subscribe({ topics: [...topics] });
  await consumer.run({ eachMessage: async () => undefined });
  return consumer;
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "fulfilled",
    (error: unknown) => (isSluiceError(error) ? error.code : String(error)),
  );

describe("a group", () => {
  it("is looked at, moved as planned, copied and deleted", { timeout: 60_000 }, async () => {
    const { sluice, admin } = await start();
    const consumer = await member(sluice, ["orders", "refunds"]);
    await until(async () => {
      const { partitions } = await admin.fetchLag({ groupId }).catch(() => ({ partitions: [] }));
      return partitions.length === 3 && partitions.every(({ lag }) => lag === 0);
    });
    const description = await admin.describeGroup(groupId);
    expect(description).toMatchObject({ state: "stable", members: [{ topics: ["orders", "refunds"] }] });
    expect((await admin.fetchLag({ groupId })).partitions[0]?.memberId).toBe(description.members[0]?.memberId);

    // While it runs, nothing of it is changed.
    expect(await codeOf(admin.resetOffsets({ groupId, to: "earliest" }))).toBe("GROUP_NOT_EMPTY");
    expect(await codeOf(admin.importOffsets({ groupId, text: "orders,0,1" }))).toBe("GROUP_NOT_EMPTY");
    expect(await codeOf(admin.deleteOffsets({ groupId, topics: ["refunds"] }))).toBe("GROUP_NOT_EMPTY");
    expect(
      await codeOf(admin.setOffsets({ groupId, topic: "orders", partitions: [{ partition: 0, offset: "1" }] })),
    ).toBe("GROUP_NOT_EMPTY");
    expect(await codeOf(admin.deleteGroups([groupId]))).toBe("GROUP_NOT_EMPTY");
    await consumer.disconnect();

    const plan = await admin.resetOffsets({ groupId, to: { last: 3 }, dryRun: true });
    expect(
      plan.map(({ topic, partition, current, target, replayed }) => [topic, partition, current, target, replayed]),
    ).toEqual([
      ["orders", 0, 10, 7, 3],
      ["orders", 1, 10, 7, 3],
      ["refunds", 0, 5, 2, 3],
    ]);
    await admin.executeReset({ groupId, plan });
    expect(await admin.exportOffsets({ groupId })).toBe("orders,0,7\norders,1,7\nrefunds,0,2\n");
    await admin.executeReset({ groupId, plan });
    await admin.setOffsets({ groupId, topic: "refunds", partitions: [{ partition: 0, offset: "4" }] });
    // The plan is not true any more: all of it is refused.
    expect(await codeOf(admin.executeReset({ groupId, plan }))).toBe("OFFSETS_CHANGED");
    expect(await admin.exportOffsets({ groupId })).toBe("orders,0,7\norders,1,7\nrefunds,0,4\n");
    const lag = await admin.fetchLag({ groupId });
    expect(lag.lag).toBe(7);
    expect(lag.timeLagMs).toBeGreaterThan(0);

    const text = await admin.exportOffsets({ groupId, format: "json" });
    await admin.importOffsets({ groupId: "copy", text });
    await admin.resetOffsets({ groupId: "second-copy", to: { group: groupId } });
    for (const copy of ["copy", "second-copy"])
      expect(await admin.exportOffsets({ groupId: copy })).toBe("orders,0,7\norders,1,7\nrefunds,0,4\n");
    expect((await admin.listGroups()).groups.map((group) => group.groupId)).toEqual([groupId, "copy", "second-copy"]);

    await admin.deleteOffsets({ groupId: "copy", topics: ["refunds", { topic: "orders", partitions: [1] }] });
    expect(await admin.exportOffsets({ groupId: "copy" })).toBe("orders,0,7\n");
    await admin.deleteGroups(["copy", "second-copy"]);
    expect(await codeOf(admin.describeGroup("copy"))).toBe("UNKNOWN_GROUP");

    await admin.deleteTopics({ topics: ["orders"] });
    await until(async () => (await admin.exportOffsets({ groupId })) === "refunds,0,4\n");
  });

  it("that nobody uses is forgotten, and one with a member is not", { timeout: 60_000 }, async () => {
    const { sluice, admin } = await start({
      groupOffsetsRetentionMs: 1000,
      groupOffsetsRetentionCheckIntervalMs: 100,
    });
    const consumer = await member(sluice, ["refunds"]);
    await admin.setOffsets({ groupId: "idle", topic: "orders", partitions: [{ partition: 0, offset: 1 }] });
    await until(async () => (await admin.listGroups()).groups.every((group) => group.groupId !== "idle"));
    expect(await admin.fetchOffsets({ groupId: "idle" })).toEqual([]);
    expect((await admin.describeGroup(groupId)).members).toHaveLength(1);
    await consumer.disconnect();
    await until(async () => (await admin.listGroups()).groups.length === 0);
  });

  it("reads a topic that is made again under its name from its beginning", { timeout: 60_000 }, async () => {
    const { sluice, admin } = await start();
    const seen: string[] = [];
    const consumer = sluice.consumer({ groupId, startFrom: "earliest", autoCommitInterval: 20 });
    await consumer.subscribe({ topics: ["refunds", "orders"] });
    await consumer.run({
      eachMessage: async ({ topic, message }) => {
        if (topic === "refunds") seen.push(`${message.offset} ${message.value}`);
      },
    });
    await until(async () => (await admin.exportOffsets({ groupId }).catch(() => "")).includes("refunds,0,5"));
    await admin.deleteTopics({ topics: ["refunds"] });
    await admin.createTopics({ topics: [{ topic: "refunds", numPartitions: 1 }] });
    await sluice.producer().send({ topic: "refunds", messages: [{ value: "new" }] });
    await until(async () => seen.includes("0 new"));
    await until(async () => (await admin.exportOffsets({ groupId })).includes("refunds,0,1"));
    expect((await admin.describeGroup(groupId)).members).toHaveLength(1);
    await consumer.disconnect();
  });
});
