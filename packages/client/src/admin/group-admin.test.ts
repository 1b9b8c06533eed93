import { SluiceError } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import type { PlannedReset } from "@sluice/protocol";
import { describe, expect, it } from "vitest";
import { FakeCluster } from "../testing/fake-cluster.js";
import { batchOf, testClient } from "../testing/test-client.js";
import type { Admin } from "./admin.js";
import type { DeleteGroupsError, PlannedOffsetReset } from "./group-admin-types.js";

const member = {
  memberId: "m-1",
  clientId: "app",
  host: "10.0.0.7",
  topics: ["t"],
  owned: [{ topic: "t", partition: 0 }],
  assigned: [{ topic: "t", partition: 0 }],
};
const unknownGroup = (group: string) => new SluiceError("UNKNOWN_GROUP", { group });
const lost = () => new SluiceError("BROKER_UNREACHABLE", { addresses: "a", reason: "connection lost" });

async function errorOf(promise: Promise<unknown>): Promise<SluiceError> {
  return await promise.then(
    () => expect.fail("it was fulfilled"),
    (error: unknown) => error as SluiceError,
  );
}

/** Topic `t` with [1, 10) and [0, 5) in two partitions, topic `u` with [0, 3) in one. Records are at 1000 ms and a ms each later. */
function cluster(): FakeCluster {
  const fake = new FakeCluster({ brokers: 2 });
  fake.createTopic("t", 2);
  fake.createTopic("u", 1);
  fake.append("t", 0, batchOf(..."abcdefghij"));
  fake.partition("t", 0).logStartOffset = 1;
  fake.append("t", 1, batchOf(..."abcde"));
  fake.append("u", 0, batchOf(..."abc"));
  fake.committed.set("t-0", 7);
  fake.committed.set("u-0", 2);
  fake.onReset = ({ targets }) => {
    for (const { topic, partition, target } of targets) fake.committed.set(`${topic}-${partition}`, target);
    return targets;
  };
  return fake;
}

async function withAdmin(fake: FakeCluster, act: (admin: Admin) => Promise<void>): Promise<void> {
  await using client = testClient(fake, { clock: new VirtualClock({ nowMs: 3000 }) });
  await act(client.admin());
}

const lines = (plan: readonly PlannedOffsetReset[]): string[] =>
  plan.map(({ topic, partition, current, target }) => `${topic}-${partition} ${current ?? "-"}>${target}`);

describe("a reset", () => {
  it("says of every partition where it goes, what is read again, what never is, and what is left", async () => {
    await withAdmin(cluster(), async (admin) => {
      expect(await admin.resetOffsets({ groupId: "g", to: 3, dryRun: true })).toEqual([
        {
          topic: "t",
          partition: 0,
          current: 7,
          target: 3,
          low: 1,
          end: 10,
          wanted: 3,
          replayed: 4,
          skipped: 0,
          remaining: 7,
        },
        {
          topic: "t",
          partition: 1,
          current: undefined,
          target: 3,
          low: 0,
          end: 5,
          wanted: 3,
          replayed: 0,
          skipped: 0,
          remaining: 2,
        },
        {
          topic: "u",
          partition: 0,
          current: 2,
          target: 3,
          low: 0,
          end: 3,
          wanted: 3,
          replayed: 0,
          skipped: 1,
          remaining: 0,
        },
      ]);
    });
  });

  it.each([
    ["earliest", ["t-0 7>1", "t-1 ->0", "u-0 2>0"]],
    ["latest", ["t-0 7>10", "t-1 ->5", "u-0 2>3"]],
    ["4", ["t-0 7>4", "t-1 ->4", "u-0 2>3"]],
    [0, ["t-0 7>1", "t-1 ->0", "u-0 2>0"]],
    [{ timestamp: 1004 }, ["t-0 7>4", "t-1 ->4", "u-0 2>3"]],
    [{ timestamp: new Date(1002) }, ["t-0 7>2", "t-1 ->2", "u-0 2>2"]],
    [{ durationMs: 1998 }, ["t-0 7>2", "t-1 ->2", "u-0 2>2"]],
    [{ shift: -4 }, ["t-0 7>3", "u-0 2>0"]],
    [{ shift: 100 }, ["t-0 7>10", "u-0 2>3"]],
    [{ last: 2 }, ["t-0 7>8", "t-1 ->3", "u-0 2>1"]],
    [{ last: 1000 }, ["t-0 7>1", "t-1 ->0", "u-0 2>0"]],
  ])("goes to %o, within the log", async (to, expected) => {
    await withAdmin(cluster(), async (admin) => {
      expect(lines(await admin.resetOffsets({ groupId: "g", to, dryRun: true }))).toEqual(expected);
    });
  });

  it("goes to what another group has committed, also for a group that does not exist yet", async () => {
    const fake = cluster();
    fake.onDescribeGroup = (group) => (group === "new" ? unknownGroup(group) : undefined);
    await withAdmin(fake, async (admin) => {
      const copy = { groupId: "new", to: { group: "g" }, dryRun: true };
      expect(lines(await admin.resetOffsets(copy))).toEqual(["t-0 ->7", "u-0 ->2"]);
      const named = admin.resetOffsets({ ...copy, topics: [{ topic: "t", partitions: [1] }] });
      expect((await errorOf(named)).code).toBe("NO_COMMITTED_OFFSET");
      fake.onDescribeGroup = unknownGroup;
      fake.committed.clear();
      const misspelled = admin.resetOffsets({ ...copy, to: { group: "gg" } });
      expect((await errorOf(misspelled)).details).toMatchObject({ group: "gg" });
      expect((await errorOf(admin.resetOffsets({ groupId: "new", to: "earliest" }))).code).toBe("UNKNOWN_GROUP");
    });
  });

  it("takes topics, partitions of topics, and kafkajs's own form", async () => {
    await withAdmin(cluster(), async (admin) => {
      const plan = async (request: object) =>
        lines(await admin.resetOffsets({ groupId: "g", dryRun: true, ...request }));
      expect(await plan({ topics: ["u"], to: 0 })).toEqual(["u-0 2>0"]);
      expect(await plan({ topics: [{ topic: "t", partitions: [1] }, "u"], to: 0 })).toEqual(["t-1 ->0", "u-0 2>0"]);
      expect(await plan({ topic: "t", partitions: [1], to: 0 })).toEqual(["t-1 ->0"]);
      expect(await plan({ topic: "t", earliest: true })).toEqual(["t-0 7>1", "t-1 ->0"]);
      expect(await plan({ topic: "t", earliest: false })).toEqual(["t-0 7>10", "t-1 ->5"]);
      expect(await plan({ topic: "t" })).toEqual(["t-0 7>10", "t-1 ->5"]);
    });
  });

  it("is refused where it makes no sense, and nothing is moved", async () => {
    const fake = cluster();
    fake.onReset = () => expect.fail("something was moved");
    await withAdmin(fake, async (admin) => {
      const refused = async (request: object) => (await errorOf(admin.resetOffsets({ groupId: "g", ...request }))).code;
      expect(await refused({})).toBe("INVALID_REQUEST");
      expect(await refused({ topics: ["t"] })).toBe("INVALID_REQUEST");
      expect(await refused({ topic: "t", topics: ["t"], to: 1 })).toBe("INVALID_REQUEST");
      expect(await refused({ topic: "t", to: 1, earliest: true })).toBe("INVALID_REQUEST");
      expect(await refused({ partitions: [1], to: 1 })).toBe("INVALID_REQUEST");
      expect(await refused({ topics: ["t", "t"], to: 1 })).toBe("INVALID_REQUEST");
      expect(await refused({ topics: [{ topic: "t", partitions: [] }], to: 1 })).toBe("INVALID_REQUEST");
      for (const to of [-1, 1.5, "first", { shift: 0.5 }, { last: -1 }, { durationMs: -1 }, { timestamp: Number.NaN }])
        expect(await refused({ topic: "t", to }), JSON.stringify(to)).toBe("INVALID_REQUEST");
      expect(await refused({ topic: "missing", to: 1 })).toBe("UNKNOWN_TOPIC");
      expect(await refused({ topic: "t", partitions: [9], to: 1 })).toBe("UNKNOWN_PARTITION");
      expect(await refused({ topic: "t", partitions: [1], to: { shift: 1 } })).toBe("INVALID_REQUEST");
      expect(await refused({ topic: "t", too: 1 })).toBe("UNKNOWN_OPTION");
    });
  });

  it("is refused while the group has members, naming them", async () => {
    const fake = cluster();
    fake.groupMembers = [member];
    await withAdmin(fake, async (admin) => {
      for (const dryRun of [true, false]) {
        const error = await errorOf(admin.resetOffsets({ groupId: "g", to: 1, dryRun }));
        expect(error.message).toContain("its members are app (m-1)");
      }
    });
  });

  it("is made once, with what was committed when it was planned, and asked for again where the answer is lost", async () => {
    const fake = cluster();
    const asked: PlannedReset[][] = [];
    fake.onReset = ({ targets }) => {
      asked.push(targets);
      if (asked.length === 1) throw lost();
      return targets;
    };
    await using client = testClient(fake);
    const plan = await client.admin().resetOffsets({ groupId: "g", topic: "t", to: { shift: -4 } });
    expect(lines(plan)).toEqual(["t-0 7>3"]);
    const target = { topic: "t", partition: 0, currentPlusOne: 8, target: 3, end: 0 };
    expect(asked).toEqual([[target], [target]]);
  });

  it("is executed exactly as its plan was shown, or some of it", async () => {
    const fake = cluster();
    await withAdmin(fake, async (admin) => {
      const plan = await admin.resetOffsets({ groupId: "g", to: "earliest", dryRun: true });
      expect(fake.committed.get("t-0")).toBe(7);
      fake.append("t", 1, batchOf("more"));
      await admin.executeReset({ groupId: "g", plan: plan.filter(({ topic }) => topic === "t") });
      expect(Object.fromEntries(fake.committed)).toEqual({ "t-0": 1, "t-1": 0, "u-0": 2 });
      await admin.executeReset({ groupId: "g", plan: [] });
    });
  });
});

describe("committed offsets", () => {
  it("are exported and imported, in both formats, to the same state", async () => {
    const fake = cluster();
    await withAdmin(fake, async (admin) => {
      const csv = await admin.exportOffsets({ groupId: "g" });
      expect(csv).toBe("t,0,7\nu,0,2\n");
      const json = await admin.exportOffsets({ groupId: "g", format: "json" });
      expect(JSON.parse(json)).toEqual({
        groupId: "g",
        exportedAtMs: 3000,
        offsets: [
          { topic: "t", partition: 0, offset: 7 },
          { topic: "u", partition: 0, offset: 2 },
        ],
      });
      expect(await admin.exportOffsets({ groupId: "g", topics: ["u"] })).toBe("u,0,2\n");
      for (const text of [csv, json]) {
        fake.committed.clear();
        const shown = await admin.importOffsets({ groupId: "g", text, dryRun: true });
        expect(lines(shown)).toEqual(["t-0 ->7", "u-0 ->2"]);
        expect(fake.committed.size).toBe(0);
        expect(await admin.importOffsets({ groupId: "g", text })).toEqual(shown);
        expect(Object.fromEntries(fake.committed)).toEqual({ "t-0": 7, "u-0": 2 });
      }
    });
  });

  it("are imported into a group that does not exist, within the log, from objects too", async () => {
    const fake = cluster();
    fake.committed.clear();
    fake.onDescribeGroup = unknownGroup;
    await withAdmin(fake, async (admin) => {
      const offsets = [
        { topic: "t", partition: 1, offset: "99" },
        { topic: "t", partition: 0, offset: 0 },
      ];
      const [first, second] = await admin.importOffsets({ groupId: "new", offsets });
      expect(first).toMatchObject({ partition: 0, wanted: 0, target: 1 });
      expect(second).toMatchObject({ partition: 1, wanted: 99, target: 5 });
      expect(Object.fromEntries(fake.committed)).toEqual({ "t-0": 1, "t-1": 5 });
    });
  });

  it("are not imported in part: every bad line is refused, naming it, and so is a group that runs", async () => {
    const fake = cluster();
    fake.onReset = () => expect.fail("something was moved");
    await withAdmin(fake, async (admin) => {
      const refused = async (request: object) =>
        (await errorOf(admin.importOffsets({ groupId: "g", ...request }))).code;
      expect(await refused({ text: "t,0,1\nmissing,0,1\n" })).toBe("UNKNOWN_TOPIC");
      expect(await refused({ text: "t,0,1\nt,9,1\n" })).toBe("UNKNOWN_PARTITION");
      expect(await refused({})).toBe("INVALID_REQUEST");
      expect(await refused({ text: "", offsets: [] })).toBe("INVALID_REQUEST");
      expect(await refused({ text: "", format: "xml" })).toBe("INVALID_OPTION");
      fake.groupMembers = [member];
      expect(await refused({ text: "t,0,1\n" })).toBe("GROUP_NOT_EMPTY");
    });
  });

  it("are set, also from text as kafkajs has them, and refused where they are no offsets", async () => {
    const fake = cluster();
    await withAdmin(fake, async (admin) => {
      const partitions = [
        { partition: 0, offset: "12" },
        { partition: 1, offset: 3, metadata: "by hand" },
      ];
      await admin.setOffsets({ groupId: "g", topic: "t", partitions });
      expect(fake.commits[0]?.offsets).toMatchObject([
        { partition: 0, offset: 12, metadata: "" },
        { partition: 1, offset: 3, metadata: "by hand" },
      ]);
      for (const offset of ["", "x", "-1", -1, "1.5"]) {
        const set = admin.setOffsets({ groupId: "g", topic: "t", partitions: [{ partition: 0, offset }] });
        expect((await errorOf(set)).code).toBe("INVALID_REQUEST");
      }
      expect(fake.commits).toHaveLength(1);
    });
  });

  it("are fetched as they are, or as a consumer would read from them", async () => {
    const fake = cluster();
    fake.committed.set("t-0", 0);
    await withAdmin(fake, async (admin) => {
      const partitions = (first: number, second: number) => [
        { partition: 0, offset: first, metadata: "" },
        { partition: 1, offset: second, metadata: "" },
      ];
      const asked = { groupId: "g", topics: ["t"] };
      expect(await admin.fetchOffsets(asked)).toEqual([{ topic: "t", partitions: partitions(0, -1) }]);
      const resolved = await admin.fetchOffsets({ ...asked, resolveOffsets: true });
      expect(resolved).toEqual([{ topic: "t", partitions: partitions(1, 5) }]);
      expect((await admin.fetchOffsets({ groupId: "g" })).map(({ topic }) => topic)).toEqual(["t", "u"]);
    });
  });

  it("are forgotten", async () => {
    const fake = cluster();
    await withAdmin(fake, async (admin) => {
      await admin.deleteOffsets({ groupId: "g", topics: [{ topic: "t", partitions: [0] }] });
      expect([...fake.committed.keys()]).toEqual(["u-0"]);
      const missing = admin.deleteOffsets({ groupId: "g", topics: ["missing"] });
      expect((await errorOf(missing)).code).toBe("UNKNOWN_TOPIC");
    });
  });
});

describe("a group", () => {
  it("is described with the names of kafkajs too", async () => {
    const fake = cluster();
    fake.groupMembers = [member];
    await withAdmin(fake, async (admin) => {
      const { groups } = await admin.describeGroups(["g"]);
      expect(groups[0]).toMatchObject({
        groupId: "g",
        protocolType: "consumer",
        errorCode: 0,
        members: [{ memberId: "m-1", clientId: "app", clientHost: "10.0.0.7", topics: ["t"] }],
      });
      expect(await admin.listGroups()).toEqual({
        groups: [{ groupId: "g", state: "empty", members: 0, protocolType: "consumer" }],
      });
    });
  });

  it("is deleted, whatever becomes of others that were named with it", async () => {
    const fake = cluster();
    const deleted: string[] = [];
    fake.onDeleteGroup = (group) => {
      if (group === "busy") throw new SluiceError("GROUP_NOT_EMPTY", { group, members: "m" });
      deleted.push(group);
      return {};
    };
    await withAdmin(fake, async (admin) => {
      expect(await admin.deleteGroups(["a"])).toEqual([{ groupId: "a", errorCode: 0 }]);
      const error = (await errorOf(admin.deleteGroups(["b", "busy", "c"]))) as DeleteGroupsError;
      expect(error.code).toBe("GROUP_NOT_EMPTY");
      expect(error.groups.map(({ groupId, errorCode }) => `${groupId} ${errorCode}`)).toEqual([
        "b 0",
        "busy 56",
        "c 0",
      ]);
      expect(deleted).toEqual(["a", "b", "c"]);
    });
  });
});

describe("lag", () => {
  it("is what is not processed, in messages, and in time since the next one was written", async () => {
    const fake = cluster();
    fake.groupMembers = [member];
    fake.committed.set("u-0", 3);
    await withAdmin(fake, async (admin) => {
      expect(await admin.fetchLag({ groupId: "g" })).toEqual({
        groupId: "g",
        lag: 3,
        timeLagMs: 1993,
        partitions: [
          { topic: "t", partition: 0, committed: 7, low: 1, end: 10, lag: 3, timeLagMs: 1993, memberId: "m-1" },
          {
            topic: "t",
            partition: 1,
            committed: undefined,
            low: 0,
            end: 5,
            lag: undefined,
            timeLagMs: undefined,
            memberId: undefined,
          },
          { topic: "u", partition: 0, committed: 3, low: 0, end: 3, lag: 0, timeLagMs: 0, memberId: undefined },
        ],
      });
    });
  });

  it("counts from the first message that the log still has", async () => {
    const fake = cluster();
    fake.committed.set("t-0", 0);
    await withAdmin(fake, async (admin) => {
      const { partitions } = await admin.fetchLag({ groupId: "g", topics: ["t"] });
      expect(partitions[0]).toMatchObject({ committed: 0, lag: 9, timeLagMs: 1999 });
    });
  });

  it("is known without its time where that is not asked for, and nothing is read then", async () => {
    const fake = cluster();
    fake.onFetch = () => expect.fail("something was read");
    await withAdmin(fake, async (admin) => {
      const { lag, timeLagMs } = await admin.fetchLag({ groupId: "g", withTime: false });
      expect({ lag, timeLagMs }).toEqual({ lag: 4, timeLagMs: undefined });
    });
  });

  it("is asked again of the new leader, and of a topic that is gone there is none", async () => {
    const fake = cluster();
    fake.committed.set("gone-0", 3);
    await using client = testClient(fake);
    const admin = client.admin();
    await admin.fetchTopicMetadata();
    let isMoved = false;
    fake.onFetch = () => {
      if (isMoved) return undefined;
      isMoved = true;
      fake.moveLeader("t", 0, 2);
      return new SluiceError("NOT_LEADER", { broker: 1, topic: "t", partition: 0, leader: 2 });
    };
    const { partitions } = await admin.fetchLag({ groupId: "g" });
    expect(partitions.map(({ topic, lag }) => `${topic} ${lag}`)).toEqual(["t 3", "t undefined", "u 1"]);
    expect(partitions[0]?.timeLagMs).toBeGreaterThan(0);
    expect((await errorOf(admin.fetchLag({ groupId: "g", topics: ["gone"] }))).code).toBe("UNKNOWN_TOPIC");
  });
});
