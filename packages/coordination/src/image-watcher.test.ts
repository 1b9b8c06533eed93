import { brokerKey, type ClusterImage, formatBrokerValue, imageFromListing } from "@sluice/cluster";
import { brokerId, isSluiceError } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Listing, Operation, Watch, WatchListener } from "./cluster-store.js";
import { ImageWatcher } from "./image-watcher.js";
import { MemoryClusterStore } from "./memory-cluster-store.js";

/** A store whose watches can be broken and whose listings can fail. */
class BreakableStore extends MemoryClusterStore {
  readonly listFailures: Error[] = [];
  readonly #open = new Map<WatchListener, Watch>();

  override watch(prefix: string, fromRevision: number, listener: WatchListener): Watch {
    const watch = super.watch(prefix, fromRevision, listener);
    this.#open.set(listener, watch);
    return watch;
  }

  override async list(prefix: string): Promise<Listing> {
    const failure = this.listFailures.shift();
    if (failure !== undefined) throw failure;
    return super.list(prefix);
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
    expect(isSluiceError(errors[1], "STORE_CONFLICT")).toBe(true);
    expect(watcher.image.revision).toBe(2);
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
  const value = formatBrokerValue({ incarnation: "a", host: "127.0.0.1", port: 9092, rack: "" });
  return { type: "put", key: brokerKey(brokerId(id)), value };
}
