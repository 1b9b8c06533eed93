import { expect, it } from "vitest";
import type { InputGroup } from "./input-format.js";
import { pacedGroups } from "./paced-groups.js";

/** Time that passes only by sleeping. */
function fakeClock() {
  const self = {
    ms: 0,
    nowMs: () => self.ms,
    sleep: async (ms: number) => {
      self.ms += ms;
    },
  };
  return self;
}

async function* groups(...sizes: readonly number[]): AsyncGenerator<InputGroup> {
  let first = 0;
  for (const size of sizes) {
    const start = first;
    first += size;
    yield {
      messages: Array.from({ length: size }, () => ({ value: "x" })),
      placeOf: (index) => `Line ${start + index + 1}`,
    };
  }
}

it.each([
  [1000, [5000]],
  [1000, Array.from({ length: 50 }, () => 100)],
  [7, [35]],
  [1_000_000, [5_000_000]],
])("takes as long as %i a second take", async (rate, sizes) => {
  const clock = fakeClock();
  let records = 0;
  for await (const { messages } of pacedGroups(groups(...sizes), rate, new AbortController().signal, clock)) {
    records += messages.length;
    // Never ahead of the rate by more than the piece that is under way.
    expect(records).toBeLessThanOrEqual((clock.ms / 1000) * rate + Math.max(1, Math.floor(rate / 20)) + 1);
  }
  expect(clock.ms).toBeGreaterThan((records / rate) * 1000 * 0.9);
  expect(clock.ms).toBeLessThanOrEqual((records / rate) * 1000);
});

it("does not make up for a source that was late", async () => {
  const clock = fakeClock();
  async function* late(): AsyncGenerator<InputGroup> {
    yield* groups(10);
    clock.ms += 60_000;
    yield* groups(1000);
  }
  for await (const _ of pacedGroups(late(), 100, new AbortController().signal, clock));
  expect(clock.ms).toBeGreaterThan(60_000 + 9000);
});

it("keeps the places of messages", async () => {
  const places: (string | undefined)[] = [];
  for await (const { messages, placeOf } of pacedGroups(groups(3, 2), 20, new AbortController().signal, fakeClock()))
    places.push(...messages.map((_, index) => placeOf(index)));
  expect(places).toEqual(["Line 1", "Line 2", "Line 3", "Line 4", "Line 5"]);
});
