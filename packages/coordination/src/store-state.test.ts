import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Compare, KeyValue, Operation } from "./cluster-store.js";
import { type StoreChange, StoreState } from "./store-state.js";

const key = fc.constantFrom("a", "a/1", "a/2", "b", "b/1");
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ type: fc.constant("put" as const), key, value: fc.string({ maxLength: 3 }) }),
  fc.record({ type: fc.constant("delete" as const), key }),
  fc.record({ type: fc.constant("deletePrefix" as const), prefix: fc.constantFrom("a/", "b", "") }),
);
const compare: fc.Arbitrary<Compare> = fc.record({
  key,
  target: fc.constantFrom("createRevision" as const, "modRevision" as const),
  equals: fc.integer({ min: 0, max: 6 }),
});
const transaction = fc.record({
  compares: fc.array(compare, { maxLength: 2 }),
  operations: fc.array(operation, { maxLength: 4 }),
});

describe("StoreState", () => {
  it("agrees with a slow model on values, revisions and success", () => {
    fc.assert(
      fc.property(fc.array(transaction, { maxLength: 30, size: "max" }), (transactions) => {
        const state = new StoreState();
        const model = new SlowModel();
        for (const { compares, operations } of transactions) {
          if (isRefused(operations)) {
            expect(() => state.transact(compares, operations)).toThrow();
            continue;
          }
          expect(state.transact(compares, operations).succeeded).toBe(model.transact(compares, operations));
          expect(state.list("")).toEqual({ revision: model.revision, entries: model.sorted() });
        }
      }),
      { numRuns: 500 },
    );
  });

  it("gives changes that, applied to the state before them, make the state after them", () => {
    fc.assert(
      fc.property(fc.array(transaction, { maxLength: 30, size: "max" }), fc.nat(30), (transactions, skipped) => {
        const state = new StoreState();
        let early = state.snapshot();
        for (const [index, { compares, operations }] of transactions.entries()) {
          if (!isRefused(operations)) state.transact(compares, operations);
          if (index === skipped) early = state.snapshot();
        }
        const changes = state.changesFrom(early.revision + 1) ?? [];
        const replayed = new StoreState({ snapshot: early });
        for (const change of changes) replayed.replay(change);
        expect(replayed.list("")).toEqual(state.list(""));
        expect(changes.map((change) => change.revision)).toEqual(revisionsBetween(early.revision, state.revision));
      }),
      { numRuns: 500 },
    );
  });

  it("keeps a bounded history, the newest change always, and says from where it can be watched", () => {
    const state = new StoreState({ historyEventsMax: 10 });
    for (let i = 0; i < 100; i += 1) {
      state.transact([], [put("a", `${i}`), put("b", `${i}`)]);
      const kept = state.changesFrom(state.oldestWatchableRevision) as readonly StoreChange[];
      expect(kept.flatMap((change) => change.events).length).toBeLessThanOrEqual(10);
      expect(kept.at(-1)?.revision).toBe(state.revision);
      if (state.oldestWatchableRevision > 1) {
        expect(state.changesFrom(state.oldestWatchableRevision - 1)).toBeUndefined();
      }
    }
    const many = Array.from({ length: 100 }, (_, i) => put(`key-${i}`, "x"));
    state.transact([], many);
    expect(state.changesFrom(state.revision)?.[0]?.events).toHaveLength(100);
  });
});

/** What etcd does, written down without any thought of speed. */
class SlowModel {
  revision = 0;
  entries: KeyValue[] = [];

  transact(compares: readonly Compare[], operations: readonly Operation[]): boolean {
    const holds = compares.every((one) => (this.#find(one.key)?.[one.target] ?? 0) === one.equals);
    if (!holds) return false;
    const before = this.entries;
    const revision = this.revision + 1;
    let hasPut = false;
    for (const one of operations) {
      if (one.type === "delete") this.entries = this.entries.filter((entry) => entry.key !== one.key);
      if (one.type === "deletePrefix") this.entries = this.entries.filter((entry) => !entry.key.startsWith(one.prefix));
      if (one.type !== "put") continue;
      hasPut = true;
      const createRevision = this.#find(one.key)?.createRevision ?? revision;
      const entry = { key: one.key, value: one.value, createRevision, modRevision: revision, leaseId: undefined };
      this.entries = [...this.entries.filter((other) => other.key !== one.key), entry];
    }
    if (hasPut || this.entries.length !== before.length) this.revision = revision;
    return true;
  }

  sorted(): KeyValue[] {
    return [...this.entries].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  #find(wanted: string): KeyValue | undefined {
    return this.entries.find((entry) => entry.key === wanted);
  }
}

/** Whether a key is put twice, or put and deleted. */
function isRefused(operations: readonly Operation[]): boolean {
  const puts = operations.flatMap((one) => (one.type === "put" ? [one.key] : []));
  const isDeleted = (name: string): boolean => {
    return operations.some((one) => {
      if (one.type === "delete") return one.key === name;
      return one.type === "deletePrefix" && name.startsWith(one.prefix);
    });
  };
  return new Set(puts).size < puts.length || puts.some(isDeleted);
}

function revisionsBetween(after: number, last: number): number[] {
  return Array.from({ length: last - after }, (_, i) => after + 1 + i);
}

function put(name: string, value: string): Operation {
  return { type: "put", key: name, value };
}
