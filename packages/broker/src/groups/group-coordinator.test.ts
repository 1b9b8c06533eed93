import { groupOffsetsTopic, leaderEpoch, SluiceError } from "@sluice/model";
import { groupsService, type SessionRequest } from "@sluice/protocol";
import { describe, expect, it } from "vitest";
import { offsetsPartitionOf } from "./group-coordinator.js";
import { buildGroupBatch } from "./group-record-batch.js";
import { CoordinatorFixture, group } from "./testing/coordinator-fixture.js";
import { FakeOffsetsLog } from "./testing/fake-offsets-log.js";

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

describe("which broker coordinates a group", () => {
  it("is the leader of the group's partition", async () => {
    const fixture = await new CoordinatorFixture().lead();
    expect(await fixture.call(groupsService.findCoordinator, { group })).toEqual({ brokerIdPlusOne: 2 });
    fixture.setImage({ name: groupOffsetsTopic, leader: 2 });
    expect(await fixture.call(groupsService.findCoordinator, { group })).toEqual({ brokerIdPlusOne: 3 });
    fixture.setImage({ name: groupOffsetsTopic, leader: null });
    expect(await fixture.call(groupsService.findCoordinator, { group })).toEqual({ brokerIdPlusOne: 0 });
    fixture.setImage();
    expect(await fixture.call(groupsService.findCoordinator, { group })).toEqual({ brokerIdPlusOne: 0 });
    await expect(fixture.call(groupsService.findCoordinator, { group: "a b" })).rejects.toThrowError(
      code("INVALID_GROUP_NAME"),
    );
  });

  it("is by the hash that Kafka's clients use, without its sign", () => {
    // murmur2 of "21" is -973932308 and of "foobar" -790332482, as in Kafka's own tests.
    expect(offsetsPartitionOf("21", 1_000_000)).toBe((2 ** 31 - 973_932_308) % 1_000_000);
    expect(offsetsPartitionOf("foobar", 12)).toBe((2 ** 31 - 790_332_482) % 12);
  });

  it("is not this one: the answer says who it is", async () => {
    const fixture = new CoordinatorFixture();
    fixture.setImage({ name: groupOffsetsTopic, leader: 2 });
    await expect(fixture.commit()).rejects.toThrow("broker 2 does");
    fixture.setImage();
    await expect(fixture.commit()).rejects.toThrowError(code("COORDINATOR_LOADING"));
  });
});

describe("loading", () => {
  it("answers nothing before the log is read", async () => {
    const fixture = new CoordinatorFixture();
    await expect(fixture.commit()).rejects.toThrowError(code("COORDINATOR_LOADING"));
    await expect(fixture.call(groupsService.list, {})).rejects.toThrowError(code("COORDINATOR_LOADING"));
    let isRead = (): void => undefined;
    fixture.log.readGate = new Promise((resolve) => {
      isRead = resolve;
    });
    fixture.partitions.lead(fixture.log, 1);
    await expect(fixture.commit()).rejects.toThrowError(code("COORDINATOR_LOADING"));
    await expect(fixture.call(groupsService.list, {})).rejects.toThrowError(code("COORDINATOR_LOADING"));
    const early = await fixture.session().join();
    expect(early.stream.hasEnded).toBe(true);
    isRead();
    await fixture.settled();
    await expect(fixture.commit()).resolves.toEqual({});
  });

  it("finds what another coordinator wrote, and gives its members their session to come back", async () => {
    const first = await new CoordinatorFixture().lead();
    const member = await (await first.session().join()).acknowledge();
    const { generation } = member.lastAssignment;
    await first.commit({ memberId: member.memberId, generationPlusOne: generation + 1 });
    first.coordinator.close();
    expect(first.clock.timerCount).toBe(0);

    const second = await new CoordinatorFixture(first.log).lead(2);
    expect(await second.fetch()).toEqual(["t-0@42"]);
    expect(await second.describe()).toMatchObject({
      state: "assigning",
      generation,
      members: [{ memberId: member.memberId }],
    });
    const again = await second.session().join({}, member.memberId);
    expect(again.lastAssignment.generation).toBe(generation + 1);
    await again.acknowledge();
    expect(await second.describe()).toMatchObject({ state: "stable" });
  });

  it("lets members go that do not come back", async () => {
    const first = await new CoordinatorFixture().lead();
    await (await first.session().join()).acknowledge();
    const second = await new CoordinatorFixture(first.log).lead(2);
    second.clock.advance(10_000);
    await second.settled();
    expect(await second.describe()).toMatchObject({ state: "empty", members: [] });
  });

  it("says so when a record cannot be read, and does not guess", async () => {
    const log = new FakeOffsetsLog(0);
    await log.produce(buildGroupBatch([{ key: '{"type":"group","group":"flights"}', value: "{}" }], 1), {});
    const fixture = await new CoordinatorFixture(log).lead();
    await expect(fixture.fetch()).rejects.toThrowError(code("CORRUPT_GROUP_RECORD"));
    expect(fixture.timerCount).toBe(0);
  });

  it("is tried again after reading failed", async () => {
    const log = new FakeOffsetsLog(0);
    log.readFailure = new SluiceError("PARTITION_OFFLINE", { topic: "x", partition: 0, broker: 1, reason: "EIO" });
    const fixture = await new CoordinatorFixture(log).lead();
    await expect(fixture.fetch()).rejects.toThrowError(code("PARTITION_OFFLINE"));
    log.readFailure = undefined;
    fixture.clock.advance(1000);
    await fixture.settled();
    expect(await fixture.fetch()).toEqual([]);
  });
});

describe("a session", () => {
  it("joins, is assigned, shares with a second member and gets everything back when that one leaves", async () => {
    const fixture = await new CoordinatorFixture().lead();
    const a = await fixture.session().join();
    expect(a.stream.sent.map((response) => response.event)).toEqual(["joined", "assignment"]);
    expect(a.stream.sent[0]?.joined?.heartbeatIntervalMs).toBe(3333);
    expect(a.memberId).toMatch(/^app-[0-9a-f-]{36}$/);
    expect(a.owned).toEqual([0, 1, 2, 3]);
    await a.acknowledge();

    const b = await fixture.session().join();
    expect(b.owned).toEqual([]);
    await b.acknowledge();
    expect(a.owned).toHaveLength(2);
    expect(b.owned).toEqual([]);
    await a.acknowledge();
    await b.acknowledge();
    expect([...a.owned, ...b.owned].sort()).toEqual([0, 1, 2, 3]);
    expect(await fixture.describe()).toMatchObject({ state: "stable", assignor: "sticky" });
    expect(await fixture.call(groupsService.list, {})).toEqual({ groups: [{ group, state: "stable", members: 2 }] });

    await b.send({ event: "leave", leave: {} });
    expect(b.stream.hasEnded).toBe(true);
    expect(b.error).toBeUndefined();
    expect(a.owned).toEqual([0, 1, 2, 3]);
  });

  it("ends when nothing is heard of it, and not before", async () => {
    const fixture = await new CoordinatorFixture().lead();
    const member = await (await fixture.session().join()).acknowledge();
    fixture.clock.advance(9000);
    await member.heartbeat();
    fixture.clock.advance(9999);
    await fixture.settled();
    expect(member.stream.hasEnded).toBe(false);
    fixture.clock.advance(1);
    await fixture.settled();
    expect(member.error).toContain("is not a member");
    expect(await fixture.describe()).toMatchObject({ state: "empty" });
    expect(fixture.timerCount).toBe(0);
  });

  it("survives a broken stream, and moves to the new one", async () => {
    const fixture = await new CoordinatorFixture().lead();
    const first = await (await fixture.session().join()).acknowledge();
    first.stream.disconnect(new SluiceError("CANCELLED", { operation: "x" }));
    expect(await fixture.describe()).toMatchObject({ members: [{ memberId: first.memberId }] });
    const second = await fixture.session().join({}, first.memberId);
    expect(second.memberId).toBe(first.memberId);
    const third = await fixture.session().join({}, first.memberId);
    expect(second.error).toContain("opened anew");
    expect(third.owned).toEqual([0, 1, 2, 3]);
  });

  it("that leaves before its join was answered is gone all the same", async () => {
    const fixture = await new CoordinatorFixture().lead();
    fixture.log.isHeld = true;
    const member = await fixture.session().join();
    await member.send({ event: "leave", leave: {} });
    fixture.log.release();
    await fixture.settled();
    expect(member.stream.hasEnded).toBe(true);
    expect(await fixture.describe()).toMatchObject({ state: "empty" });
  });

  it("that leaves and closes its side ends when the leave is in the log", async () => {
    const fixture = await new CoordinatorFixture().lead();
    const member = await (await fixture.session().join()).acknowledge();
    fixture.log.isHeld = true;
    await member.send({ event: "leave", leave: {} });
    member.stream.finish();
    await fixture.settled();
    expect(member.stream.hasEnded).toBe(false);
    fixture.log.release();
    await fixture.settled();
    expect(member.stream.hasEnded).toBe(true);
    expect(await fixture.describe()).toMatchObject({ state: "empty" });
  });

  it("is told nothing before it is in the log", async () => {
    const fixture = await new CoordinatorFixture().lead();
    fixture.log.isHeld = true;
    const member = await fixture.session().join();
    expect(member.stream.sent).toEqual([]);
    fixture.log.release();
    await fixture.settled();
    expect(member.owned).toEqual([0, 1, 2, 3]);
  });

  it("follows topics that are created and deleted", async () => {
    const fixture = await new CoordinatorFixture().lead();
    const member = await (await fixture.session().join({ topics: ["t", "u"] })).acknowledge();
    fixture.setImage({ name: groupOffsetsTopic }, { name: "t", partitions: 4 }, { name: "u", partitions: 1 });
    await fixture.settled();
    expect(member.lastAssignment.partitions.map(({ topic }) => topic)).toEqual(["t", "t", "t", "t", "u"]);
    await member.acknowledge();
    fixture.setImage({ name: groupOffsetsTopic }, { name: "u", partitions: 1 });
    await fixture.settled();
    expect(member.lastAssignment.partitions).toEqual([{ topic: "u", partition: 0 }]);
  });

  const joining = { clientId: "", topics: ["t"], sessionTimeoutMs: 1000, assignor: "", rebalanceTimeoutMs: 0 };
  const badMessages: [string, Partial<SessionRequest>][] = [
    ["a first message that is no join", { group, event: "heartbeat", heartbeat: {} }],
    ["a bad group name", { group: "a b", event: "join", join: joining }],
    ["a bad topic name", { group, event: "join", join: { ...joining, topics: [".."] } }],
    ["an unknown assignor", { group, event: "join", join: { ...joining, assignor: "x" } }],
    ["a session too short", { group, event: "join", join: { ...joining, sessionTimeoutMs: 1 } }],
    ["a member that is not known", { group, memberId: "m", event: "join", join: joining }],
  ];
  it.each(badMessages)("is refused with a typed error after %s", async (_, message) => {
    const fixture = await new CoordinatorFixture().lead();
    const member = await fixture.session().send(message);
    expect(member.error).toBeDefined();
    expect(member.stream.hasEnded).toBe(true);
    expect(await fixture.call(groupsService.list, {})).toEqual({ groups: [] });
  });

  it("is ended by a second join and by an empty message", async () => {
    const fixture = await new CoordinatorFixture().lead();
    const messages: Partial<SessionRequest>[] = [{ event: "join", join: joining }, {}];
    for (const message of messages) {
      const member = await (await fixture.session().join()).send(message);
      expect(member.stream.hasEnded).toBe(true);
    }
  });
});

describe("commits", () => {
  it("are taken from members that own the partition, and read back", async () => {
    const fixture = await new CoordinatorFixture().lead();
    const member = await (await fixture.session().join()).acknowledge();
    const who = { memberId: member.memberId, generationPlusOne: member.lastAssignment.generation + 1 };
    await fixture.commit(who);
    await expect(fixture.commit({ ...who, generationPlusOne: 9 })).rejects.toThrowError(code("STALE_GENERATION"));
    await expect(fixture.commit()).rejects.toThrowError(code("GROUP_NOT_EMPTY"));
    expect(await fixture.fetch()).toEqual(["t-0@42"]);
    const some = {
      group,
      partitions: [
        { topic: "t", partition: 1 },
        { topic: "t", partition: 0 },
      ],
    };
    expect(await fixture.call(groupsService.fetchOffsets, some)).toEqual({
      offsets: [
        {
          topic: "t",
          partition: 0,
          offset: 42,
          leaderEpochPlusOne: 0,
          metadata: "",
          committedAtMs: fixture.clock.nowMs(),
        },
      ],
    });
  });

  it("are refused where they make no sense, and leave no group behind", async () => {
    const fixture = await new CoordinatorFixture().lead();
    const one = (more: object) => ({
      offsets: [{ topic: "t", partition: 0, offset: 1, leaderEpochPlusOne: 0, metadata: "", ...more }],
    });
    await expect(fixture.commit(one({ topic: "x" }))).rejects.toThrowError(code("UNKNOWN_TOPIC"));
    await expect(fixture.commit(one({ topic: "a b" }))).rejects.toThrowError(code("INVALID_TOPIC_NAME"));
    await expect(fixture.commit(one({ partition: 9 }))).rejects.toThrowError(code("UNKNOWN_PARTITION"));
    await expect(fixture.commit(one({ offset: -1 }))).rejects.toThrowError(code("INVALID_COMMIT_OFFSET"));
    await expect(fixture.commit(one({ metadata: "x".repeat(4097) }))).rejects.toThrowError(code("INVALID_REQUEST"));
    await expect(fixture.commit({ memberId: "m", generationPlusOne: 1 })).rejects.toThrowError(code("UNKNOWN_MEMBER"));
    await expect(fixture.describe()).rejects.toThrowError(code("UNKNOWN_GROUP"));
    expect(fixture.log.batches).toHaveLength(0);
  });

  it("whose append fails are indeterminate; the groups are read again from the log", async () => {
    const fixture = await new CoordinatorFixture().lead();
    const member = await (await fixture.session().join()).acknowledge();
    fixture.log.failures.push(new SluiceError("INDETERMINATE", { operation: "x", reason: "y" }));
    const who = { memberId: member.memberId, generationPlusOne: member.lastAssignment.generation + 1 };
    await expect(fixture.commit(who)).rejects.toThrowError(code("INDETERMINATE"));
    expect(member.stream.hasEnded).toBe(true);
    await expect(fixture.fetch()).rejects.toThrowError(code("COORDINATOR_LOADING"));
    fixture.clock.advance(1000);
    await fixture.settled();
    expect(await fixture.fetch()).toEqual([]);
    const back = await fixture.session().join({}, member.memberId);
    expect(back.owned).toEqual([0, 1, 2, 3]);
  });

  it("that are under way when another one fails are read back with the rest", async () => {
    const fixture = await new CoordinatorFixture().lead();
    fixture.log.isHeld = true;
    const held = fixture.commit();
    held.catch(() => undefined);
    fixture.log.failures.push(new SluiceError("INDETERMINATE", { operation: "x", reason: "y" }));
    await expect(fixture.commit({ group: "other" })).rejects.toThrowError(code("INDETERMINATE"));
    await expect(held).rejects.toThrowError(code("INDETERMINATE"));
    fixture.clock.advance(1000);
    await fixture.settled();
    await expect(fixture.fetch()).rejects.toThrowError(code("COORDINATOR_LOADING"));
    fixture.log.release();
    await fixture.settled();
    expect(await fixture.fetch()).toEqual(["t-0@42"]);
  });
});

describe("a full disk", () => {
  const full = () => new SluiceError("DISK_FULL", { path: "/data" });

  it("refuses changes and new members, keeps those that are in, and goes on when there is room", async () => {
    const fixture = await new CoordinatorFixture().lead();
    const member = await (await fixture.session().join()).acknowledge();
    const who = { memberId: member.memberId, generationPlusOne: member.lastAssignment.generation + 1 };
    fixture.log.appendRefusal = full();
    await expect(fixture.commit(who)).rejects.toThrowError(code("DISK_FULL"));
    await expect(fixture.commit({ group: "other" })).rejects.toThrowError(code("DISK_FULL"));
    await expect(fixture.call(groupsService.delete, { group })).rejects.toThrowError(code("DISK_FULL"));
    for (const memberId of ["", member.memberId]) {
      const late = await fixture.session().join({}, memberId);
      expect(late.error).toContain("is full");
    }
    expect(member.stream.hasEnded).toBe(false);
    expect(await fixture.fetch()).toEqual([]);
    fixture.log.appendRefusal = undefined;
    await fixture.commit(who);
    expect(await fixture.fetch()).toEqual(["t-0@42"]);
    // Nothing is left of the group that could not be made.
    expect(await fixture.call(groupsService.list, {})).toMatchObject({ groups: [{ group }] });
  });

  it("answers nothing while another broker may lead, and goes on when it is known that none does", async () => {
    const fixture = await new CoordinatorFixture().lead();
    const member = await (await fixture.session().join()).acknowledge();
    const who = { memberId: member.memberId, generationPlusOne: member.lastAssignment.generation + 1 };
    await fixture.commit(who);
    fixture.log.readRefusal = new SluiceError("BROKER_FENCED", { broker: 1 });
    await expect(fixture.fetch()).rejects.toThrowError(code("BROKER_FENCED"));
    await expect(fixture.commit(who)).rejects.toThrowError(code("BROKER_FENCED"));
    fixture.log.readRefusal = undefined;
    expect(await fixture.fetch()).toEqual(["t-0@42"]);
  });

  it("puts off the end of sessions, and members that leave go when there is room", async () => {
    const fixture = await new CoordinatorFixture().lead();
    const silent = await (await fixture.session().join()).acknowledge();
    const leaving = await (await fixture.session().join()).acknowledge();
    fixture.log.appendRefusal = full();
    await leaving.send({ event: "leave", leave: {} });
    expect(leaving.stream.hasEnded).toBe(true);
    expect(leaving.error).toBeUndefined();
    for (let second = 0; second < 20; second += 1) fixture.clock.advance(1000);
    await fixture.settled();
    expect(silent.stream.hasEnded).toBe(false);
    expect((await fixture.describe()).members).toHaveLength(2);
    fixture.log.appendRefusal = undefined;
    fixture.clock.advance(1000);
    await fixture.settled();
    expect(silent.error).toContain("is not a member");
    expect(await fixture.describe()).toMatchObject({ state: "empty" });
  });
});

describe("the end of leadership", () => {
  it("fences appends even before it is heard of", async () => {
    const fixture = await new CoordinatorFixture().lead(1);
    fixture.log.leaderEpoch = leaderEpoch(2);
    await expect(fixture.commit()).rejects.toThrowError(code("INDETERMINATE"));
    expect(fixture.log.batches).toHaveLength(0);
  });

  it("ends sessions with who coordinates now, and leaves pending commits open", async () => {
    const fixture = await new CoordinatorFixture().lead();
    const member = await (await fixture.session().join()).acknowledge();
    fixture.log.isHeld = true;
    const who = { memberId: member.memberId, generationPlusOne: member.lastAssignment.generation + 1 };
    const pending = fixture.commit(who);
    fixture.setImage({ name: groupOffsetsTopic, leader: 2 }, { name: "t", partitions: 4 });
    fixture.partitions.resign(fixture.log);
    await expect(pending).rejects.toThrowError(code("INDETERMINATE"));
    expect(member.error).toContain("broker 2 does");
    expect(fixture.timerCount).toBe(0);
    fixture.log.release();
    await expect(fixture.fetch()).rejects.toThrowError(code("NOT_COORDINATOR"));
  });

  it("in the middle of loading leaves nothing behind, and a new term begins anew", async () => {
    const fixture = new CoordinatorFixture();
    fixture.partitions.lead(fixture.log, 1);
    fixture.partitions.resign(fixture.log);
    await fixture.lead(2);
    await fixture.commit();
    expect(await fixture.fetch()).toEqual(["t-0@42"]);
  });

  it("comes with the stop of the broker too", async () => {
    const fixture = await new CoordinatorFixture().lead();
    const member = await (await fixture.session().join()).acknowledge();
    fixture.coordinator.close();
    expect(member.error).toContain("is stopping");
    await expect(fixture.commit()).rejects.toThrowError(code("BROKER_STOPPING"));
    await expect(fixture.call(groupsService.list, {})).rejects.toThrowError(code("BROKER_STOPPING"));
    expect(fixture.clock.timerCount).toBe(0);
  });
});

describe("reset and delete", () => {
  it("plan without doing, and do when told to", async () => {
    const fixture = await new CoordinatorFixture().lead();
    await fixture.commit();
    const plan = await fixture.reset({ partitions: [0, 1] });
    expect(plan).toEqual({
      executed: false,
      plan: [
        { topic: "t", partition: 0, currentPlusOne: 43, target: 10, end: 100 },
        { topic: "t", partition: 1, currentPlusOne: 0, target: 10, end: 100 },
      ],
    });
    expect(await fixture.fetch()).toEqual(["t-0@42"]);
    await fixture.reset({ execute: true, to: "timestampMs", timestampMs: 5 });
    expect(await fixture.fetch()).toEqual(["t-0@50", "t-1@50", "t-2@50", "t-3@50"]);
    expect(fixture.looked).toContainEqual({ topic: "t", partition: 3, query: { type: "timestamp", timestampMs: 5 } });
    await fixture.reset({ execute: true, partitions: [2], to: "shift", shift: 1000 });
    await fixture.reset({ execute: true, partitions: [1], to: "offset", offset: 11 });
    await fixture.reset({ execute: true, partitions: [0], to: "latest" });
    expect(await fixture.fetch()).toEqual(["t-0@100", "t-1@11", "t-2@100", "t-3@50"]);
  });

  it("are refused while the group runs, naming its members", async () => {
    const fixture = await new CoordinatorFixture().lead();
    const member = await fixture.session().join();
    await expect(fixture.reset({})).rejects.toThrow(`its members are app (${member.memberId})`);
    await expect(fixture.call(groupsService.delete, { group })).rejects.toThrowError(code("GROUP_NOT_EMPTY"));
  });

  it("are refused for what does not exist", async () => {
    const fixture = await new CoordinatorFixture().lead();
    await expect(fixture.reset({})).rejects.toThrowError(code("UNKNOWN_GROUP"));
    await expect(fixture.call(groupsService.delete, { group })).rejects.toThrowError(code("UNKNOWN_GROUP"));
    await fixture.commit();
    await expect(fixture.reset({ topic: "x" })).rejects.toThrowError(code("UNKNOWN_TOPIC"));
    await expect(fixture.reset({ partitions: [7] })).rejects.toThrowError(code("UNKNOWN_PARTITION"));
    await expect(fixture.reset({ to: undefined })).rejects.toThrowError(code("INVALID_REQUEST"));
    await expect(fixture.reset({ to: "shift", shift: 1 })).rejects.toThrow("nothing is committed");
  });

  it("remove a group for good", async () => {
    const fixture = await new CoordinatorFixture().lead();
    await fixture.commit();
    await fixture.call(groupsService.delete, { group });
    expect(await fixture.call(groupsService.list, {})).toEqual({ groups: [] });
    expect(await fixture.fetch()).toEqual([]);
    const next = await new CoordinatorFixture(fixture.log).lead(2);
    expect(await next.call(groupsService.list, {})).toEqual({ groups: [] });
  });
});
