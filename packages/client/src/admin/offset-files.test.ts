import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatOffsets, parseOffsets } from "./offset-files.js";

const place = fc.record({
  topic: fc.stringMatching(/^[A-Za-z0-9_-]{1,30}$/),
  partition: fc.nat(),
  offset: fc.maxSafeNat(),
});
const rows = fc.uniqueArray(place, { selector: ({ topic, partition }) => `${topic}-${partition}` });
const t0 = { topic: "t", partition: 0, offset: 7 };

describe("offsets as text", () => {
  it("come back as they were, in both formats", () => {
    fc.assert(
      fc.property(rows, fc.constantFrom("csv" as const, "json" as const), (offsets, format) => {
        const text = formatOffsets(format, { groupId: "g", exportedAtMs: 1, offsets });
        expect(parseOffsets(text, { groupId: "g", format })).toEqual(offsets);
        if (offsets.length > 0) expect(parseOffsets(text, { groupId: "g" })).toEqual(offsets);
      }),
    );
  });

  it.each([
    ["a header", "topic,partition,offset\nt,0,7\n"],
    ["the group in front", "g,t,0,7"],
    ["a header with the group", "group,topic,partition,offset\ng,t,0,7"],
    ["quotes, as Kafka's tool writes long names", '"t",0,7'],
    ["other line ends, blank lines and spaces", "\r\nt, 0, 7\r\n\r\n"],
    ["a byte order mark", "\uFEFFt,0,7\n"],
    ["JSON of the list alone", '[{"topic":"t","partition":0,"offset":7}]'],
    ["JSON with an offset as text", '{"offsets":[{"topic":"t","partition":0,"offset":"7"}]}'],
  ])("are read with %s", (_, text) => {
    expect(parseOffsets(text, { groupId: "g" })).toEqual([t0]);
  });

  it.each([
    ["t,0,7\nt,1\n", "line 2 is not topic,partition,offset"],
    ["t,0,7\n\nt,x,1\n", "line 3 names no partition"],
    ["t,0,-1", "line 1: -1 is not an offset"],
    ["t,0,9007199254740993", "line 1: 9007199254740993 is not an offset"],
    ["t,0,1\nt,0,2", "line 2: partition t-0 is there twice"],
    ["h,t,0,7", "line 1 is of group 'h', not 'g'"],
    ["a b,0,7", "'a b' is not a topic name"],
    ["t,0,7,8,9", "line 1 is not topic,partition,offset"],
    ["{", "not JSON"],
    ["{}", "the JSON has no list 'offsets'"],
    ["[3]", "offset 1 is not {topic, partition, offset}"],
    ['[{"topic":"t","partition":0.5,"offset":1}]', "offset 1 names no partition"],
    ['[{"partition":0,"offset":1}]', "offset 1 names no topic"],
    ['[{"topic":"t","partition":0}]', "offset 1: undefined is not an offset"],
  ])("are refused whole: %s", (text, message) => {
    expect(() => parseOffsets(text, { groupId: "g" })).toThrow(message);
  });
});
