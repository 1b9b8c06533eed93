import { groupOffsetsTopic, SluiceError } from "@sluice/model";
import { groupsService } from "@sluice/protocol";
import { describe, expect, it } from "vitest";
import { CoordinatorFixture, group } from "./testing/coordinator-fixture.js";
import { FakeOffsetsLog } from "./testing/fake-offsets-log.js";
import { type TopicUser, TopicUsers } from "./topic-users.js";

const code = (expected: string): unknown => expect.objectContaining({ code: expected });
const broken = new SluiceError("CANCELLED", { operation: "x" });
const offsets = { name: groupOffsetsTopic };
const place = (partition: number, topic = "t") => ({ topic, partition });
const at = (partition: number, offset: number, topic = "t") => ({
  ...place(partition, topic),
  offset,
  leaderEpochPlusOne: 0,
  metadata: "",
});

async function pass(fixture: CoordinatorFixture, ms: number): Promise<void> {
  fixture.clock.advance(ms);
  await fixture.settled();
}

describe("a group that nobody uses", () => {
  it("is forgotten after the retention time, for good, and is said to be so before", async () => {
    const fixture = await new CoordinatorFixture().lead();
    await fixture.commit();
    await pass(fixture, 90_000);
    expect(fixture.logged).toEqual([`warn: committed offsets of an idle group will soon be forgotten (${group})`]);
    await pass(fixture, 9999);
    expect(await fixture.fetch()).toEqual(["t-0@42"]);
    await pass(fixture, 1);
    expect(await fixture.fetch()).toEqual([]);
    expect(fixture.logged).toEqual([
      `warn: committed offsets of an idle group will soon be forgotten (${group})`,
      `info: idle group is forgotten (${group})`,
    ]);
    expect(await fixture.call(groupsService.list, {})).toEqual({ groups: [] });
    const next = await new CoordinatorFixture(fixture.log).lead(2);
    expect(await next.call(groupsService.list, {})).toEqual({ groups: [] });
  });

  it("is not: it has a member, however little that one commits", async () => {
    const fixture = await new CoordinatorFixture().lead();
    await fixture.commit();
    const member = await (await fixture.session().join()).acknowledge();
    for (let second = 0; second < 300; second += 5) {
      await pass(fixture, 5000);
      await member.heartbeat();
    }
    expect(await fixture.fetch()).toEqual(["t-0@42"]);
    await member.send({ event: "leave", leave: {} });
    await pass(fixture, 99_000);
    expect(await fixture.fetch()).toEqual(["t-0@42"]);
    await pass(fixture, 1000);
    expect(await fixture.fetch()).toEqual([]);
  });

  it("is counted on from where the last coordinator was, whatever this one's own clock has run", async () => {
    const first = await new CoordinatorFixture().lead();
    await first.commit();
    const member = await (await first.session().join()).acknowledge();
    await pass(first, 7000);
    await member.send({ event: "leave", leave: {} });
    const second = await new CoordinatorFixture(first.log).lead(2);
    await pass(second, 106_000);
    expect(await second.fetch()).toEqual(["t-0@42"]);
    await pass(second, 1000);
    expect(await second.fetch()).toEqual([]);
  });

  it("stays while the disk is full, and goes when there is room", async () => {
    const fixture = await new CoordinatorFixture().lead();
    await fixture.commit();
    fixture.log.appendRefusal = new SluiceError("DISK_FULL", { path: "/" });
    await pass(fixture, 120_000);
    expect(await fixture.fetch()).toEqual(["t-0@42"]);
    fixture.log.appendRefusal = undefined;
    await pass(fixture, 1000);
    expect(await fixture.fetch()).toEqual([]);
  });

  it("is left alone while its records are being read", async () => {
    const log = new FakeOffsetsLog(0);
    const first = await new CoordinatorFixture(log).lead();
    await first.commit();
    let isRead = (): void => undefined;
    log.readGate = new Promise((resolve) => {
      isRead = resolve;
    });
    const second = await new CoordinatorFixture(log).lead(2);
    await pass(second, 200_000);
    isRead();
    await second.settled();
    expect(await second.fetch()).toEqual(["t-0@42"]);
    await pass(second, 1000);
    expect(await second.fetch()).toEqual([]);
  });
});

describe("topics that change", () => {
  it("are given out when they are made or grow, to whoever wants them", async () => {
    const fixture = await new CoordinatorFixture().lead();
    const early = await (await fixture.session().join({ topics: ["u"] })).acknowledge();
    expect(early.lastAssignment.partitions).toEqual([]);
    fixture.setImage(offsets, { name: "t", partitions: 4 }, { name: "u", partitions: 1 });
    await fixture.settled();
    expect(early.lastAssignment.partitions).toEqual([place(0, "u")]);
    await early.acknowledge();
    fixture.setImage(offsets, { name: "t", partitions: 4 }, { name: "u", partitions: 3 });
    await fixture.settled();
    expect(early.lastAssignment.partitions).toEqual([place(0, "u"), place(1, "u"), place(2, "u")]);
  });

  it("are known to groups that did not use them before", async () => {
    const fixture = await new CoordinatorFixture().lead();
    const member = await (await fixture.session().join()).acknowledge();
    fixture.setImage(offsets, { name: "t", partitions: 4 }, { name: "u", partitions: 1 });
    await member.send({ event: "resubscribe", resubscribe: { topics: ["t", "u"] } });
    expect(member.lastAssignment.partitions).toHaveLength(5);
    await member.acknowledge();
    const who = { memberId: member.memberId, generationPlusOne: member.lastAssignment.generation + 1 };
    await fixture.commit({ ...who, offsets: [at(0, 3, "u")] });
    expect(await fixture.fetch()).toEqual(["u-0@3"]);
  });

  it("take what is committed with them when they are deleted, and begin anew under the same name", async () => {
    const fixture = await new CoordinatorFixture().lead();
    await fixture.commit();
    fixture.setImage(offsets);
    await fixture.settled();
    expect(await fixture.fetch()).toEqual([]);
    fixture.setImage(offsets, { name: "t", partitions: 4 });
    await fixture.commit();
    fixture.setImage(offsets, { name: "t", partitions: 4, incarnation: 2 });
    await fixture.settled();
    expect(await fixture.fetch()).toEqual([]);
    const next = await new CoordinatorFixture(fixture.log).lead(2);
    expect(await next.fetch()).toEqual([]);
  });

  it("concern the groups that use them, and no others", () => {
    const users = new TopicUsers();
    const told: string[] = [];
    const user = (name: string, isDisused = false): TopicUser => ({
      group: name,
      topicsChanged: () => void told.push(name),
      maybeDisuseTopic: () => isDisused,
    });
    const [ab, b, gone] = [user("ab"), user("b", true), user("gone")];
    for (const [topic, one] of [
      ["a", ab],
      ["b", ab],
      ["b", b],
      ["b", gone],
      ["b", b],
    ] as const)
      users.add(topic, one);
    users.remove(gone);
    users.topicsChanged(["a", "b", "c"], () => true);
    expect(told.splice(0).sort()).toEqual(["ab", "b"]);
    users.topicsChanged(["a"], () => true);
    expect(told.splice(0)).toEqual(["ab"]);
    // Of a topic that is gone for good, only those hear again that may still want it.
    users.topicsChanged(["b"], () => false);
    users.topicsChanged(["b"], () => true);
    expect(told.splice(0).sort()).toEqual(["ab", "ab", "b"]);
  });

  it("cost nothing in the log of a group that does not use them", async () => {
    const fixture = await new CoordinatorFixture().lead();
    await (await fixture.session().join()).acknowledge();
    const before = fixture.log.batches.length;
    fixture.setImage(offsets, { name: "t", partitions: 4 }, { name: "u", partitions: 9 });
    fixture.setImage(offsets, { name: "t", partitions: 4 });
    await fixture.settled();
    expect(fixture.log.batches.length).toBe(before);
  });
});

describe("a member", () => {
  it("that asks for other topics before its join is answered gets them", async () => {
    const fixture = await new CoordinatorFixture(undefined, [
      { name: "t", partitions: 2 },
      { name: "u", partitions: 1 },
    ]).lead();
    fixture.log.isHeld = true;
    const member = await fixture.session().join();
    await member.send({ event: "resubscribe", resubscribe: { topics: ["u"] } });
    fixture.log.release();
    await fixture.settled();
    await member.acknowledge();
    await member.acknowledge();
    expect(member.lastAssignment.partitions).toEqual([place(0, "u")]);
  });

  it("is told why topics that it asks for are refused, and may come back", async () => {
    const fixture = await new CoordinatorFixture().lead();
    const member = await (await fixture.session().join()).acknowledge();
    await member.send({ event: "resubscribe", resubscribe: { topics: ["a b"] } });
    expect(member.error).toContain("'a b' is not a topic name");
    expect(member.stream.hasEnded).toBe(true);
    const again = await fixture.session().join({}, member.memberId);
    expect(again.owned).toEqual([0, 1, 2, 3]);
  });

  it("keeps its session while the disk is full, whatever has to be written for it is written when there is room", async () => {
    const fixture = await new CoordinatorFixture(undefined, [
      { name: "t", partitions: 2 },
      { name: "u", partitions: 1 },
    ]).lead();
    const a = await (await fixture.session().join()).acknowledge();
    const b = await (await fixture.session().join()).acknowledge();
    fixture.log.appendRefusal = new SluiceError("DISK_FULL", { path: "/" });
    // Gives partitions up, asks for other topics, and one of its topics grows.
    await a.acknowledge();
    await a.send({ event: "resubscribe", resubscribe: { topics: ["t"] } });
    await b.send({ event: "resubscribe", resubscribe: { topics: ["u"] } });
    await b.send({ event: "resubscribe", resubscribe: { topics: ["t", "u"] } });
    fixture.setImage(offsets, { name: "t", partitions: 4 }, { name: "u", partitions: 1 });
    await pass(fixture, 5000);
    await a.heartbeat();
    await b.heartbeat();
    expect([a.stream.hasEnded, b.stream.hasEnded]).toEqual([false, false]);
    fixture.log.appendRefusal = undefined;
    await pass(fixture, 1000);
    for (let round = 0; round < 3; round++) for (const member of [a, b]) await member.acknowledge();
    expect([...a.lastAssignment.partitions, ...b.lastAssignment.partitions]).toHaveLength(5);
    expect(b.lastAssignment.partitions).toContainEqual(place(0, "u"));
    expect(await fixture.describe()).toMatchObject({ state: "stable" });
  });

  it("that beats but does not acknowledge is out after its rebalance timeout, and holds nothing up any more", async () => {
    const fixture = await new CoordinatorFixture().lead();
    const stuck = await (await fixture.session().join({ rebalanceTimeoutMs: 20_000 })).acknowledge();
    const waiting = await (await fixture.session().join()).acknowledge();
    for (let second = 0; second < 20; second += 5) {
      expect(waiting.owned).toEqual([]);
      await pass(fixture, 5000);
      await stuck.heartbeat();
      await waiting.heartbeat();
    }
    expect(stuck.error).toContain("it did not acknowledge its assignment within its rebalance timeout of 20000 ms");
    expect(waiting.owned).toEqual([0, 1, 2, 3]);
  });

  it("has 5 minutes to acknowledge where it does not say, and may not ask for a time out of bounds", async () => {
    const fixture = await new CoordinatorFixture().lead();
    const member = await fixture.session().join();
    for (let second = 0; second < 295; second += 5) {
      await pass(fixture, 5000);
      await member.heartbeat();
    }
    expect(member.error).toBeUndefined();
    await pass(fixture, 5000);
    expect(member.error).toContain("rebalance timeout of 300000 ms");
    const negative = await fixture.session().join({ rebalanceTimeoutMs: -1 });
    expect(negative.error).toContain("a rebalance timeout of -1 ms is not in");
  });

  it("whose stream broke keeps its partitions until its session is over, and nobody else notices", async () => {
    const fixture = await new CoordinatorFixture().lead();
    const a = await (await fixture.session().join()).acknowledge();
    const b = await (await fixture.session().join()).acknowledge();
    await a.acknowledge();
    await b.acknowledge();
    const [ofA, ofB] = [a.owned, b.owned];
    const before = b.stream.sent.length;
    for (let round = 0; round < 5; round++) {
      const stream = round === 0 ? a : await (await fixture.session().join({}, a.memberId)).acknowledge();
      expect(stream.owned).toEqual(ofA);
      stream.stream.disconnect(broken);
      await pass(fixture, 9999);
      await b.heartbeat();
    }
    expect(b.stream.sent.length).toBe(before);
    await pass(fixture, 1);
    expect(b.owned).toEqual([...ofA, ...ofB].sort());
  });
});

describe("what groups may take", () => {
  it("is bounded: a group too many is refused, and those that are there go on", async () => {
    const fixture = await new CoordinatorFixture().lead();
    for (let number = 0; number < 5; number++) await fixture.commit({ group: `g${number}` });
    await expect(fixture.commit({ group: "g5" })).rejects.toThrow("is at its limit of 5 groups");
    const session = await fixture.session().join();
    expect(session.error).toContain("is at its limit of 5 groups");
    await fixture.commit({ group: "g4" });
    await fixture.call(groupsService.delete, { group: "g0" });
    await fixture.commit({ group: "g5" });
  });

  it("counts no group that came to nothing", async () => {
    const fixture = await new CoordinatorFixture().lead();
    for (let number = 0; number < 20; number++) {
      const wrong = { group: `g${number}`, offsets: [at(99, 1)] };
      await expect(fixture.commit(wrong)).rejects.toThrowError(code("UNKNOWN_PARTITION"));
    }
    await fixture.commit();
  });
});

describe("offsets", () => {
  it("are forgotten on request, all that are named or none, for good", async () => {
    const fixture = await new CoordinatorFixture().lead();
    await fixture.commit({ offsets: [at(0, 1), at(1, 2), at(2, 3)] });
    const forget = (...partitions: unknown[]) => fixture.call(groupsService.deleteOffsets, { group, partitions });
    await expect(forget(place(0), place(9))).rejects.toThrowError(code("UNKNOWN_PARTITION"));
    await expect(forget(place(0), place(0, "x"))).rejects.toThrowError(code("UNKNOWN_TOPIC"));
    await expect(forget(place(0, "a b"))).rejects.toThrowError(code("INVALID_TOPIC_NAME"));
    await expect(forget(...Array.from({ length: 10_001 }, () => place(0)))).rejects.toThrowError(
      code("INVALID_REQUEST"),
    );
    expect(await fixture.fetch()).toHaveLength(3);
    await forget(place(0), place(2), place(3));
    expect(await fixture.fetch()).toEqual(["t-1@2"]);
    const next = await new CoordinatorFixture(fixture.log).lead(2);
    expect(await next.fetch()).toEqual(["t-1@2"]);
    const member = await next.session().join();
    const refused = next.call(groupsService.deleteOffsets, { group, partitions: [place(1)] });
    await expect(refused).rejects.toThrow(`its members are app (${member.memberId})`);
    const unknown = next.call(groupsService.deleteOffsets, { group: "other", partitions: [place(1)] });
    await expect(unknown).rejects.toThrowError(code("UNKNOWN_GROUP"));
  });

  it("are moved by a plan of several topics, exactly as it is, and only while it is true", async () => {
    const fixture = await new CoordinatorFixture(undefined, [
      { name: "t", partitions: 2 },
      { name: "u", partitions: 1 },
    ]).lead();
    await fixture.commit({ offsets: [at(0, 42)] });
    const planned = (partition: number, currentPlusOne: number, target: number, topic = "t") => {
      return { ...place(partition, topic), currentPlusOne, target, end: 0 };
    };
    const plan = [planned(0, 43, 11), planned(0, 0, 5, "u")];
    await expect(fixture.reset({ targets: plan })).rejects.toThrowError(code("INVALID_REQUEST"));
    const stale = [planned(0, 0, 5, "u"), planned(0, 40, 11)];
    await expect(fixture.reset({ targets: stale, execute: true })).rejects.toThrowError(code("OFFSETS_CHANGED"));
    expect(await fixture.fetch()).toEqual(["t-0@42"]);
    expect(await fixture.reset({ targets: plan, execute: true })).toEqual({ plan, executed: true });
    await fixture.reset({ targets: plan, execute: true });
    expect(await fixture.fetch()).toEqual(["t-0@11", "u-0@5"]);
    expect(fixture.looked).toEqual([]);
  });

  it("are not moved by a plan where a member joined after it was made", async () => {
    const fixture = await new CoordinatorFixture().lead();
    await fixture.commit();
    const { plan } = await fixture.reset({ partitions: [0] });
    await fixture.session().join();
    await expect(fixture.reset({ targets: plan, execute: true })).rejects.toThrowError(code("GROUP_NOT_EMPTY"));
    expect(await fixture.fetch()).toEqual(["t-0@42"]);
  });

  it("are not moved by a refused plan, and no group is left behind", async () => {
    const fixture = await new CoordinatorFixture().lead();
    const targets = [{ ...place(9), currentPlusOne: 0, target: 1, end: 0 }];
    const refused = fixture.reset({ group: "new", targets, execute: true });
    await expect(refused).rejects.toThrowError(code("UNKNOWN_PARTITION"));
    expect(await fixture.call(groupsService.list, {})).toEqual({ groups: [] });
  });
});
