/**
 * Keeps a cluster image current: lists the store once, watches from the revision after, and lists again whenever the watch ends.
 *
 * Images are told in the order of their revisions and never go back; a store that went back is refused for good (P34). Revisions that arrive
 * in one turn make one image: who looks at a whole image each time would look at thousands of them while thousands of topics are
 * created. While the store cannot be read, or holds what this version cannot read, the last good image stays and the listing is
 * tried again, first after 50 ms, then ever more rarely.
 *
 * A watch proves nothing by its silence. So the image is compared with a listing from time to time (P27); where they differ, the
 * image becomes that of the listing, and a new watch begins there.
 */

import { applyStoreEvents, type ClusterImage, emptyImage, keyPrefix } from "@sluice/cluster";
import { type Clock, isSluiceError, SluiceError, type Timer } from "@sluice/model";
import type { ClusterStore, Listing, StoreEvent, Watch } from "./cluster-store.js";
import { KnownKeys } from "./known-keys.js";

/** Told of every image, synchronously. `previous` is the image before it. */
export type ImageListener = (image: ClusterImage, previous: ClusterImage) => void;

export interface ImageWatcherOptions {
  /** Told of each failure after which the watcher lists again, and of each listener that threw. For the log. */
  readonly onError: (error: Error) => void;
  /** How often the image is compared with a listing, in milliseconds. Default 30,000. */
  readonly reconcileIntervalMs?: number;
}

interface ImageWaiter {
  readonly condition: (image: ClusterImage) => boolean;
  readonly resolve: (image: ClusterImage) => void;
  readonly reject: (error: Error) => void;
}

const relistDelayMsMin = 50;
const relistDelayMsMax = 5000;
const reconcileIntervalMsDefault = 30_000;

export class ImageWatcher {
  readonly #store: ClusterStore;
  readonly #clock: Clock;
  readonly #onError: (error: Error) => void;
  readonly #reconcileIntervalMs: number;
  readonly #listeners = new Set<ImageListener>();
  readonly #waiters = new Set<ImageWaiter>();
  #image: ClusterImage = emptyImage;
  readonly #known = new KnownKeys();
  #watch: Watch | undefined;
  /** Changes that are in no image yet, all of them arrived in this turn. */
  #arrived: { revision: number; readonly events: StoreEvent[] } | undefined;
  #relistTimer: Timer | undefined;
  #reconcileTimer: Timer | undefined;
  #relistDelayMs = relistDelayMsMin;
  #isClosed = false;

  constructor(options: ImageWatcherOptions, dependencies: { readonly store: ClusterStore; readonly clock: Clock }) {
    this.#onError = options.onError;
    this.#reconcileIntervalMs = options.reconcileIntervalMs ?? reconcileIntervalMsDefault;
    this.#store = dependencies.store;
    this.#clock = dependencies.clock;
  }

  /** The newest image; empty, at revision 0, before `start` has resolved. */
  get image(): ClusterImage {
    return this.#image;
  }

  /**
   * Resolves when the first image is there. Called once.
   *
   * @throws what listing throws, and SluiceError CORRUPT_CLUSTER_KEY: a program that starts can still do something about it
   */
  async start(): Promise<void> {
    await this.#list();
  }

  /** Tells of every image from the next one on. Returns the way to stop it. */
  subscribe(listener: ImageListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * The first image, the present one included, that satisfies `condition`.
   *
   * @throws SluiceError CLOSED, or the reason of `signal`
   */
  waitFor(condition: (image: ClusterImage) => boolean, signal?: AbortSignal): Promise<ClusterImage> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error);
      if (this.#isClosed) return reject(closedError());
      if (condition(this.#image)) return resolve(this.#image);
      const settle = (): void => {
        this.#waiters.delete(waiter);
        signal?.removeEventListener("abort", onAbort);
      };
      const onAbort = (): void => waiter.reject(signal?.reason as Error);
      const waiter: ImageWaiter = {
        condition,
        resolve: (image) => {
          settle();
          resolve(image);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      this.#waiters.add(waiter);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Compares the image with a listing now: for who has reason to doubt the watch. Nothing happens while there is none. */
  reconcile(): void {
    const watch = this.#watch;
    if (this.#isClosed || watch === undefined) return;
    this.#compare(watch).catch((error: Error) => {
      // The watch may be well; where it is not, it says so itself.
      if (this.#watch !== watch || this.#isClosed) return;
      this.#onError(error);
      this.#reconcileLater();
    });
  }

  /** No listener is told of anything after this; who waits is rejected with CLOSED. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopWatching();
    this.#relistTimer?.cancel();
    this.#listeners.clear();
    for (const waiter of [...this.#waiters]) waiter.reject(closedError());
  }

  async #list(): Promise<void> {
    const listing = await this.#store.list(keyPrefix);
    if (!this.#isClosed) this.#adopt(listing);
  }

  async #compare(watch: Watch): Promise<void> {
    const listing = await this.#store.list(keyPrefix);
    // Meanwhile another listing took the place of this one.
    if (this.#isClosed || this.#watch !== watch) return;
    this.#applyArrived();
    if (this.#watch !== watch) return;
    if (this.#known.changesTo(listing).length === 0) {
      this.#reconcileLater();
    } else if (listing.revision < this.#image.revision) {
      this.#stopWatching();
      await this.#list().catch((error: Error) => this.#relistAfter(error));
    } else {
      this.#adopt(listing);
    }
  }

  /** Makes the image that of the listing, and watches from there. @throws SluiceError STORE_RESTORED, CORRUPT_CLUSTER_KEY */
  #adopt(listing: Listing): void {
    const seen = this.#image.revision;
    if (listing.revision < seen) {
      const reason = `its revision went back from ${seen} to ${listing.revision}`;
      throw new SluiceError("STORE_RESTORED", { reason });
    }
    const changes = this.#known.changesTo(listing);
    const image = applyStoreEvents({ ...this.#image, revision: -1 }, listing.revision, changes);
    this.#known.apply(changes);
    this.#watchFrom(listing.revision + 1);
    this.#publish(image);
  }

  #watchFrom(revision: number): void {
    this.#stopWatching();
    this.#watch = this.#store.watch(keyPrefix, revision, {
      onChange: (changedRevision, events) => this.#take(changedRevision, events),
      onError: (error) => this.#relistAfter(error),
    });
    this.#relistDelayMs = relistDelayMsMin;
    this.#reconcileLater();
  }

  #stopWatching(): void {
    this.#watch?.cancel();
    this.#watch = undefined;
    this.#reconcileTimer?.cancel();
    // Of the watch that ends: the next listing has it.
    this.#arrived = undefined;
  }

  #reconcileLater(): void {
    this.#reconcileTimer?.cancel();
    this.#reconcileTimer = this.#clock.setTimer(this.#reconcileIntervalMs, () => this.reconcile());
  }

  #take(revision: number, events: readonly StoreEvent[]): void {
    if (this.#arrived !== undefined) {
      this.#arrived.revision = revision;
      this.#arrived.events.push(...events);
      return;
    }
    this.#arrived = { revision, events: [...events] };
    queueMicrotask(() => this.#applyArrived());
  }

  #applyArrived(): void {
    const arrived = this.#arrived;
    this.#arrived = undefined;
    if (arrived !== undefined && !this.#isClosed) this.#apply(arrived.revision, arrived.events);
  }

  #apply(revision: number, events: readonly StoreEvent[]): void {
    let image: ClusterImage;
    try {
      image = applyStoreEvents(this.#image, revision, events);
    } catch (error) {
      this.#relistAfter(error as Error);
      return;
    }
    this.#known.apply(events);
    this.#publish(image);
  }

  #publish(image: ClusterImage): void {
    const previous = this.#image;
    this.#image = image;
    for (const listener of [...this.#listeners]) {
      // One listener that breaks must not keep the image from the others.
      try {
        listener(image, previous);
      } catch (error) {
        this.#onError(error as Error);
      }
    }
    for (const waiter of [...this.#waiters]) if (waiter.condition(image)) waiter.resolve(image);
  }

  #relistAfter(error: Error): void {
    if (this.#isClosed) return;
    this.#onError(error);
    // A store that was closed here stays closed: nothing more will come.
    if (isSluiceError(error, "CLOSED")) {
      this.close();
      return;
    }
    this.#stopWatching();
    // It stays so when the store's revision has grown beyond the old one again: what lies behind it is another history.
    if (isSluiceError(error, "STORE_RESTORED")) return;
    this.#relistTimer = this.#clock.setTimer(this.#relistDelayMs, () => {
      this.#list().catch((failure: Error) => this.#relistAfter(failure));
    });
    this.#relistDelayMs = Math.min(this.#relistDelayMs * 2, relistDelayMsMax);
  }
}

function closedError(): SluiceError<"CLOSED"> {
  return new SluiceError("CLOSED", { subject: "the cluster image" });
}
