import { describe, expect, it } from "vitest";
import { Harness, lines, parts, stableGroupOfTwo, topics } from "./testing/group-harness.js";

const groupKey = '{"type":"group","group":"g"}';

function committed(group: Harness): string[] {
  return group.machine.offsets.map(({ partition, offset }) => `${partition}@${offset}`);
}

describe("a plan", () => {
  const planned = () => {
    const group = new Harness();
    group.topics(topics(3));
    group.commit(undefined, undefined, 0, 7);
    return group;
  };

  it("is made as it was shown, while what is committed is what it was", () => {
    const group = planned();
    expect(
      lines(group.execute({ partition: 0, offset: 3, current: 7 }, { partition: 1, offset: 4, current: undefined })),
    ).toEqual(["accept"]);
    expect(committed(group)).toEqual(["0@3", "1@4"]);
  });

  it("is the same made twice as once, so that it can be repeated after a lost answer", () => {
    const group = planned();
    const plan = [
      { partition: 0, offset: 3, current: 7 },
      { partition: 1, offset: 4, current: undefined },
    ];
    group.execute(...plan);
    expect(lines(group.execute(...plan))).toEqual(["accept"]);
    expect(committed(group)).toEqual(["0@3", "1@4"]);
  });

  it.each([
    [{ partition: 0, offset: 3, current: 6 }, "has 7 committed for t-0, and the plan was made when it had 6"],
    [{ partition: 0, offset: 3, current: undefined }, "the plan was made when it had nothing"],
    [{ partition: 1, offset: 3, current: 6 }, "has nothing committed for t-1"],
  ])("is refused whole where something else is committed: %o", (target, text) => {
    const group = planned();
    const effects = group.execute({ partition: 2, offset: 1, current: undefined }, target);
    expect(lines(effects)).toEqual(["reject OFFSETS_CHANGED"]);
    expect(effects[0]).toMatchObject({ error: { message: expect.stringContaining(text) as string } });
    expect(committed(group)).toEqual(["0@7"]);
  });

  it("is compared with what is decided, not only with what is in the log", () => {
    const group = planned();
    group.holdAppends = true;
    group.commit(undefined, undefined, 0, 8);
    expect(lines(group.execute({ partition: 0, offset: 3, current: 7 }))).toEqual(["reject OFFSETS_CHANGED"]);
  });

  it("is refused once a member has joined, and where there is no such partition", () => {
    const group = planned();
    expect(lines(group.execute({ partition: 9, offset: 3, current: undefined }))).toEqual(["reject UNKNOWN_PARTITION"]);
    group.join("a");
    expect(lines(group.execute({ partition: 0, offset: 3, current: 7 }))).toEqual(["reject GROUP_NOT_EMPTY"]);
    expect(committed(group)).toEqual(["0@7"]);
  });

  it("makes a group that does not exist; a reset that was not planned does not", () => {
    const group = new Harness();
    group.topics(topics(1));
    expect(lines(group.reset({ topic: "t", partition: 0, offset: 1 }))).toEqual(["reject UNKNOWN_GROUP"]);
    expect(lines(group.execute({ partition: 0, offset: 5, current: undefined }))).toEqual(["accept"]);
    expect(group.machine.exists).toBe(true);
  });
});

describe("removal of offsets", () => {
  it("forgets those of an empty group, whether something is committed or not, and again", () => {
    const group = new Harness();
    group.topics(topics(3));
    group.commit(undefined, undefined, 0);
    group.commit(undefined, undefined, 1);
    expect(lines(group.deleteOffsets(...parts(0, 0, 2)))).toEqual(["accept"]);
    expect(lines(group.deleteOffsets(...parts(0, 2)))).toEqual(["accept"]);
    expect(committed(group)).toEqual(["1@7"]);
    expect(group.failOver().machine.offsets).toEqual(group.machine.offsets);
    expect(lines(group.deleteOffsets(...parts(1)))).toEqual(["accept"]);
    expect(lines(group.deleteOffsets(...parts(1)))).toEqual(["reject UNKNOWN_GROUP"]);
  });

  it("of what is being removed is answered when that is in the log", () => {
    const group = new Harness();
    group.topics(topics(1));
    group.commit(undefined, undefined, 0);
    group.holdAppends = true;
    expect(lines(group.deleteOffsets(...parts(0)))).toEqual([]);
    expect(lines(group.deleteOffsets(...parts(0)))).toEqual([]);
    const [appendId = 0] = group.held;
    expect(lines(group.post({ type: "recordsAppended", appendId, nowMs: 1 }))).toEqual(["accept", "accept"]);
  });

  it("is refused whole where a member has one of the partitions, naming that member", () => {
    const group = stableGroupOfTwo();
    group.resubscribe("b");
    group.acknowledge("b", 4, []);
    group.acknowledge("a", 5, parts(0, 1, 2, 3));
    group.commit("a", 5, 0);
    const effects = group.deleteOffsets(...parts(0, 3));
    expect(lines(effects)).toEqual(["reject GROUP_NOT_EMPTY"]);
    expect(effects[0]).toMatchObject({ error: { details: { members: "client-a (a)" } } });
    expect(committed(group)).toEqual(["0@7"]);
  });

  it("works beside members that want other topics", () => {
    const group = stableGroupOfTwo();
    group.commit("b", 3, 2);
    group.resubscribe("a", "u");
    group.resubscribe("b", "u");
    expect(lines(group.deleteOffsets(...parts(2)))).toEqual(["reject GROUP_NOT_EMPTY"]);
    group.acknowledge("a", 4, []);
    group.acknowledge("b", 5, []);
    expect(lines(group.deleteOffsets(...parts(2)))).toEqual(["accept"]);
    expect(committed(group)).toEqual([]);
  });

  it("is refused for partitions and groups that do not exist", () => {
    const group = new Harness();
    group.topics(topics(1));
    expect(lines(group.deleteOffsets(...parts(0)))).toEqual(["reject UNKNOWN_GROUP"]);
    group.commit(undefined, undefined, 0);
    expect(lines(group.deleteOffsets(...parts(0, 1)))).toEqual(["reject UNKNOWN_PARTITION"]);
    expect(lines(group.deleteOffsets({ topic: "x", partition: 0 }))).toEqual(["reject UNKNOWN_TOPIC"]);
    expect(committed(group)).toEqual(["0@7"]);
  });
});

describe("an idle group", () => {
  const idle = () => {
    const group = stableGroupOfTwo();
    group.commit("a", 2, 0);
    group.leave("a", 40_000);
    group.leave("b", 50_000);
    return group;
  };

  it("is forgotten when it was without members for so long, with everything that it committed", () => {
    const group = idle();
    expect(group.machine.idleSinceMs).toBe(50_000);
    expect(group.checkIdle(60_999, 11_000)).toEqual([]);
    expect(lines(group.checkIdle(61_000, 11_000))).toEqual(["expired 50000 1"]);
    expect(group.machine.exists).toBe(false);
    expect(group.log.slice(-2)).toEqual([
      { key: '{"type":"offset","group":"g","topic":"t","partition":0}', value: null },
      { key: groupKey, value: null },
    ]);
    expect(group.failOver().machine.exists).toBe(false);
    expect(group.checkIdle(99_000, 11_000)).toEqual([]);
  });

  it("counts on over a restart, from the time that was recorded", () => {
    const next = idle().failOver();
    expect(next.machine.idleSinceMs).toBe(50_000);
    expect(next.checkIdle(60_999, 11_000)).toEqual([]);
    expect(lines(next.checkIdle(61_000, 11_000))).toEqual(["expired 50000 1"]);
  });

  it("counts from the last commit or reset, where that came later", () => {
    const group = new Harness();
    group.topics(topics(2));
    group.commit(undefined, undefined, 0); // at 5
    group.reset({ topic: "t", partition: 1, offset: 0 }); // at 6
    expect(group.machine.idleSinceMs).toBe(6);
    expect(group.checkIdle(15, 10)).toEqual([]);
    expect(lines(group.checkIdle(16, 10))).toEqual(["expired 6 2"]);
  });

  it("vanishes with no offsets too, once its time is over", () => {
    const group = stableGroupOfTwo();
    group.leave("a", 1000);
    group.leave("b", 2000);
    expect(lines(group.checkIdle(2500, 400))).toEqual(["expired 2000 0"]);
    expect(group.machine.exists).toBe(false);
  });

  it("is not idle while anybody is in it, and starts anew when somebody was", () => {
    const group = idle();
    group.join("c");
    expect(group.machine.idleSinceMs).toBeUndefined();
    expect(group.checkIdle(1_000_000, 1)).toEqual([]);
    group.leave("c", 2_000_000);
    expect(group.machine.idleSinceMs).toBe(2_000_000);
  });

  it("waits for what is on its way to the log", () => {
    const group = idle();
    group.holdAppends = true;
    group.commit(undefined, undefined, 1);
    expect(group.checkIdle(1_000_000, 1)).toEqual([]);
  });

  it("of an earlier version, that did not write down when it became empty, counts from its last commit", () => {
    const group = new Harness();
    group.machine.replay({ record: { key: groupKey, value: '{"generation":3,"assignor":"","members":[]}' }, nowMs: 0 });
    group.topics(topics(1));
    group.commit(undefined, undefined, 0); // at 5
    expect(group.checkIdle(14, 10)).toEqual([]);
    expect(lines(group.checkIdle(15, 10))).toEqual(["expired 5 1"]);
  });
});

describe("topics that a group uses", () => {
  it("are said once, when a member wants them, when something is committed, and when they are read from the log", () => {
    const group = stableGroupOfTwo();
    expect(group.machine.takeNewlyUsedTopics()).toEqual(["t"]);
    group.resubscribe("a", "t", "u");
    group.commit("b", 3, 2);
    expect(group.machine.takeNewlyUsedTopics()).toEqual(["u"]);
    expect(group.failOver().machine.takeNewlyUsedTopics().sort()).toEqual(["t", "u"]);
  });

  it("are in use while wanted or committed for, and said again after they were not", () => {
    const group = stableGroupOfTwo();
    group.machine.takeNewlyUsedTopics();
    group.commit("b", 3, 2);
    group.resubscribe("a", "u");
    group.resubscribe("b", "u");
    expect(group.machine.maybeDisuseTopic("t")).toBe(false);
    group.topics(new Map());
    expect(group.machine.maybeDisuseTopic("t")).toBe(true);
    expect(group.machine.maybeDisuseTopic("u")).toBe(false);
    group.resubscribe("a", "t");
    expect(group.machine.takeNewlyUsedTopics()).toEqual(["u", "t"]);
  });
});
