import { describe, expect, it } from "vitest";
import { Harness, lines, parts, stableGroupOfTwo, topics } from "./testing/group-harness.js";

describe("membership", () => {
  it("gives a new member only what the old owner has acknowledged to be without", () => {
    const group = new Harness();
    group.topics(topics(4));
    expect(lines(group.join("a"))).toEqual(["joined a 333", "send a g1 [0,1,2,3]"]);
    expect(group.machine.state).toBe("assigning");
    expect(lines(group.acknowledge("a", 1, parts(0, 1, 2, 3)))).toEqual([]);
    expect(group.machine.state).toBe("stable");
    expect(lines(group.join("b"))).toEqual(["joined b 333", "send a g2 [0,1]", "send b g2 []"]);
    expect(lines(group.acknowledge("b", 2, []))).toEqual([]);
    // An acknowledgement that still owns what it shall let go of frees nothing.
    expect(lines(group.acknowledge("a", 2, parts(0, 1, 2, 3)))).toEqual([]);
    expect(lines(group.acknowledge("a", 2, parts(0, 1, 3)))).toEqual(["send b g3 [2]"]);
    expect(lines(group.acknowledge("a", 2, parts(0, 1)))).toEqual([]);
    expect(lines(group.acknowledge("b", 3, parts(2)))).toEqual(["send b g4 [2,3]"]);
    expect(group.machine.state).toBe("assigning");
    group.acknowledge("b", 4, parts(2, 3));
    expect(group.machine.state).toBe("stable");
  });

  it("takes an acknowledgement of an earlier generation for a sign of life only", () => {
    const group = new Harness();
    group.topics(topics(2));
    group.join("a");
    group.acknowledge("a", 1, parts(0, 1));
    group.join("b");
    expect(lines(group.acknowledge("a", 1, []))).toEqual([]);
    expect(group.machine.membership.members[0]?.owned).toEqual(parts(0, 1));
  });

  it("keeps for a member what it was sent, even if it says that it has less", () => {
    const group = new Harness();
    group.topics(topics(2));
    group.join("a");
    expect(lines(group.acknowledge("a", 1, parts(0)))).toEqual([]);
    expect(group.machine.membership.members[0]?.owned).toEqual(parts(0, 1));
    expect(lines(group.commit("a", 1, 1))).toEqual(["accept"]);
  });

  it("frees what a member owned when it leaves", () => {
    const group = stableGroupOfTwo();
    expect(lines(group.post({ type: "leaveRequested", nowMs: group.nowMs, wallMs: 5000, memberId: "b" }))).toEqual([
      "end b",
      "send a g4 [0,1,2,3]",
    ]);
    expect(lines(group.post({ type: "leaveRequested", nowMs: group.nowMs, wallMs: 5000, memberId: "b" }))).toEqual([
      "end b UNKNOWN_MEMBER",
    ]);
  });

  it("expires members that are not heard of, at the time it foretold", () => {
    const group = stableGroupOfTwo();
    group.nowMs = 1500;
    group.post({ type: "heartbeatReceived", nowMs: 1500, memberId: "a" });
    expect(group.machine.nextExpiryMs).toBe(2000);
    expect(lines(group.post({ type: "timePassed", nowMs: 1999, wallMs: 5000 }))).toEqual([]);
    expect(lines(group.post({ type: "timePassed", nowMs: 2000, wallMs: 5000 }))).toEqual([
      "end b UNKNOWN_MEMBER",
      "send a g4 [0,1,2,3]",
    ]);
    expect(lines(group.post({ type: "heartbeatReceived", nowMs: 2000, memberId: "b" }))).toEqual([
      "end b UNKNOWN_MEMBER",
    ]);
    expect(group.machine.nextExpiryMs).toBe(2500);
  });

  it("sends a member that comes back on a new stream its assignment again, under a new generation", () => {
    const group = stableGroupOfTwo();
    expect(lines(group.join("unused", { memberId: "b" }))).toEqual(["joined b 333", "send b g4 [2,3]"]);
    expect(lines(group.acknowledge("b", 3, []))).toEqual([]);
    expect(lines(group.join("unused", { memberId: "z" }))).toEqual(["reject UNKNOWN_MEMBER"]);
  });

  it("refuses bad sessions and too many members", () => {
    const group = stableGroupOfTwo();
    expect(lines(group.join("c", { sessionTimeoutMs: 99 }))).toEqual(["reject INVALID_REQUEST"]);
    expect(lines(group.join("c", { sessionTimeoutMs: Number.NaN }))).toEqual(["reject INVALID_REQUEST"]);
    group.join("c");
    expect(lines(group.join("d"))).toEqual(["reject RESOURCE_EXHAUSTED"]);
  });

  it("gives out the partitions of a topic that grows, and takes back those of one that goes", () => {
    const group = stableGroupOfTwo();
    expect(lines(group.topics(topics(6)))).toEqual(["send a g4 [0,1,4]", "send b g4 [2,3,5]"]);
    group.acknowledge("a", 4, parts(0, 1, 4));
    group.acknowledge("b", 4, parts(2, 3, 5));
    expect(lines(group.topics(new Map()))).toEqual(["send a g5 []", "send b g5 []"]);
  });
});

describe("a topic that is made again under its name", () => {
  it("is given out when nobody works on the old one any more, and takes no commits of that", () => {
    const group = stableGroupOfTwo();
    group.commit("a", 2, 0, 1000);
    expect(lines(group.topics(topics(4, "id-2")))).toEqual(["send a g4 []", "send b g4 []"]);
    expect(lines(group.commit("a", 4, 0, 1001))).toEqual(["reject PARTITION_NOT_OWNED"]);
    expect(lines(group.acknowledge("a", 4, []))).toEqual([]);
    expect(lines(group.commit("b", 4, 2, 1001))).toEqual(["reject PARTITION_NOT_OWNED"]);
    expect(lines(group.acknowledge("b", 4, []))).toEqual(["send a g5 [0,2]", "send b g5 [1,3]"]);
    expect(group.machine.offsets).toEqual([]);
    expect(lines(group.commit("a", 5, 0, 1))).toEqual(["accept"]);
    expect(group.machine.offsets).toMatchObject([{ offset: 1, topicId: "id-2" }]);
  });

  it("is the same where it comes back before anybody has let go of it", () => {
    const group = stableGroupOfTwo();
    expect(lines(group.topics(new Map()))).toEqual(["send a g4 []", "send b g4 []"]);
    expect(lines(group.topics(topics(4, "id-2")))).toEqual([]);
    expect(lines(group.commit("a", 4, 0))).toEqual(["reject PARTITION_NOT_OWNED"]);
    group.acknowledge("a", 4, []);
    // The session of a member that does not acknowledge ends, and holds nothing up any longer.
    group.post({ type: "heartbeatReceived", nowMs: 1500, memberId: "a" });
    expect(lines(group.timeIs(2000))).toEqual(["end b UNKNOWN_MEMBER", "send a g5 [0,1,2,3]"]);
  });
});

describe("commits", () => {
  it("are taken from the owner, in the generation that it was told last or acknowledged last", () => {
    const group = stableGroupOfTwo();
    expect(lines(group.commit("a", 2, 0))).toEqual(["accept"]);
    expect(group.machine.committedOffset({ topic: "t", partition: 0 })).toMatchObject({ offset: 7, topicId: "id-1" });
    group.join("c");
    // a was sent generation 4 and has acknowledged 2: it may still commit what it owned.
    expect(group.machine.membership.members.map((member) => member.generation)).toEqual([4, 3, 4]);
    expect(lines(group.commit("a", 2, 1))).toEqual(["accept"]);
    expect(lines(group.commit("a", 4, 1))).toEqual(["accept"]);
    expect(lines(group.commit("a", 3, 1))).toEqual(["reject STALE_GENERATION"]);
  });

  it("are refused from anybody else", () => {
    const group = stableGroupOfTwo();
    expect(lines(group.commit("b", 3, 0))).toEqual(["reject PARTITION_NOT_OWNED"]);
    expect(lines(group.commit("z", 3, 0))).toEqual(["reject UNKNOWN_MEMBER"]);
    expect(lines(group.commit(undefined, undefined, 0))).toEqual(["reject GROUP_NOT_EMPTY"]);
    expect(lines(group.commit(undefined, 3, 0))).toEqual(["reject INVALID_REQUEST"]);
    expect(lines(group.commit("a", undefined, 0))).toEqual(["reject INVALID_REQUEST"]);
    expect(lines(group.commit("a", 2, 0, -1))).toEqual(["reject INVALID_COMMIT_OFFSET"]);
    expect(group.machine.offsets).toEqual([]);
  });

  it("are taken from outside while the group is empty, for partitions that exist", () => {
    const group = new Harness();
    group.topics(topics(1));
    expect(lines(group.commit(undefined, undefined, 0))).toEqual(["accept"]);
    expect(lines(group.commit(undefined, undefined, 1))).toEqual(["reject UNKNOWN_PARTITION"]);
    expect(group.machine.exists).toBe(true);
    expect(group.machine.state).toBe("empty");
  });

  it("are not shown before they are in the log", () => {
    const group = stableGroupOfTwo();
    group.holdAppends = true;
    expect(lines(group.commit("a", 2, 0))).toEqual([]);
    expect(group.machine.offsets).toEqual([]);
    expect(lines(group.post({ type: "recordsAppended", appendId: group.held[0] as number, nowMs: 1 }))).toEqual([
      "accept",
    ]);
    expect(group.machine.offsets).toMatchObject([{ offset: 7 }]);
  });

  it("are answered in the order of the log, whichever append is heard of first", () => {
    const group = stableGroupOfTwo();
    group.holdAppends = true;
    group.commit("a", 2, 0, 1);
    group.commit("a", 2, 0, 2);
    const [first, second] = group.held as [number, number];
    expect(group.post({ type: "recordsAppended", appendId: second, nowMs: 1 })).toEqual([]);
    expect(lines(group.post({ type: "recordsAppended", appendId: first, nowMs: 1 }))).toEqual(["accept", "accept"]);
    expect(group.machine.offsets).toMatchObject([{ offset: 2 }]);
  });

  it("go with their topic, and do not pass to a new one of the same name", () => {
    const group = new Harness();
    group.topics(topics(2));
    group.commit(undefined, undefined, 0);
    group.topics(topics(2, "id-2"));
    expect(group.machine.offsets).toEqual([]);
    expect(group.log.at(-1)).toEqual({ key: '{"type":"offset","group":"g","topic":"t","partition":0}', value: null });
    group.commit(undefined, undefined, 1);
    group.topics(new Map());
    expect(group.machine.exists).toBe(false);
  });
});

describe("reset and delete", () => {
  it("are refused while the group has members, naming them", () => {
    const group = stableGroupOfTwo();
    for (const effects of [group.reset({ topic: "t", partition: 0, offset: 0 }), group.delete()]) {
      expect(lines(effects)).toEqual(["reject GROUP_NOT_EMPTY"]);
      expect(effects[0]).toMatchObject({ error: { details: { members: "client-a (a), client-b (b)" } } });
    }
  });

  it("are refused for a group that does not exist", () => {
    const group = new Harness();
    group.topics(topics(2));
    expect(lines(group.reset({ topic: "t", partition: 0, offset: 0 }))).toEqual(["reject UNKNOWN_GROUP"]);
    expect(lines(group.delete())).toEqual(["reject UNKNOWN_GROUP"]);
  });

  it("move or remove everything, durably", () => {
    const group = new Harness();
    group.topics(topics(2));
    group.commit(undefined, undefined, 0, 9);
    const resets = [
      { topic: "t", partition: 0, offset: 3 },
      { topic: "t", partition: 1, offset: 4 },
    ];
    expect(lines(group.reset(...resets))).toEqual(["accept"]);
    expect(group.machine.offsets).toMatchObject([
      { partition: 0, offset: 3, leaderEpoch: undefined, committedAtMs: 6 },
      { partition: 1, offset: 4 },
    ]);
    expect(lines(group.reset({ topic: "t", partition: 2, offset: 3 }))).toEqual(["reject UNKNOWN_PARTITION"]);
    expect(lines(group.reset({ topic: "x", partition: 0, offset: 3 }))).toEqual(["reject UNKNOWN_TOPIC"]);
    expect(lines(group.reset({ topic: "t", partition: 0, offset: -3 }))).toEqual(["reject INVALID_COMMIT_OFFSET"]);
    expect(lines(group.delete())).toEqual(["accept"]);
    expect(group.machine.exists).toBe(false);
    const latest = new Map(group.log.map((record) => [record.key, record.value]));
    expect([...latest.values()]).toEqual([null, null, null]);
  });
});

describe("a failed append", () => {
  it("answers everything that waits and leaves a machine that takes nothing any more", () => {
    const group = stableGroupOfTwo();
    group.holdAppends = true;
    group.commit("a", 2, 0);
    group.join("c");
    const effects = group.post({ type: "appendFailed", appendId: group.held[0] as number, reason: "epoch over" });
    expect(lines(effects)).toEqual([
      "reject INDETERMINATE",
      "reject INDETERMINATE",
      "end a COORDINATOR_LOADING",
      "end b COORDINATOR_LOADING",
      "end c COORDINATOR_LOADING",
    ]);
    expect(lines(group.commit("a", 2, 0))).toEqual(["reject COORDINATOR_LOADING"]);
    expect(lines(group.post({ type: "heartbeatReceived", nowMs: 1, memberId: "a" }))).toEqual([
      "end a COORDINATOR_LOADING",
    ]);
    expect(group.post({ type: "recordsAppended", appendId: group.held[1] as number, nowMs: 1 })).toEqual([]);
    expect(group.machine.nextExpiryMs).toBeUndefined();
  });
});

describe("replay", () => {
  it("restores members with a full session, who get assignments once they have joined again", () => {
    const group = stableGroupOfTwo();
    group.commit("a", 2, 0);
    const loaded = new Harness();
    for (const record of group.log) loaded.machine.replay({ record, nowMs: 5000 });
    expect(loaded.machine.membership).toEqual(group.machine.membership);
    expect(loaded.machine.offsets).toEqual(group.machine.offsets);
    expect(loaded.machine.nextExpiryMs).toBe(6000);
    loaded.nowMs = 5000;
    expect(lines(loaded.topics(topics(4)))).toEqual([]);
    expect(lines(loaded.commit("a", 2, 1))).toEqual(["accept"]);
    expect(lines(loaded.join("unused", { memberId: "a" }))).toEqual(["joined a 333", "send a g4 [0,1]"]);
    loaded.acknowledge("a", 4, parts(0, 1));
    expect(loaded.machine.state).toBe("assigning");
    expect(lines(loaded.post({ type: "timePassed", nowMs: 6000, wallMs: 5000 }))).toContain("end b UNKNOWN_MEMBER");
  });

  it("refuses records that are not of the group or not readable", () => {
    const { machine } = new Harness();
    const nowMs = 0;
    expect(() => machine.replay({ record: { key: '{"type":"group","group":"h"}', value: null }, nowMs })).toThrow(
      "group h",
    );
    expect(() => machine.replay({ record: { key: '{"type":"group","group":"g"}', value: "7" }, nowMs })).toThrowError(
      expect.objectContaining({ code: "CORRUPT_GROUP_RECORD" }),
    );
  });
});
