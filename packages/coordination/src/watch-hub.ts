/**
 * Watches of a store that lives in this process. Each has a cursor into the history of the state, and is told what lies between
 * the cursor and the last *published* revision: the one up to which changes are durable. So no watch sees a change that a crash
 * could take back, and none has a gap: where history is gone, the watch ends with REVISION_COMPACTED.
 *
 * Listeners are never called inside `add`. A listener that throws loses its watch and is told so by `onError`.
 */

import { invariant, SluiceError } from "@sluice/model";
import type { Watch, WatchListener } from "./cluster-store.js";
import { eventKey, type StoreState } from "./store-state.js";

interface Watcher {
  readonly prefix: string;
  readonly listener: WatchListener;
  /** The first revision that the listener has not been told of. */
  nextRevision: number;
}

export class WatchHub {
  readonly #state: StoreState;
  readonly #watchers = new Set<Watcher>();
  #publishedRevision: number;

  constructor(state: StoreState) {
    this.#state = state;
    this.#publishedRevision = state.revision;
  }

  add(prefix: string, fromRevision: number, listener: WatchListener): Watch {
    invariant(Number.isSafeInteger(fromRevision) && fromRevision >= 1, `not a revision: ${fromRevision}`);
    const watcher: Watcher = { prefix, listener, nextRevision: fromRevision };
    this.#watchers.add(watcher);
    queueMicrotask(() => this.#tell(watcher));
    return { cancel: () => this.#watchers.delete(watcher) };
  }

  /** Changes up to `revision` are durable. */
  publish(revision: number): void {
    this.#publishedRevision = revision;
    for (const watcher of [...this.#watchers]) this.#tell(watcher);
  }

  /** Ends every watch with `error`. */
  fail(error: Error): void {
    for (const watcher of [...this.#watchers]) this.#end(watcher, error);
  }

  #tell(watcher: Watcher): void {
    const changes = this.#state.changesFrom(watcher.nextRevision);
    if (changes === undefined) {
      const details = { revision: watcher.nextRevision, oldest: this.#state.oldestWatchableRevision };
      this.#end(watcher, new SluiceError("REVISION_COMPACTED", details));
      return;
    }
    for (const { revision, events } of changes) {
      if (revision > this.#publishedRevision || !this.#watchers.has(watcher)) return;
      // Advanced first: a listener that makes the store publish again must not be told the same change twice.
      if (revision < watcher.nextRevision) continue;
      watcher.nextRevision = revision + 1;
      const seen = events.filter((event) => eventKey(event).startsWith(watcher.prefix));
      if (seen.length > 0) this.#call(watcher, () => watcher.listener.onChange(revision, seen));
    }
  }

  #call(watcher: Watcher, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#end(watcher, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #end(watcher: Watcher, error: Error): void {
    if (!this.#watchers.delete(watcher)) return;
    watcher.listener.onError(error);
  }
}
