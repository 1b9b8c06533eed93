import fc from "fast-check";
import { expect, it } from "vitest";
import { changedKeys, SharedMap } from "./shared-map.js";

type Edit = { readonly key: string; readonly value: number | undefined };

// Few enough keys that they are met again, more than one in some buckets.
const edits = fc.array(
  fc.record({
    key: fc.nat(3000).map((number) => `key-${number}`),
    value: fc.option(fc.nat(3), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 400, size: "max" },
);

it("holds what a Map would hold, and leaves every earlier version as it was", () => {
  fc.assert(
    fc.property(fc.array(edits, { maxLength: 8, size: "max" }), (rounds) => {
      const versions: { shared: SharedMap<string, number>; model: Map<string, number> }[] = [
        { shared: SharedMap.from(new Map<string, number>()), model: new Map() },
      ];
      for (const round of rounds) {
        const last = versions.at(-1) as (typeof versions)[number];
        versions.push({ shared: edited(last.shared, round), model: editedModel(last.model, round) });
      }
      for (const { shared, model } of versions) {
        expect(shared.size).toBe(model.size);
        expect(new Map(shared)).toEqual(model);
        expect([...shared.keys()].sort()).toEqual([...model.keys()].sort());
        expect([...shared.values()].sort()).toEqual([...model.values()].sort());
        for (const [key, value] of model) expect(shared.get(key)).toBe(value);
        for (let number = 0; number < 3000; number += 7)
          expect(shared.has(`key-${number}`)).toBe(model.has(`key-${number}`));
      }
    }),
    { numRuns: 40 },
  );
});

it("names exactly the keys that differ, between versions, and between maps that share nothing", () => {
  fc.assert(
    fc.property(edits, edits, (first, second) => {
      const before = edited(SharedMap.from(new Map<string, number>()), first);
      const after = edited(before, second);
      const expected = [...new Set([...before.keys(), ...after.keys()])].filter(
        (key) => before.get(key) !== after.get(key),
      );
      expect(changedKeys(before, after).sort()).toEqual(expected.sort());
      expect(changedKeys(new Map(before), new Map(after)).sort()).toEqual(expected.sort());
    }),
    { numRuns: 100 },
  );
});

it("is iterated in the same order whatever it was made from", () => {
  const keys = Array.from({ length: 5000 }, (_, number) => `key-${number}`);
  const forward = SharedMap.from(new Map(keys.map((key) => [key, 1])));
  const backward = SharedMap.from(new Map([...keys].reverse().map((key) => [key, 1])));
  expect([...backward.keys()]).toEqual([...forward.keys()]);
});

it("is told apart by what it holds where tests compare images", () => {
  const one = SharedMap.from(new Map([["key", { value: 1 }]]));
  expect(SharedMap.from(new Map([["key", { value: 1 }]]))).toEqual(one);
  expect(SharedMap.from(new Map([["key", { value: 2 }]]))).not.toEqual(one);
  expect(SharedMap.from(new Map([["other", { value: 1 }]]))).not.toEqual(one);
});

function edited(map: SharedMap<string, number>, round: readonly Edit[]): SharedMap<string, number> {
  const draft = map.edit();
  for (const { key, value } of round) {
    if (value === undefined) draft.delete(key);
    else draft.set(key, value);
    expect(draft.get(key)).toBe(value);
  }
  const finished = draft.finish();
  // What a draft is told later is not in what it made.
  draft.set(round[0]?.key ?? "", 99);
  return finished;
}

function editedModel(model: ReadonlyMap<string, number>, round: readonly Edit[]): Map<string, number> {
  const next = new Map(model);
  for (const { key, value } of round) {
    if (value === undefined) next.delete(key);
    else next.set(key, value);
  }
  return next;
}
