import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KeyValue, Listing, Operation } from "./cluster-store.js";
import { KnownKeys } from "./known-keys.js";
import { StoreState } from "./store-state.js";

const arbitraryOperation: fc.Arbitrary<Operation> = fc
  .record({ key: fc.constantFrom("a", "b", "c", "d"), isPut: fc.boolean() })
  .map(({ key, isPut }) => (isPut ? { type: "put", key, value: "x" } : { type: "delete", key }));

describe("KnownKeys", () => {
  it("finds what leads from any earlier state, with any changes skipped, to the listing, and then nothing more", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ operation: arbitraryOperation, isSkipped: fc.boolean() }), { maxLength: 60, size: "max" }),
        (steps) => {
          const state = new StoreState();
          const known = new KnownKeys();
          const entries = new Map<string, KeyValue>();
          for (const { operation, isSkipped } of steps) {
            const { change } = state.transact([], [operation]);
            if (change !== undefined && !isSkipped) applyTo(entries, known, change.events);
          }
          const listing = state.list("");
          applyTo(entries, known, known.changesTo(listing));
          expect([...entries.values()].sort((a, b) => (a.key < b.key ? -1 : 1))).toEqual(listing.entries);
          expect(known.changesTo(listing)).toEqual([]);
        },
      ),
    );
  });

  it("does not take what was put after the listing for something that was missed", () => {
    const state = new StoreState();
    const known = new KnownKeys();
    known.apply(state.transact([], [{ type: "put", key: "a", value: "1" }]).change?.events ?? []);
    const listing: Listing = state.list("");
    for (const key of ["a", "b"]) {
      known.apply(state.transact([], [{ type: "put", key, value: "2" }]).change?.events ?? []);
    }
    expect(known.changesTo(listing)).toEqual([]);
  });
});

function applyTo(entries: Map<string, KeyValue>, known: KnownKeys, events: Parameters<KnownKeys["apply"]>[0]): void {
  known.apply(events);
  for (const event of events) {
    if (event.type === "put") entries.set(event.entry.key, event.entry);
    else entries.delete(event.key);
  }
}
