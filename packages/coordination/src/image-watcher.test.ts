import { brokerKey, type ClusterImage, formatBrokerValue, imageFromListing } from "@sluice/cluster";
import { brokerId, isSluiceError } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Listing, Operation, Watch, WatchListener } from "./cluster-store.js";
import { ImageWatcher } from "./image-watcher.js";
import { MemoryClusterStore } from "./memory-cluster-store.js";

/** A store whose watches can be broken or swallow changes, and whose listings can fail or wait. */
class BreakableStore extends MemoryClusterStore {
  readonly listFailures: Error[] = [];
  /** Revisions that no watch tells of. */
  readonly swallowed = new Set<number>();
  watchCount = 0;
  listCount = 0;
  afterList: (() => Promise<void>) | undefined;
  readonly #open = new Map<WatchListener, Watch>();

  override watch(prefix: string, fromRevision: number, listener: WatchListener): Watch {
    this.watchCount += 1;
    const watch = super.watch(prefix, fromRevision, {
      onChange: (revision, events) => {
        if (!this.swallowed.has(revision)) listener.onChange(revision, events);
      },
      onError: (error) => listener.onError(error),
    });
    this.#open.set(listener, watch);
    return watch;
  }

  override async list(prefix: string): Promise<Listing> {
    const failure = this.listFailures.shift();
    if (failure !== undefined) throw failure;
    this.listCount += 1;
    const listing = await super.list(prefix);
    await this.afterList?.();
    return listing;
  }

  breakWatches(error: Error): void {
    for (const [listener, watch] of this.#open) {
      watch.cancel();
      listener.onError(error);
    }
    this.#open.clear();
  }
}

describe("ImageWatcher", () => {
  let clock: VirtualClock;
  let store: BreakableStore;
  let watcher: ImageWatcher;
  let images: ClusterImage[];
  let errors: Error[];

  beforeEach(() => {
    clock = new VirtualClock();
    store = new BreakableStore({ clock, random: new SeededRandom(1) });
    images = [];
    errors = [];
    watcher = new ImageWatcher({ onError: (error) => errors.push(error) }, { store, clock });
    watcher.subscribe((image) => images.push(image));
  });
  afterEach(async () => {
    watcher.close();
    await store.close();
    expect(clock.timerCount).toBe(0);
  });

  it("shows what the store held at the start, then every change", async () => {
    await store.transact([], [putBroker(1)]);
    await watcher.start();
    expect(brokerIds()).toEqual([1]);
    const { revision } = await store.transact([], [putBroker(2)]);
    await watcher.waitFor((image) => image.revision >= revision);
    expect(brokerIds()).toEqual([1, 2]);
    await store.transact([], [{ type: "delete", key: brokerKey(brokerId(1)) }]);
    await watcher.waitFor((image) => image.revision > revision);
    expect(brokerIds()).toEqual([2]);
  });

  it("makes one image of the revisions that arrive in one turn, the same as from a listing", async () => {
    await watcher.start();
    const before = images.length;
    const changes = Array.from({ length: 20 }, (_, id) => store.transact([], [putBroker(id)]));
    const removals = [3, 5].map((id) => store.transact([], [{ type: "delete", key: brokerKey(brokerId(id)) }]));
    await Promise.all([...changes, ...removals]);
    const { revision, entries } = await store.list("");
    const image = await watcher.waitFor((seen) => seen.revision >= revision);
    expect(image).toEqual(imageFromListing(revision, entries));
    expect(images.length - before).toBeLessThan(22);
  });

  it("lists again after the watch was broken, and misses nothing of what went on meanwhile", async () => {
    await watcher.start();
    store.breakWatches(new Error("connection cut"));
    await store.transact([], [putBroker(1)]);
    await store.transact([], [putBroker(2)]);
    expect(brokerIds()).toEqual([]);
    clock.advance(50);
    await vi.waitFor(() => expect(brokerIds()).toEqual([1, 2]));
    await store.transact([], [putBroker(3)]);
    await vi.waitFor(() => expect(brokerIds()).toEqual([1, 2, 3]));
    expect(errors.map((error) => error.message)).toEqual(["connection cut"]);
  });

  it("tries ever more rarely while the store cannot be read", async () => {
    await watcher.start();
    store.listFailures.push(new Error("down"), new Error("down"));
    store.breakWatches(new Error("cut"));
    await store.transact([], [putBroker(1)]);
    const delaysMs: (number | undefined)[] = [];
    while (errors.length < 3) {
      const seen = errors.length;
      delaysMs.push(clock.nextTimerMs);
      clock.advance(clock.nextTimerMs ?? 0);
      await vi.waitFor(() => expect(errors.length).toBeGreaterThan(seen));
    }
    delaysMs.push(clock.nextTimerMs);
    expect(delaysMs).toEqual([50, 100, 200]);
    clock.advance(200);
    await vi.waitFor(() => expect(brokerIds()).toEqual([1]));
  });

  it("keeps the last good image while a key cannot be read, and goes on once it can", async () => {
    await store.transact([], [putBroker(1)]);
    await watcher.start();
    await store.transact([], [{ type: "put", key: brokerKey(brokerId(2)), value: "not json" }, putBroker(3)]);
    expect(errors.map((error) => isSluiceError(error, "CORRUPT_CLUSTER_KEY"))).toEqual([true]);
    expect(brokerIds()).toEqual([1]);
    // What follows is not applied to an image that lacks what came before.
    await store.transact([], [putBroker(2)]);
    expect(brokerIds()).toEqual([1]);
    clock.advance(50);
    await vi.waitFor(() => expect(brokerIds()).toEqual([1, 2, 3]));
  });

  it("fails to start on a store that it cannot read", async () => {
    store.listFailures.push(new Error("down"));
    await expect(watcher.start()).rejects.toThrow("down");
  });

  it("refuses a store whose revision went back, as after a restore from a backup", async () => {
    await store.transact([], [putBroker(1)]);
    await store.transact([], [putBroker(2)]);
    await watcher.start();
    const list = store.list.bind(store);
    store.list = async (prefix) => ({ ...(await list(prefix)), revision: 1 });
    store.breakWatches(new Error("cut"));
    clock.advance(50);
    await vi.waitFor(() => expect(errors).toHaveLength(2));
    expect(isSluiceError(errors[1], "STORE_RESTORED")).toBe(true);
    expect(watcher.image.revision).toBe(2);
    store.list = list;
    await store.transact([], [putBroker(3)]);
    watcher.reconcile();
    clock.advance(60_000);
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    expect(watcher.image.revision).toBe(2);
    expect(clock.timerCount).toBe(0);
  });

  it("never goes back: revisions only grow, whatever happens", async () => {
    await watcher.start();
    for (let i = 0; i < 20; i += 1) {
      await store.transact([], [putBroker(i)]);
      if (i % 5 === 4) {
        store.breakWatches(new Error("cut"));
        clock.advance(50);
      }
    }
    await vi.waitFor(() => expect(brokerIds()).toHaveLength(20));
    const revisions = images.map((image) => image.revision);
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
  });

  describe("reconciles with a listing", () => {
    it("and leaves image and watch alone where they agree", async () => {
      await store.transact([], [putBroker(1)]);
      await watcher.start();
      const { image } = watcher;
      clock.advance(30_000);
      await vi.waitFor(() => expect(clock.nextTimerMs).toBe(30_000));
      expect(store.listCount).toBe(2);
      expect(store.watchCount).toBe(1);
      expect(watcher.image).toBe(image);
    });

    it("and repairs what the watch has skipped, in puts and in deletions", async () => {
      await store.transact([], [putBroker(1), putBroker(2)]);
      await watcher.start();
      store.swallowed.add(2).add(3);
      await store.transact([], [putBroker(3)]);
      await store.transact([], [{ type: "delete", key: brokerKey(brokerId(1)) }]);
      await store.transact([], [putBroker(4)]);
      await vi.waitFor(() => expect(brokerIds()).toEqual([1, 2, 4]));
      clock.advance(30_000);
      await vi.waitFor(() => expect(brokerIds().sort()).toEqual([2, 3, 4]));
      const { revision, entries } = await store.list("");
      expect(watcher.image).toEqual(imageFromListing(revision, entries));
      expect(store.watchCount).toBe(2);
      await store.transact([], [putBroker(5)]);
      await vi.waitFor(() => expect(brokerIds()).toContain(5));
    });

    it("and keeps what did not change the same object", async () => {
      await store.transact([], [putBroker(1)]);
      await watcher.start();
      const kept = watcher.image.brokers.get(brokerId(1));
      store.swallowed.add(2);
      await store.transact([], [putBroker(2)]);
      watcher.reconcile();
      await vi.waitFor(() => expect(brokerIds()).toEqual([1, 2]));
      expect(watcher.image.brokers.get(brokerId(1))).toBe(kept);
    });

    it("and does not go back where the watch is ahead of the listing", async () => {
      await watcher.start();
      store.afterList = async () => {
        store.afterList = undefined;
        await store.transact([], [putBroker(1)]);
        await store.transact([], [putBroker(2)]);
        await watcher.waitFor((image) => image.brokers.size === 2);
      };
      watcher.reconcile();
      await vi.waitFor(() => expect(store.afterList).toBeUndefined());
      await vi.waitFor(() => expect(clock.timerCount).toBe(1));
      expect(brokerIds()).toEqual([1, 2]);
    });

    it("and lists once more where the watch is ahead of the listing and has skipped something before", async () => {
      await watcher.start();
      store.swallowed.add(1);
      await store.transact([], [putBroker(1)]);
      store.afterList = async () => {
        store.afterList = undefined;
        await store.transact([], [putBroker(2)]);
        await watcher.waitFor((image) => image.revision === 2);
      };
      watcher.reconcile();
      await vi.waitFor(() => expect(brokerIds().sort()).toEqual([1, 2]));
      expect(images.map((image) => image.revision)).toEqual([0, 2, 2]);
    });

    it("and goes on with the watch that it has where the listing fails", async () => {
      await watcher.start();
      store.listFailures.push(new Error("down"));
      clock.advance(30_000);
      await vi.waitFor(() => expect(errors).toHaveLength(1));
      await store.transact([], [putBroker(1)]);
      await vi.waitFor(() => expect(brokerIds()).toEqual([1]));
      expect(store.watchCount).toBe(1);
      clock.advance(30_000);
      await vi.waitFor(() => expect(store.listCount).toBe(2));
    });

    it("and lets a watch that broke meanwhile be replaced by the listing that follows that", async () => {
      await watcher.start();
      store.afterList = async () => {
        store.afterList = undefined;
        store.breakWatches(new Error("cut"));
      };
      watcher.reconcile();
      await vi.waitFor(() => expect(errors).toHaveLength(1));
      await store.transact([], [putBroker(1)]);
      clock.advance(50);
      await vi.waitFor(() => expect(brokerIds()).toEqual([1]));
      expect(store.watchCount).toBe(2);
    });
  });

  it("tells the other listeners when one throws", async () => {
    watcher.subscribe(() => {
      throw new Error("listener broke");
    });
    const later: number[] = [];
    watcher.subscribe((image) => later.push(image.revision));
    await watcher.start();
    expect(later).toHaveLength(1);
    expect(errors.map((error) => error.message)).toEqual(["listener broke"]);
  });

  it("rejects who waits, with the reason of the signal or with CLOSED", async () => {
    await watcher.start();
    const abort = new AbortController();
    const aborted = watcher.waitFor(() => false, abort.signal);
    const closed = watcher.waitFor(() => false);
    abort.abort(new Error("enough"));
    await expect(aborted).rejects.toThrow("enough");
    watcher.close();
    await expect(closed).rejects.toSatisfy((error) => isSluiceError(error, "CLOSED"));
    await expect(watcher.waitFor(() => true)).rejects.toSatisfy((error) => isSluiceError(error, "CLOSED"));
  });

  function brokerIds(): number[] {
    return [...watcher.image.brokers.keys()];
  }
});

function putBroker(id: number): Operation {
  const value = formatBrokerValue({ incarnation: "a", host: "127.0.0.1", port: 9092, listeners: {}, rack: "" });
  return { type: "put", key: brokerKey(brokerId(id)), value };
}
