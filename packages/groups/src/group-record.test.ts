import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatGroupRecordKey,
  formatGroupValue,
  formatOffsetValue,
  type GroupValue,
  parseGroupRecordKey,
  parseGroupValue,
  parseOffsetValue,
} from "./group-record.js";

const partitions = fc.array(fc.record({ topic: fc.string(), partition: fc.nat() }), { maxLength: 3 });
const groupValue: fc.Arbitrary<GroupValue> = fc.record({
  generation: fc.nat(),
  assignor: fc.constantFrom(undefined, "uniform" as const, "sticky" as const),
  emptySinceMs: fc.option(fc.nat(), { nil: undefined }),
  members: fc.array(
    fc.record({
      memberId: fc.string(),
      clientId: fc.string(),
      host: fc.string(),
      topics: fc.array(fc.string(), { maxLength: 3 }),
      sessionTimeoutMs: fc.integer({ min: 1 }),
      rebalanceTimeoutMs: fc.integer({ min: 1 }),
      generation: fc.nat(),
      owned: partitions,
      assigned: partitions,
    }),
    { maxLength: 3 },
  ),
});

describe("group records", () => {
  it("read back as they were written", () => {
    fc.assert(
      fc.property(groupValue, fc.string(), fc.string(), fc.nat(), (value, group, text, number) => {
        expect(parseGroupValue("k", formatGroupValue(value))).toEqual(value);
        for (const key of [
          { type: "group", group },
          { type: "offset", group, topic: text, partition: number },
        ] as const)
          expect(parseGroupRecordKey(formatGroupRecordKey(key))).toEqual(key);
        const known = { offset: number, leaderEpoch: number, metadata: text, committedAtMs: number, topicId: text };
        expect(parseOffsetValue("k", formatOffsetValue(known))).toEqual(known);
        const unknown = { ...known, leaderEpoch: undefined };
        expect(parseOffsetValue("k", formatOffsetValue(unknown))).toEqual(unknown);
      }),
    );
  });

  it("have the text that is documented", () => {
    expect(formatGroupRecordKey({ type: "offset", group: "g", topic: "t", partition: 0 })).toBe(
      '{"type":"offset","group":"g","topic":"t","partition":0}',
    );
    const committed = { offset: 42, leaderEpoch: undefined, metadata: "", committedAtMs: 7, topicId: "id" };
    expect(formatOffsetValue(committed)).toBe(
      '{"offset":42,"leaderEpoch":-1,"metadata":"","committedAtMs":7,"topicId":"id"}',
    );
  });

  it("of earlier versions are read: when the group became empty is not known, the rebalance timeout is the default", () => {
    const member =
      '{"memberId":"m","clientId":"","host":"","topics":["t"],"sessionTimeoutMs":1,"generation":1,"assigned":[],"owned":[]}';
    const value = parseGroupValue("k", `{"generation":1,"assignor":"sticky","members":[${member}]}`);
    expect(value.emptySinceMs).toBeUndefined();
    expect(value.members[0]?.rebalanceTimeoutMs).toBe(300_000);
  });

  it.each([
    "",
    "nonsense",
    "[]",
    "{}",
    '{"type":"x","group":"g"}',
    '{"type":"offset","group":"g","topic":"t","partition":-1}',
  ])("refuse the key %s", (key) =>
    expect(() => parseGroupRecordKey(key)).toThrowError(expect.objectContaining({ code: "CORRUPT_GROUP_RECORD" })),
  );

  it("refuse values of another shape", () => {
    const malformed = expect.objectContaining({ code: "CORRUPT_GROUP_RECORD" });
    const value = '{"generation":1,"assignor":"sticky","members":[';
    for (const text of [
      "7",
      '{"generation":1.5,"assignor":"","members":[]}',
      `${value}3]}`,
      '{"generation":1,"assignor":"x","members":[]}',
    ])
      expect(() => parseGroupValue("k", text)).toThrowError(malformed);
    const member =
      '{"memberId":"m","clientId":"","host":"","topics":["t"],"sessionTimeoutMs":1,"generation":1,"assigned":[]';
    for (const owned of ["[[1,2]]", '[["t",-1]]', '[["t"]]', "3"])
      expect(() => parseGroupValue("k", `${value}${member},"owned":${owned}}]}`)).toThrowError(malformed);
    expect(() =>
      parseOffsetValue("k", '{"offset":-1,"leaderEpoch":0,"metadata":"","committedAtMs":0,"topicId":""}'),
    ).toThrowError(malformed);
  });
});
