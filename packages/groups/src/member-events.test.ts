import { describe, expect, it } from "vitest";
import type { TopicShapes } from "./group-event.js";
import { Harness, harnessOptions, lines, parts, stableGroupOfTwo, topics } from "./testing/group-harness.js";

const twoTopics: TopicShapes = new Map([
  ["t", { topicId: "id-1", partitions: 4 }],
  ["u", { topicId: "id-2", partitions: 2 }],
]);
const ofU = (...numbers: number[]) => numbers.map((partition) => ({ topic: "u", partition }));

describe("a member that wants other topics", () => {
  it("keeps what it still wants, gets what is new, and lets go of the rest first", () => {
    const group = new Harness();
    group.topics(twoTopics);
    group.join("a", { topics: ["t"] });
    group.acknowledge("a", 1, parts(0, 1, 2, 3));
    expect(lines(group.resubscribe("a", "t", "u"))).toEqual(["send a g2 [0,1,2,3,0,1]"]);
    group.acknowledge("a", 2, [...parts(0, 1, 2, 3), ...ofU(0, 1)]);
    expect(group.machine.state).toBe("stable");
    group.join("b", { topics: ["t"] });
    group.acknowledge("b", 3, []);
    expect(lines(group.resubscribe("a", "u"))).toEqual([]);
    expect(group.machine.membership.members.map(({ topics: wanted }) => wanted)).toEqual([["u"], ["t"]]);
    // a still works on t until it has acknowledged; b gets it then.
    expect(lines(group.acknowledge("a", 3, ofU(0, 1)))).toEqual(["send a g4 [0,1]", "send b g4 [1,2,3]"]);
    group.acknowledge("b", 4, parts(1, 2, 3));
    expect(lines(group.acknowledge("a", 4, ofU(0, 1)))).toEqual(["send b g5 [0,1,2,3]"]);
  });

  it("costs nothing where it wants what it wanted, in any order, but counts as a sign of life", () => {
    const group = stableGroupOfTwo();
    const before = group.log.length;
    group.nowMs = 1900;
    expect(lines(group.resubscribe("b", "t", "t"))).toEqual([]);
    expect(group.log.length).toBe(before);
    expect(group.machine.state).toBe("stable");
    expect(lines(group.timeIs(2000))[0]).toBe("end a UNKNOWN_MEMBER");
    expect(group.machine.nextExpiryMs).toBe(2900);
  });

  it("may want none for a while, and stays a member", () => {
    const group = stableGroupOfTwo();
    expect(lines(group.resubscribe("b"))).toEqual(["send b g4 []"]);
    expect(lines(group.acknowledge("b", 4, []))).toEqual(["send a g5 [0,1,2,3]"]);
    group.acknowledge("a", 5, parts(0, 1, 2, 3));
    expect(group.machine.state).toBe("stable");
    expect(lines(group.join("c", { topics: [] }))).toEqual(["joined c 333", "send c g6 []"]);
  });

  it("is told that it is out where it is, and refused where there would be too much, as it was before", () => {
    const group = stableGroupOfTwo();
    expect(lines(group.resubscribe("z", "t"))).toEqual(["end z UNKNOWN_MEMBER"]);
    const long = "x".repeat(harnessOptions.subscriptionLengthMax);
    expect(lines(group.resubscribe("b", long))).toEqual(["end b RESOURCE_EXHAUSTED"]);
    expect(group.machine.membership.members[1]).toMatchObject({ memberId: "b", topics: ["t"], owned: parts(2, 3) });
    expect(lines(group.join("c", { topics: [long] }))).toEqual(["reject RESOURCE_EXHAUSTED"]);
  });

  it("wants the same after another coordinator has taken over", () => {
    const group = stableGroupOfTwo();
    group.resubscribe("b", "u");
    expect(group.failOver().machine.membership.members[1]?.topics).toEqual(["u"]);
  });
});

describe("a member that does not acknowledge", () => {
  const owing = () => {
    const group = new Harness();
    group.topics(topics(4));
    group.join("a", { rebalanceTimeoutMs: 5000 });
    group.acknowledge("a", 1, parts(0, 1, 2, 3));
    group.join("b");
    group.acknowledge("b", 2, []);
    return group;
  };
  const beat = (group: Harness, untilMs: number): string[] => {
    const said: string[] = [];
    while (group.nowMs < untilMs) {
      said.push(...lines(group.timeIs(group.nowMs + 500)));
      for (const memberId of ["a", "b"])
        said.push(...lines(group.post({ type: "heartbeatReceived", nowMs: group.nowMs, memberId })));
    }
    return said;
  };

  it("is put out when its rebalance timeout is over, however alive, and what it held is handed over", () => {
    const group = owing();
    expect(beat(group, 5500)).toEqual([]);
    const [end, send] = group.timeIs(6000);
    expect(lines(end === undefined ? [] : [end])).toEqual(["end a UNKNOWN_MEMBER"]);
    expect(end).toMatchObject({
      error: { message: expect.stringContaining("within its rebalance timeout of 5000 ms") as string },
    });
    expect(lines(send === undefined ? [] : [send])).toEqual(["send b g3 [0,1,2,3]"]);
  });

  it("says at which time that will be", () => {
    const group = owing();
    beat(group, 5500);
    expect(group.machine.nextExpiryMs).toBe(6000);
  });

  it("stays once it has acknowledged, and has as long again for the next assignment", () => {
    const group = owing();
    beat(group, 5000);
    group.acknowledge("a", 2, parts(0, 1));
    expect(group.machine.nextExpiryMs).toBe(6000);
    expect(beat(group, 9000).filter((line) => line.startsWith("end"))).toEqual([]);
  });

  it("gains no time by an acknowledgement that keeps too much, or by coming back on new streams", () => {
    const group = owing();
    beat(group, 3000);
    group.acknowledge("a", 2, parts(0, 1, 2));
    group.join("unused", { memberId: "a", rebalanceTimeoutMs: 5000 });
    beat(group, 5500);
    group.join("unused", { memberId: "a", rebalanceTimeoutMs: 5000 });
    expect(lines(group.timeIs(6000))[0]).toBe("end a UNKNOWN_MEMBER");
  });

  it("asks for a timeout within bounds", () => {
    const group = owing();
    for (const rebalanceTimeoutMs of [99, 3_600_001, Number.NaN])
      expect(lines(group.join("c", { rebalanceTimeoutMs }))).toEqual(["reject INVALID_REQUEST"]);
    expect(group.machine.membership.members).toHaveLength(2);
  });
});

describe("a broken stream", () => {
  it("takes nothing from a member that is back before its session is over, and disturbs nobody else", () => {
    const group = stableGroupOfTwo();
    group.post({ type: "heartbeatReceived", nowMs: 1900, memberId: "a" });
    expect(lines(group.timeIs(1999))).toEqual([]);
    expect(lines(group.join("unused", { memberId: "b" }))).toEqual(["joined b 333", "send b g4 [2,3]"]);
    group.acknowledge("b", 4, parts(2, 3));
    expect(group.machine.state).toBe("stable");
    expect(group.machine.membership.members.map(({ owned }) => owned)).toEqual([parts(0, 1), parts(2, 3)]);
  });

  it("costs the member its partitions when the session is over, and its id with them", () => {
    const group = stableGroupOfTwo();
    group.post({ type: "heartbeatReceived", nowMs: 1900, memberId: "a" });
    const [end] = group.timeIs(2000);
    expect(end).toMatchObject({ error: { message: expect.stringContaining("heard of it for 1000 ms") as string } });
    expect(lines(group.join("unused", { memberId: "b" }))).toEqual(["reject UNKNOWN_MEMBER"]);
  });
});
