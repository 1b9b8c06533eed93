/**
 * What every cluster store must do, as one suite: call `describeClusterStore` from the test of an implementation.
 */

import { isSluiceError } from "@sluice/model";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ClusterStore, Compare, Operation, StoreEvent, Watch, WatchListener } from "./cluster-store.js";

/** A store to test, and the means to let time pass for it. */
export interface StoreUnderTest {
  readonly store: ClusterStore;
  /** Lets the store's time pass: its leases run out by it. */
  passTime(durationMs: number): Promise<void>;
  /** How much earlier than its time a lease is kept alive for certain, in milliseconds: 1 where time is virtual. */
  readonly leaseMarginMs: number;
  /** Lets the store forget the changes before its newest, where it does not by its own bound. */
  forgetHistory(): Promise<void>;
  /** Ends the store and removes what it left behind. */
  dispose(): Promise<void>;
}

export interface StoreOptions {
  /** Small: watches that begin in the past soon find their history gone. */
  readonly historyEventsMax?: number;
}

export function describeClusterStore(name: string, open: (options: StoreOptions) => Promise<StoreUnderTest>): void {
  describe(`${name} as a cluster store`, () => {
    let subject: StoreUnderTest;
    let store: ClusterStore;

    beforeEach(async () => {
      subject = await open({});
      store = subject.store;
    });
    afterEach(() => subject.dispose());

    describe("revisions", () => {
      it("knows nothing at first", async () => {
        expect(await store.get("a")).toBeUndefined();
        expect((await store.list("")).entries).toEqual([]);
      });

      it("grow by 1 with every transaction that changes something, and by nothing else", async () => {
        const first = await store.transact([], [put("a", "1"), put("b", "1")]);
        const second = await store.transact([], [put("a", "2")]);
        const nothing = await store.transact([], [remove("absent"), removePrefix("absent/")]);
        const refused = await store.transact([created("a", 0)], [put("a", "3")]);
        expect(first).toEqual({ succeeded: true, revision: second.revision - 1 });
        expect(nothing).toEqual({ succeeded: true, revision: second.revision });
        expect(refused).toEqual({ succeeded: false, revision: second.revision });
        expect((await store.list("")).revision).toBe(second.revision);
      });

      it("tell when a key was made and when it was last put", async () => {
        const { revision } = await store.transact([], [put("a", "1")]);
        await store.transact([], [put("a", "2")]);
        expect(await store.get("a")).toEqual({
          key: "a",
          value: "2",
          createRevision: revision,
          modRevision: revision + 1,
          leaseId: undefined,
        });
      });

      it("show a key that was deleted and made again as a new one", async () => {
        await store.transact([], [put("a", "1")]);
        await store.transact([], [remove("a")]);
        const { revision } = await store.transact([], [put("a", "1")]);
        expect(await store.get("a")).toMatchObject({ createRevision: revision, modRevision: revision });
      });
    });

    describe("listings", () => {
      it("hold every key, however many there are, in the order of keys and at one revision", async () => {
        const keys = Array.from({ length: 2300 }, (_, index) => `a/${String(index).padStart(5, "0")}`);
        for (let from = 0; from < keys.length; from += 100) {
          const puts = keys.slice(from, from + 100).map((key) => put(key, "1"));
          await store.transact([], puts);
        }
        const { revision } = await store.transact([], [put("b", "1")]);
        const listing = await store.list("a/");
        expect(listing.revision).toBe(revision);
        expect(listing.entries.map(({ key }) => key)).toEqual(keys);
      });
    });

    describe("transactions", () => {
      it("do all or nothing", async () => {
        await store.transact([], [put("a", "1")]);
        const result = await store.transact([created("a", 0)], [put("b", "1"), remove("a")]);
        expect(result.succeeded).toBe(false);
        expect((await store.list("")).entries.map((entry) => entry.key)).toEqual(["a"]);
      });

      it("need every compare to hold; a key that does not exist has revisions 0", async () => {
        const { revision } = await store.transact([created("a", 0), modified("a", 0)], [put("a", "1")]);
        const right = [created("a", revision), modified("a", revision)];
        expect((await store.transact([...right, created("b", revision)], [put("a", "x")])).succeeded).toBe(false);
        expect((await store.transact([created("a", revision), modified("a", 0)], [put("a", "x")])).succeeded).toBe(
          false,
        );
        expect((await store.transact([...right, created("b", 0)], [put("a", "2")])).succeeded).toBe(true);
        expect((await store.get("a"))?.value).toBe("2");
      });

      it("let exactly one of many that compare the same revision through", async () => {
        const { revision } = await store.transact([], [put("counter", "0")]);
        const tries = Array.from({ length: 20 }, (_, i) => {
          return store.transact([modified("counter", revision)], [put("counter", `${i}`)]);
        });
        const succeeded = (await Promise.all(tries)).filter((result) => result.succeeded);
        expect(succeeded).toEqual([{ succeeded: true, revision: revision + 1 }]);
      });

      it("take 128 operations and compares together, and not one more", async () => {
        const puts = Array.from({ length: 127 }, (_, i) => put(`key-${i}`, "x"));
        expect((await store.transact([created("key-0", 0)], puts)).succeeded).toBe(true);
        const oneMore = store.transact([created("other", 0), created("another", 0)], puts);
        await expect(oneMore).rejects.toSatisfy((error) => isSluiceError(error, "INVALID_REQUEST"));
        expect((await store.list("")).entries).toHaveLength(127);
      });

      it.each<[string, Operation[]]>([
        ["an empty key", [put("", "x")]],
        ["a key that is put twice", [put("a", "1"), put("a", "2")]],
        ["a key that is put and deleted", [put("a", "1"), remove("a")]],
        ["a key that is put and deleted by its prefix", [removePrefix("a"), put("ab", "1")]],
      ])("refuse %s", async (_, operations) => {
        const refused = store.transact([], operations);
        await expect(refused).rejects.toSatisfy((error) => isSluiceError(error, "INVALID_REQUEST"));
        expect((await store.list("")).entries).toEqual([]);
      });

      it("keep any text as it is", async () => {
        const text = 'line\nbreak \u0000 "quoted" ünïcödé 🚰 \\';
        await store.transact([], [put(text, text)]);
        expect((await store.get(text))?.value).toBe(text);
      });
    });

    describe("prefixes", () => {
      beforeEach(async () => {
        const keys = ["parts/b/0", "parts/a/10", "parts/a/2", "parts/ab/0", "parts", "party/a/0"];
        await store.transact(
          [],
          keys.map((key) => put(key, "x")),
        );
      });

      it("list by key exactly what begins with them", async () => {
        expect(await keysUnder("parts/a/")).toEqual(["parts/a/10", "parts/a/2"]);
        expect(await keysUnder("parts/a")).toEqual(["parts/a/10", "parts/a/2", "parts/ab/0"]);
        expect(await keysUnder("")).toHaveLength(6);
      });

      it("delete exactly what begins with them", async () => {
        await store.transact([], [removePrefix("parts/a/")]);
        expect(await keysUnder("")).toEqual(["parts", "parts/ab/0", "parts/b/0", "party/a/0"]);
      });

      async function keysUnder(prefix: string): Promise<string[]> {
        return (await store.list(prefix)).entries.map((entry) => entry.key);
      }
    });

    describe("leases", () => {
      it("take their keys with them when they run out, in one revision", async () => {
        const { leaseId, ttlMs } = await store.grantLease(3000);
        expect(ttlMs).toBeGreaterThanOrEqual(3000);
        await store.transact([], [put("leased/1", "x", leaseId), put("kept", "x")]);
        const { revision } = await store.transact([], [put("leased/2", "x", leaseId)]);
        const watched = recordWatch("", revision + 1);
        await subject.passTime(ttlMs - subject.leaseMarginMs);
        expect(await store.get("leased/1")).toMatchObject({ leaseId });
        await subject.passTime(subject.leaseMarginMs);
        await untilTrue(() => expect(watched.changes).toHaveLength(1));
        expect(watched.changes).toEqual([
          [
            revision + 1,
            [
              { type: "delete", key: "leased/1", modRevision: revision + 1 },
              { type: "delete", key: "leased/2", modRevision: revision + 1 },
            ],
          ],
        ]);
        expect((await store.list("")).entries.map((entry) => entry.key)).toEqual(["kept"]);
      });

      it("last as long as they are kept alive", async () => {
        const { leaseId, ttlMs } = await store.grantLease(3000);
        await store.transact([], [put("leased", "x", leaseId)]);
        for (let i = 0; i < 5; i += 1) {
          await subject.passTime(ttlMs - subject.leaseMarginMs);
          await store.keepLeaseAlive(leaseId);
        }
        expect(await store.get("leased")).toBeDefined();
        await subject.passTime(ttlMs);
        await untilTrue(async () => expect(await store.get("leased")).toBeUndefined());
      });

      it("are refused once they are over", async () => {
        const { leaseId, ttlMs } = await store.grantLease(3000);
        await store.transact([], [put("leased", "x", leaseId)]);
        await subject.passTime(ttlMs);
        await untilTrue(async () => expect(await store.get("leased")).toBeUndefined());
        const refused = [
          store.keepLeaseAlive(leaseId),
          store.transact([], [put("a", "x", leaseId)]),
          store.transact([created("a", 0)], [put("a", "x", leaseId)]),
        ];
        for (const error of await errorsOf(refused)) expect(isSluiceError(error, "LEASE_EXPIRED")).toBe(true);
        await store.revokeLease(leaseId);
        expect(await store.get("a")).toBeUndefined();
      });

      it("give up their keys at once when they are revoked, and only theirs", async () => {
        const mine = await store.grantLease(3000);
        const other = await store.grantLease(3000);
        await store.transact([], [put("mine", "x", mine.leaseId), put("other", "x", other.leaseId)]);
        await store.revokeLease(mine.leaseId);
        expect((await store.list("")).entries.map((entry) => entry.key)).toEqual(["other"]);
      });

      it("let go of a key that is put again without them", async () => {
        const { leaseId } = await store.grantLease(3000);
        await store.transact([], [put("a", "1", leaseId)]);
        await store.transact([], [put("a", "2")]);
        await store.revokeLease(leaseId);
        expect(await store.get("a")).toMatchObject({ value: "2", leaseId: undefined });
      });

      it("are not granted for no time", async () => {
        await expect(store.grantLease(0)).rejects.toSatisfy((error) => isSluiceError(error, "INVALID_REQUEST"));
      });
    });

    describe("watches", () => {
      it("tell what is under their prefix from a past revision on, in order and without gaps", async () => {
        const { revision } = await store.transact([], [put("a/1", "1"), put("b/1", "1")]);
        await store.transact([], [put("b/2", "1")]);
        const watched = recordWatch("a/", revision);
        await store.transact([], [remove("a/1"), put("a/2", "1")]);
        await untilTrue(() => expect(watched.changes).toHaveLength(2));
        await store.transact([], [put("a/2", "2")]);
        await untilTrue(() => expect(watched.changes).toHaveLength(3));
        expect(watched.changes.map(([at]) => at - revision)).toEqual([0, 2, 3]);
        expect(watched.changes[1]?.[1]).toEqual([
          { type: "delete", key: "a/1", modRevision: revision + 2 },
          { type: "put", entry: await entryAt("a/2", { value: "1", modRevision: revision + 2 }) },
        ]);
        expect(watched.errors).toEqual([]);
      });

      it("wait for a revision that is yet to come", async () => {
        const { revision } = await store.transact([], [put("a", "1")]);
        const watched = recordWatch("", revision + 2);
        await store.transact([], [put("a", "2")]);
        await store.transact([], [put("a", "3")]);
        await untilTrue(() => expect(watched.changes).toHaveLength(1));
        expect(watched.changes[0]?.[0]).toBe(revision + 2);
      });

      it("see every revision that a hundred concurrent writers make, once", async () => {
        const { revision } = await store.list("");
        const watched = recordWatch("", revision + 1);
        await Promise.all(Array.from({ length: 100 }, (_, i) => store.transact([], [put(`key-${i % 7}`, `${i}`)])));
        await untilTrue(() => expect(watched.changes).toHaveLength(100));
        expect(watched.changes.map(([at]) => at)).toEqual(Array.from({ length: 100 }, (_, i) => revision + 1 + i));
      });

      it("say nothing after they were cancelled", async () => {
        const { revision } = await store.transact([], [put("a", "1")]);
        const cancelled = recordWatch("", revision);
        cancelled.watch.cancel();
        const live = recordWatch("", revision);
        await store.transact([], [put("a", "2")]);
        await untilTrue(() => expect(live.changes).toHaveLength(2));
        expect(cancelled.changes).toEqual([]);
        cancelled.watch.cancel();
      });

      it("end alone when their listener throws", async () => {
        const { revision } = await store.list("");
        const errors: Error[] = [];
        const onChange = (): void => {
          throw new Error("listener broke");
        };
        store.watch("", revision + 1, { onChange, onError: (error) => errors.push(error) });
        const other = recordWatch("", revision + 1);
        await store.transact([], [put("a", "1")]);
        await store.transact([], [put("a", "2")]);
        await untilTrue(() => expect(other.changes).toHaveLength(2));
        expect(errors.map((error) => error.message)).toEqual(["listener broke"]);
      });

      it("end with REVISION_COMPACTED where what they ask for is no longer kept", async () => {
        const small = await open({ historyEventsMax: 10 });
        try {
          const { revision } = await small.store.transact([], [put("a", "0")]);
          for (let i = 0; i < 50; i += 1) await small.store.transact([], [put("a", `${i}`)]);
          await small.forgetHistory();
          const compacted = recordWatch("", revision, small.store);
          await untilTrue(() => expect(compacted.errors).toHaveLength(1));
          expect(compacted.errors[0]).toSatisfy((error) => isSluiceError(error, "REVISION_COMPACTED"));
          expect(compacted.changes).toEqual([]);
          const recent = recordWatch("", revision + 50, small.store);
          await untilTrue(() => expect(recent.changes).toHaveLength(1));
        } finally {
          await small.dispose();
        }
      });
    });

    describe("close", () => {
      it("ends watches with CLOSED and refuses every call from then on", async () => {
        const { revision } = await store.transact([], [put("a", "1")]);
        const watched = recordWatch("", revision);
        await store.close();
        await store.close();
        expect(watched.errors).toHaveLength(1);
        const late = recordWatch("", 1);
        await untilTrue(() => expect(late.errors).toHaveLength(1));
        const refused = [
          store.get("a"),
          store.list(""),
          store.transact([], [put("a", "2")]),
          store.grantLease(1000),
          store.keepLeaseAlive("x"),
          store.revokeLease("x"),
        ];
        for (const error of [...(await errorsOf(refused)), ...watched.errors, ...late.errors])
          expect(isSluiceError(error, "CLOSED")).toBe(true);
      });

      it("answers what was asked before", async () => {
        const asked = store.transact([], [put("a", "1")]);
        await store.close();
        expect((await asked).succeeded).toBe(true);
      });
    });

    function recordWatch(prefix: string, fromRevision: number, on: ClusterStore = store): RecordedWatch {
      const changes: [number, readonly StoreEvent[]][] = [];
      const errors: Error[] = [];
      const listener: WatchListener = {
        onChange: (revision, events) => changes.push([revision, events]),
        onError: (error) => errors.push(error),
      };
      return { changes, errors, watch: on.watch(prefix, fromRevision, listener) };
    }

    async function entryAt(key: string, differences: object): Promise<object> {
      return { ...(await store.get(key)), ...differences };
    }
  });
}

/** Why each of the calls failed; undefined where one did not. */
async function errorsOf(calls: readonly Promise<unknown>[]): Promise<unknown[]> {
  const outcomes = await Promise.allSettled(calls);
  return outcomes.map((outcome) => (outcome.status === "rejected" ? outcome.reason : undefined));
}

/** Waits until the assertion holds, for as long as a store over a network may take. */
function untilTrue(assertion: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(assertion, { timeout: 10_000 });
}

interface RecordedWatch {
  readonly changes: [number, readonly StoreEvent[]][];
  readonly errors: Error[];
  readonly watch: Watch;
}

function put(key: string, value: string, leaseId?: string): Operation {
  return { type: "put", key, value, leaseId };
}

function remove(key: string): Operation {
  return { type: "delete", key };
}

function removePrefix(prefix: string): Operation {
  return { type: "deletePrefix", prefix };
}

function created(key: string, equals: number): Compare {
  return { key, target: "createRevision", equals };
}

function modified(key: string, equals: number): Compare {
  return { key, target: "modRevision", equals };
}
